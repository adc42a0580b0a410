"""Each message arrives once at a local server, with its cure and without secrets."""

import json
import os
import time
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from dustjacket.platform.credentials import CREDENTIALS, Credentials
from dustjacket.settings import Settings
from dustjacket.upkeep import listener, notices, notifier
from dustjacket.upkeep.notices import Notice, folder_of, note_end, post, waiting
from dustjacket.upkeep.notifier import look, redacted, send_waiting
from tests.support.receiver import receiver

pytestmark = pytest.mark.integration
PASSWORD = "correct-horse-battery"  # noqa: S105


@pytest.fixture
def inbox():
    with receiver() as found:
        yield found


@pytest.fixture
def settings(tmp_path, inbox):
    return Settings(
        home=tmp_path, notify=SecretStr(inbox.address), airflow_url="http://127.0.0.1:8080",
        s3_secret_key=SecretStr("s3-secret-key"),
    )  # fmt: skip


def fail(settings, monkeypatch, error, run_id="manual__2026-01-01"):
    """Let a task and its run fail, as Airflow calls the listener."""
    monkeypatch.setattr(listener, "load_settings", lambda: settings)
    names = {"dag_id": "ingest_catalog", "run_id": run_id}
    if error is not None:
        task = SimpleNamespace(task_id="clean", **names)
        listener.on_task_instance_failed(task_instance=task, error=error)
    listener.on_dag_run_failed(dag_run=SimpleNamespace(note=None, **names))


def test_a_failed_run_is_told_with_reason_cure_and_link(settings, inbox, monkeypatch):
    fail(settings, monkeypatch, ValueError("clean: no column is a title; name it with --title"))
    assert send_waiting(settings) == 1
    (message,) = inbox.messages
    assert message["title"] == "Dustjacket: ingest_catalog failed"
    assert message["message"].splitlines() == [
        "clean: no column is a title",
        "What to do: name it with --title",
        "http://127.0.0.1:8080/dags/ingest_catalog/runs/manual__2026-01-01",
    ]


def test_a_source_that_is_held_back_is_called_so(settings, inbox, monkeypatch):
    reason = "clean: listing 'a.csv' is held back: compared with v, rows fell; accept it with x"
    fail(settings, monkeypatch, ValueError(reason))
    send_waiting(settings)
    assert inbox.titles() == ["Dustjacket: ingest_catalog: a source is held back"]


def test_a_run_that_was_killed_is_told_too(settings, inbox, monkeypatch):
    fail(settings, monkeypatch, None)
    send_waiting(settings)
    assert "left no reason" in inbox.messages[0]["message"]


def test_the_same_failure_is_told_once_a_week(settings, inbox, monkeypatch):
    for number in range(3):
        fail(settings, monkeypatch, ValueError("no title; name it"), f"run {number}")
        send_waiting(settings)
    assert len(inbox.messages) == 1
    fail(settings, monkeypatch, ValueError("no author; name it"), "run 4")
    send_waiting(settings)
    assert len(inbox.messages) == 2
    week_ago = time.time() - notices.SAME_S - 1
    for sent in folder_of(settings).glob("*.sent"):
        os.utime(sent, (week_ago, week_ago))
    fail(settings, monkeypatch, ValueError("no title; name it"), "run 5")
    send_waiting(settings)
    assert len(inbox.messages) == 3


def test_no_message_has_a_secret(settings, inbox, monkeypatch):
    kept = Credentials(airflow_password=PASSWORD)
    (settings.home / CREDENTIALS).write_text(kept.model_dump_json())
    reason = (
        f"cannot read https://ann:pw@a.example/x?X-Amz-Signature=abc with {PASSWORD} "
        "and s3-secret-key; see postgresql://u:p@db/airflow"
    )
    fail(settings, monkeypatch, ValueError(reason))
    send_waiting(settings)
    text = json.dumps(inbox.messages)
    for secret in (PASSWORD, "s3-secret-key", "ann:pw", "u:p@", "Signature=abc"):
        assert secret not in text
    assert "a.example/x" in text


@given(st.text(), st.text())
def test_no_login_is_left_in_any_text(before, after):
    text = redacted(f"{before} https://ann:pass-word@host/{after}", [])
    assert "pass-word" not in text.replace(before, "").replace(after, "")


def test_what_cannot_be_sent_waits_and_nothing_fails(settings, inbox, monkeypatch):
    inbox.status = 500
    fail(settings, monkeypatch, ValueError("a; b"))
    assert send_waiting(settings) == 0
    inbox.status = 200
    assert send_waiting(settings) == 1
    assert send_waiting(settings) == 0


def test_a_wrong_address_or_none_sends_nothing_and_fails_nothing(settings, caplog):
    post(settings, Notice("a", "a", "a"))
    wrong = settings.model_copy(update={"notify": SecretStr("nowhere")})
    assert send_waiting(wrong) == 0
    assert "DUSTJACKET_NOTIFY" in caplog.text
    assert "nowhere" not in caplog.text
    assert send_waiting(settings.model_copy(update={"notify": None})) == 0
    assert len(list(waiting(settings))) == 1


def test_a_home_that_cannot_be_written_to_fails_no_run(settings, monkeypatch, caplog):
    file = settings.home / "file"
    file.touch()
    nowhere = settings.model_copy(update={"home": file})
    fail(nowhere, monkeypatch, ValueError("a; b"))
    assert "no message is left" in caplog.text


def test_messages_do_not_pile_up(settings):
    for number in range(notices.MAX_WAITING + 20):
        post(settings, Notice(str(number), "a", "b" * 10_000))
    found = list(waiting(settings))
    assert len(found) == notices.MAX_WAITING
    assert len(found[0][1].body()) < 3000


def test_a_full_disk_is_told(settings, inbox, monkeypatch):
    for free in (100e9, 1e9):
        usage = SimpleNamespace(free=free)
        monkeypatch.setattr(notifier.shutil, "disk_usage", lambda _, usage=usage: usage)
        look(settings, time.time())
        send_waiting(settings)
    assert inbox.titles() == ["Dustjacket: the disk is almost full"]
    assert "1.0 GB left" in inbox.messages[0]["message"]
    assert "dustjacket retention" in inbox.messages[0]["message"]


def test_a_missed_weekly_run_is_told_once(settings, inbox):
    settings = settings.model_copy(update={"notify_free_gb": 0})
    now = time.time()
    look(settings, now)
    for dag_id in ("ingest_covers", "retention"):
        note_end(settings, dag_id)
    day = 86_400
    look(settings, now + 7 * day)
    assert list(waiting(settings)) == []
    for dag_id in ("ingest_covers", "retention"):
        file = folder_of(settings) / "ended" / dag_id
        os.utime(file, (now + 7 * day,) * 2)
    for days in (8.1, 8.2, 9):
        look(settings, now + days * day)
    send_waiting(settings)
    assert inbox.titles() == ["Dustjacket: ingest_catalog missed its weekly run"]


def test_the_dags_of_others_in_the_same_airflow_are_not_told(settings, monkeypatch):
    monkeypatch.setattr(listener, "load_settings", lambda: settings)
    listener.on_dag_run_failed(dag_run=SimpleNamespace(dag_id="theirs", run_id="1"))
    assert list(waiting(settings)) == []


def test_a_run_that_ends_well_counts_as_run(settings, monkeypatch):
    monkeypatch.setattr(listener, "load_settings", lambda: settings)
    assert notices.last_end(settings, "retention") == 0
    ended = SimpleNamespace(dag_id="retention", run_id="1", note=None)
    listener.on_dag_run_success(dag_run=ended)
    assert notices.last_end(settings, "retention") > 0
