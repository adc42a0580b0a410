"""How the last run of a DAG ended is kept in the bucket, for the page of operations."""

from types import SimpleNamespace

import pytest

from dustjacket.settings import Settings
from dustjacket.upkeep import listener, notices
from dustjacket.upkeep.operations import operations
from tests.support.bucket import store_in_memory


class AtOnce:
    """A thread that runs where it is started."""

    def __init__(self, target, daemon):
        assert daemon
        self.start = target


@pytest.fixture
def settings(tmp_path, monkeypatch):
    settings = Settings(
        _env_file=None, home=tmp_path, s3_endpoint="http://127.0.0.1:9", airflow_url="http://a"
    )
    monkeypatch.setattr(listener, "load_settings", lambda: settings)
    monkeypatch.setattr(listener, "Thread", AtOnce)
    return settings


@pytest.fixture
def store(settings, monkeypatch):
    store = store_in_memory()
    monkeypatch.setattr("dustjacket.storage.store.Store", lambda _: store)
    return store


def run(dag_id="ingest_catalog"):
    return SimpleNamespace(dag_id=dag_id, run_id="manual 1", task_id="clean", note=None)


def test_a_failed_run_is_shown_with_its_cure_until_a_run_succeeds(settings, store):
    error = "the file has no column of titles; name one title"
    listener.on_task_instance_failed(task_instance=run(), error=error)
    listener.on_dag_run_failed(dag_run=run())
    (failed,) = operations(store, settings.home).failed
    assert (failed.dag, failed.cure) == ("ingest_catalog", "name one title")
    assert failed.reason == "the file has no column of titles"
    assert failed.link == "http://a/dags/ingest_catalog/runs/manual%201"
    listener.on_dag_run_success(dag_run=run())
    assert operations(store, settings.home).failed == []


def test_runs_of_others_are_not_kept(settings, store):
    listener.on_dag_run_failed(dag_run=run("theirs"))
    assert operations(store, settings.home).failed == []


def test_a_bucket_that_does_not_answer_fails_no_run(settings, store, caplog):
    store.client.failing = {"put_object": OSError("no route")}
    listener.on_dag_run_success(dag_run=run())
    assert "no message is left about a run of ingest_catalog: no route" in caplog.text


def test_a_run_is_noted_with_what_it_made(settings, store):
    ended = run()
    notices.note_result(settings, ended.dag_id, ended.run_id, "2,917 of 3,000 rows accepted")
    listener.on_dag_run_success(dag_run=ended)
    assert ended.note == "2,917 of 3,000 rows accepted"


def test_a_failed_run_is_noted_with_its_reason_and_cure(settings, store):
    ended = run()
    listener.on_task_instance_failed(task_instance=ended, error="no title; name one")
    listener.on_dag_run_failed(dag_run=ended)
    assert ended.note == "failed: no title\n\nWhat to do: name one"


def test_the_note_of_a_person_stays_and_a_run_that_made_nothing_gets_none(settings, store):
    ended = run()
    listener.on_dag_run_success(dag_run=ended)
    assert ended.note is None
    ended.note = "mine"
    notices.note_result(settings, ended.dag_id, ended.run_id, "x" * 5000)
    listener.on_dag_run_success(dag_run=ended)
    assert ended.note == "mine"
    ended.note = None
    listener.on_dag_run_success(dag_run=ended)
    assert ended.note == "x" * 1000
