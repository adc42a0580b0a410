"""The command ``rollback`` checks the version before Airflow is called."""

import pytest

from dustjacket.cli import airflow_api, history
from dustjacket.errors import BadInputError
from tests.support.bucket import store_in_memory
from tests.unit.promotion.test_ledger import promoted


@pytest.fixture
def triggered(monkeypatch):
    """Record what is triggered, on a platform where two models were promoted."""
    store, runs = store_in_memory(), []
    for record in promoted(promoted([], "clip_candidate/a"), "clip_candidate/b"):
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
    assert triggered == [("rollback_clip", {"version": version and "1"})]
