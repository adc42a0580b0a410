"""Runs and registered models in MLflow of versions that are gone.

MLflow keeps a deleted run's row, which is small; its artifacts, which are not, are removed.
"""

import logging
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from typing import Any

import mlflow
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.leases import MAX_AGE
from dustjacket.pipeline.steps import STEPS
from dustjacket.settings import Settings
from dustjacket.tracking import runs as tracking
from dustjacket.upkeep.inventory import Name

log = logging.getLogger(__name__)

INGESTED = (Kind.CATALOG, Kind.COVERS)
_PAGE = 500
_SKIPPED = (MlflowException, OSError, ValueError)


def clean_mlflow(
    settings: Settings, kept: Collection[Name], now: datetime, *, apply: bool
) -> list[str]:
    """Remove runs and registered models of versions that are not ``kept``; return their names.

    What is younger than a week stays, and so does a model that has an alias. A run that cannot be
    removed is logged, and the others are removed all the same.

    Args:
        kept: versions that stay, or that one that stays was made from.
        apply: False only returns what would go.
    """
    tracking.connect(settings)
    client = mlflow.MlflowClient()
    removed: list[str] = []

    def attempt(what: str, act: Callable[[], None]) -> None:
        try:
            if apply:
                act()
        except _SKIPPED as error:
            log.warning("%s stays in MLflow, until the next time: %s", what, error)
        else:
            removed.append(what)

    before = int((now - MAX_AGE).timestamp() * 1000)
    in_registry: set[str] = set()
    for model in _models(client):
        if _is_kept(model, kept, before):
            in_registry.add(model.source or "")
        else:
            attempt(
                f"model {model.name} {model.version} of {model.tags['version']}",
                lambda model=model: _delete_model(client, model),  # type: ignore[misc]
            )
    for run in _ended_runs(client, before):
        tags = run.data.tags
        step = STEPS.get(tags.get("dag_id", ""))
        version = tags.get("version")
        if step and version and (step.publishes, version) not in kept:
            attempt(
                f"run {run.info.run_id} of {step.publishes}/{version}",
                lambda run=run: _delete_run(client, run, in_registry),  # type: ignore[misc]
            )
    return removed


def delete_pictures(
    settings: Settings, names: Collection[Name], ingested: Collection[Name]
) -> None:
    """Delete the tables, pictures and pages in the runs of versions; their models stay.

    Args:
        ingested: the published versions of ``INGESTED``; those of all other runs of these kinds,
            as of an ingestion that was held back, go too.
    """
    tracking.connect(settings)
    client = mlflow.MlflowClient()
    for run in _ended_runs(client, int(datetime.now(UTC).timestamp() * 1000)):
        step = STEPS.get(run.data.tags.get("dag_id", ""))
        name = (step.publishes, run.data.tags.get("version", "")) if step else ("", "")
        if name in names or (name[0] in INGESTED and name not in ingested):
            _delete_pictures(client, run)


def _delete_pictures(client: mlflow.MlflowClient, run: Run) -> None:
    experiment, run_id = run.info.experiment_id, run.info.run_id
    for child in client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{run_id}'"):
        _delete_pictures(client, child)
    repository: Any = get_artifact_repository(str(run.info.artifact_uri))
    for artifact in client.list_artifacts(run_id):
        inside = client.list_artifacts(run_id, artifact.path) if artifact.is_dir else ()
        if not any(each.path.endswith("/MLmodel") for each in inside):
            repository.delete_artifacts(artifact.path)


def _models(client: mlflow.MlflowClient) -> Iterator[ModelVersion]:
    names = {tracking.own_name(kind.replace("_", "-")) for kind in Kind}
    for registered in client.search_registered_models():
        if registered.name not in names:  # of another environment, or not of ours
            continue
        aliased = set(registered.aliases.values())
        for model in client.search_model_versions(f"name = '{registered.name}'"):
            # The search does not fill in aliases.
            if model.tags.get("version") and model.version not in aliased:
                yield model


def _is_kept(model: ModelVersion, kept: Collection[Name], before: int) -> bool:
    own = model.name.removeprefix(tracking.own_name(""))
    kind = model.tags.get("kind") or own.replace("-", "_")
    return (kind, model.tags["version"]) in kept or model.creation_timestamp > before


def _ended_runs(client: mlflow.MlflowClient, before: int) -> Iterator[Run]:
    names = {tracking.own_name(step.experiment) for step in STEPS.values() if step.experiment}
    ids = [
        experiment.experiment_id
        for experiment in client.search_experiments()
        if experiment.name in names
    ]
    if not ids:
        return
    condition = f"attributes.status != 'RUNNING' and attributes.end_time < {before}"
    token = None
    while True:
        page = client.search_runs(ids, condition, max_results=_PAGE, page_token=token)
        yield from page
        if not (token := page.token):
            return


def _delete_run(client: mlflow.MlflowClient, run: Run, in_registry: Collection[str]) -> None:
    """Delete a run with its child runs and models; the run itself last, so that it is found."""
    experiment, run_id = run.info.experiment_id, run.info.run_id
    for child in client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{run_id}'"):
        _delete_run(client, child, in_registry)
    for output in run.outputs.model_outputs if run.outputs else ():
        if f"models:/{output.model_id}" not in in_registry:
            _delete_logged_model(client, output.model_id)
    _delete_artifacts(str(run.info.artifact_uri))
    client.delete_run(run_id)


def _delete_model(client: mlflow.MlflowClient, model: ModelVersion) -> None:
    if (model.source or "").startswith("models:/m-"):
        _delete_logged_model(client, str(model.source).removeprefix("models:/"))
    client.delete_model_version(model.name, model.version)


def _delete_logged_model(client: mlflow.MlflowClient, model_id: str) -> None:
    try:
        location = client.get_logged_model(model_id).artifact_location
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return
        raise
    _delete_artifacts(location)
    client.delete_logged_model(model_id)


def _delete_artifacts(address: str) -> None:
    repository: Any = get_artifact_repository(address)  # its method has no types
    repository.delete_artifacts()
