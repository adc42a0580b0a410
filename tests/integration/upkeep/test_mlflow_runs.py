"""Runs, artifacts and registered models of removed versions go; others, and failures, stay."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import mlflow
import pytest
from mlflow.exceptions import MlflowException

from dustjacket.pipeline.steps import STEPS
from dustjacket.tracking.runs import connect, use_experiment
from dustjacket.upkeep import mlflow_runs
from dustjacket.upkeep.mlflow_runs import clean_mlflow, delete_pictures

pytestmark = pytest.mark.integration
LATER = datetime.now(UTC) + timedelta(days=8)


@pytest.fixture
def client(store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    connect(store.settings)
    return mlflow.MlflowClient()


def make_run(version, client, *, register=True, step="finetune_clip"):
    """Return the id of a run with a child, an artifact and a registered model, and its folder."""
    use_experiment(STEPS[step].experiment)
    tags = {"dag_id": step, "version": version}
    with mlflow.start_run(tags=tags) as run:
        mlflow.log_text("a" * 1000, "curve.txt")
        with mlflow.start_run(nested=True):
            mlflow.log_text("b", "child.txt")
        if register:
            model = mlflow.pyfunc.log_model(
                name="clip_candidate", python_model=lambda model_input: model_input,
                pip_requirements=[],
            )  # fmt: skip
            registered = mlflow.register_model(
                model.model_uri, "cover-clip", tags={"kind": "clip_candidate", "version": version}
            )
            if version == "champion":
                client.set_registered_model_alias("cover-clip", "champion", registered.version)
    return run.info.run_id, Path(urlsplit(run.info.artifact_uri).path)


def registered(client):
    return {m.tags["version"] for m in client.search_model_versions("name = 'cover-clip'")}


def stage(client, run_id):
    return client.get_run(run_id).info.lifecycle_stage


def test_only_what_belongs_to_a_removed_version_goes_and_only_when_applied(store, client):
    (old, folder), (kept, _), (champion, _) = (
        make_run(version, client) for version in ("old", "kept", "champion")
    )
    stays = {("clip_candidate", "kept"), ("clip_candidate", "champion")}
    assert clean_mlflow(store.settings, stays, datetime.now(UTC), apply=True) == [], "too young"
    would = clean_mlflow(store.settings, stays, LATER, apply=False)
    assert len(would) == 2
    assert registered(client) == {"old", "kept", "champion"}
    assert clean_mlflow(store.settings, stays, LATER, apply=True) == would
    assert registered(client) == {"kept", "champion"}
    assert [stage(client, run) for run in (old, kept, champion)] == ["deleted", "active", "active"]
    assert not list(folder.rglob("*.txt"))
    assert mlflow.pyfunc.load_model("models:/cover-clip@champion")
    assert clean_mlflow(store.settings, stays, LATER, apply=True) == []


def test_a_model_with_an_alias_stays_whatever_it_is_of(store, client):
    make_run("champion", client)
    clean_mlflow(store.settings, {("clip_candidate", "kept")}, LATER, apply=True)
    assert "champion" in registered(client)


def test_one_run_that_cannot_be_removed_does_not_stop_the_others(
    store, client, monkeypatch, caplog
):
    runs = [make_run(version, client, register=False)[0] for version in ("bad", "good")]
    delete = mlflow_runs._delete_run

    def failing(client, run, models):
        if run.data.tags.get("version") == "bad":
            raise MlflowException("the disk is on fire")
        delete(client, run, models)

    monkeypatch.setattr(mlflow_runs, "_delete_run", failing)
    removed = clean_mlflow(store.settings, set(), LATER, apply=True)
    assert not any("/bad" in name for name in removed)
    assert "the disk is on fire" in caplog.text
    assert [stage(client, run) for run in runs] == ["active", "deleted"]


def test_pictures_and_tables_of_a_version_go_and_its_model_stays(store, client):
    erased, folder = make_run("champion", client)
    _, other = make_run("other", client)
    ingestions = {
        name: make_run(name, client, register=False, step="ingest_covers")[1]
        for name in ("published", "held-back")
    }
    delete_pictures(store.settings, {("clip_candidate", "champion")}, {("covers", "published")})
    assert list(ingestions["published"].rglob("curve.txt"))
    assert not list(ingestions["held-back"].rglob("curve.txt"))
    assert not list(folder.parent.joinpath(erased).rglob("curve.txt"))
    assert list(other.rglob("curve.txt"))
    assert stage(client, erased) == "active"
    assert mlflow.pyfunc.load_model("models:/cover-clip@champion")
