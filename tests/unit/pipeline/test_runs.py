"""The MLflow run of a step."""

import mlflow
import pytest

from dustjacket.pipeline.job import Job
from dustjacket.pipeline.plan import Plan
from dustjacket.pipeline.runs import step_run
from tests.support.bucket import store_in_memory


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A store in memory, with a database of runs of its own."""
    monkeypatch.chdir(tmp_path)
    before, store = mlflow.get_tracking_uri(), store_in_memory()
    database = f"sqlite:///{tmp_path / 'runs.db'}"
    store.settings = store.settings.model_copy(update={"mlflow_uri": database})
    yield store
    mlflow.set_tracking_uri(before)


def test_parameters_of_any_length_are_cut_and_the_run_goes_on_and_is_resumed(store):
    step, long = "ingest_catalog", "x" * 100_000
    plan = Plan(
        step=step, version="20260101T000000000000Z-a", digest="a", inputs={}, code="c",
        parameters={"source": long, "genres": [long] * 2, "clean": "standard"},
    )  # fmt: skip
    job = Job.of(plan, store)
    with step_run(job) as run:
        mlflow.log_metric("seen", 1)
    with step_run(job, run.info.run_id) as again:
        mlflow.log_metric("seen", 2)
    found = mlflow.get_run(run.info.run_id)
    assert again.info.run_id == run.info.run_id
    assert found.info.status == "FINISHED"
    assert (found.data.params["clean"], found.data.metrics["seen"]) == ("standard", 2)
    assert 1000 < len(found.data.params["source"]) < len(long)
