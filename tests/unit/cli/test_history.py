"""The commands ``rollback``, which checks before Airflow is called, and ``history``."""

import pytest

from dustjacket.cli import airflow_api, history
from dustjacket.errors import BadInputError
from tests.support.bucket import store_in_memory
from tests.unit.promotion.test_ledger import generators_promoted, promoted


@pytest.fixture
def triggered(monkeypatch):
    """Record what is triggered, on a platform where two models were promoted."""
    store, runs = store_in_memory(), []
    records = promoted(promoted([], "clip_candidate/a"), "clip_candidate/b")
    for record in generators_promoted(records, 2):
        body = record.model_dump_json(by_alias=True).encode()
        store.client.objects[f"ledger/{record.number:08}.json"] = body
    monkeypatch.setattr(history, "open_store", lambda: store)

    class Api:
        def __init__(self, settings):
            pass

        def trigger(self, dag_id, conf):
            runs.append((dag_id, conf))
            raise InterruptedError

    monkeypatch.setattr(airflow_api, "AirflowApi", Api)
    return runs


@pytest.mark.parametrize("version", ["nope", "20200101T000000000000Z-ffffffffffff"])
def test_a_rollback_to_what_never_served_triggers_nothing(triggered, version):
    with pytest.raises(BadInputError, match=f"'{version}' never served: .* `dustjacket history`"):
        history.Rollback(version=version).cli_cmd()
    assert triggered == []


@pytest.mark.parametrize("version", ["1", "cover_clip/1", None])
def test_a_rollback_to_what_served_is_triggered_by_its_version(triggered, version):
    with pytest.raises(InterruptedError):
        history.Rollback(version=version).cli_cmd()
    assert triggered == [("rollback_clip", {"version": version and "1", "comment": None})]


def test_a_generator_is_rolled_back_by_a_dag_of_its_own(triggered):
    with pytest.raises(InterruptedError):
        history.Rollback(kind="cover_generator", version="3").cli_cmd()
    assert triggered == [("rollback_generator", {"version": "3", "comment": None})]
    with pytest.raises(BadInputError, match="'1' never served"):
        history.Rollback(kind="cover_generator", version="1").cli_cmd()


def test_the_history_of_each_kind_is_its_own(triggered, capsys):
    history.ShowHistory().cli_cmd()
    assert "cover_clip/2" in (models := capsys.readouterr().out)
    assert "cover_generator" not in models
    history.ShowHistory(kind="cover_generator").cli_cmd()
    shown = capsys.readouterr().out
    assert "serves as cover_generator/4" in shown
    assert "clip" not in shown


def test_a_history_without_a_generator_says_that_none_serves(triggered, capsys, monkeypatch):
    monkeypatch.setattr(history, "open_store", store_in_memory)
    history.ShowHistory(kind="cover_generator").cli_cmd()
    assert capsys.readouterr().out == "nothing was promoted yet: none serves\n"
