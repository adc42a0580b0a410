"""MLflow: experiments, runs with their tags and inputs, registered models and their aliases."""

import logging
import os
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow
from mlflow.data.dataset_source_registry import resolve_dataset_source
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import LifecycleStage
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.types.schema import ColSpec, DataType, Schema, TensorSpec

from dustjacket.errors import NotReadyError
from dustjacket.settings import Settings
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

log = logging.getLogger(__name__)

CHAMPION, CHALLENGER = "champion", "challenger"
NAME, NOTE = "mlflow.runName", "mlflow.note.content"
"""Tags that MLflow shows as a run's name, and as the description of a run or an experiment."""
DECISION = " → "
"""Stands before the decision in the name of a run."""
_MAX_NAME, _MAX_CARD = 250, 5000
_connected: dict[str, Settings] = {}
"""What :func:`connect` was given last: as MLflow's tracking server, it is that of the process."""


def connect(settings: Settings) -> None:
    """Set the MLflow server of this process, the login at it, and the environment of names.

    Raises:
        NotReadyError: the settings name no MLflow server.
    """
    if not settings.mlflow_uri:
        raise NotReadyError("no MLflow server: run `dustjacket up` or set DUSTJACKET_MLFLOW_URI")
    mlflow.set_tracking_uri(settings.mlflow_uri)
    _connected["settings"] = settings
    if settings.mlflow_username and settings.mlflow_password:  # MLflow reads them with each request
        os.environ["MLFLOW_TRACKING_USERNAME"] = settings.mlflow_username
        os.environ["MLFLOW_TRACKING_PASSWORD"] = settings.mlflow_password.get_secret_value()


def own_name(name: str) -> str:
    """Return the name of an experiment or registered model in the environment of this process."""
    return _connected["settings"].named(name) if _connected else name


def use_experiment(name: str, note: str = "") -> None:
    """Make an experiment the active one; create it, or restore it if it was deleted.

    Args:
        note: its description, as Markdown.
    """
    name = own_name(name)
    found = mlflow.get_experiment_by_name(name)
    if found and found.lifecycle_stage == LifecycleStage.DELETED:
        log.warning("MLflow's experiment %s was deleted: it is restored", name)
        mlflow.MlflowClient().restore_experiment(found.experiment_id)
    experiment = mlflow.set_experiment(name)
    if note and experiment.tags.get(NOTE) != note:
        mlflow.set_experiment_tag(NOTE, note)


def describe(name: str, note: str) -> None:
    """Set the name and the description (Markdown) of the active run."""
    mlflow.set_tags({NAME: name[:_MAX_NAME], NOTE: note[:_MAX_CARD]})


def name_decision(run_id: str, decision: str) -> None:
    """Add a decision on what a run has made to the run's name; a run that is gone is left."""
    if not is_active(run_id):
        return
    name, _, shown = str(mlflow.get_run(run_id).info.run_name).rpartition(DECISION)
    if shown != decision:
        named = f"{name or shown}{DECISION}{decision}"
        mlflow.MlflowClient().set_tag(run_id, NAME, named[-_MAX_NAME:])


def is_active(run_id: str) -> bool:
    """Return whether a run exists and is not deleted."""
    try:
        run = mlflow.get_run(run_id)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return False
        raise
    return bool(run.info.lifecycle_stage == LifecycleStage.ACTIVE)


class _Version(MetaDataset):
    """A published version as a data set of MLflow, with its numbers of rows and its columns."""

    def __init__(self, manifest: Manifest, **options: Any) -> None:
        columns: list[ColSpec | TensorSpec] = [
            ColSpec(DataType.string, name) for name in manifest.schema_
        ]
        self._rows = manifest.rows
        super().__init__(schema=Schema(columns) if columns else None, **options)

    @property
    def profile(self) -> dict[str, int]:
        """Numbers of rows, by outcome."""
        return self._rows


def log_version(store: Store, manifest: Manifest) -> None:
    """Log one published version as an input of the active run."""
    address = f"s3://{store.bucket}/{manifest.kind}/{manifest.version}"
    mlflow.log_input(
        _Version(
            source=resolve_dataset_source(address),
            name=manifest.kind,
            digest=manifest.version[-12:],
            manifest=manifest,
        ),
        context="input",
    )


def with_alias(name: str, alias: str) -> ModelVersion | None:
    """Return the version of registered model ``name`` that ``alias`` points at, or None."""
    try:
        return mlflow.MlflowClient().get_model_version_by_alias(own_name(name), alias)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


def point_alias(version: ModelVersion, alias: str, *, report: bool = True) -> None:
    """Point ``alias`` at a registered version, unless it is there.

    Args:
        report: log a warning if the alias was elsewhere, as after a change by hand.
    """
    found = with_alias(version.name, alias)
    if found and found.version == version.version:
        return
    mlflow.MlflowClient().set_registered_model_alias(version.name, alias, version.version)
    if found and report:
        log.warning(
            "%s@%s was version %s, which does not serve: set back to version %s. Only a promotion "
            "or a rollback changes the champion",
            version.name, alias, found.version, version.version,
        )  # fmt: skip


def registered(name: str, **tags: str) -> ModelVersion | None:
    """Return the version of registered model ``name`` that has all of these tags, or None."""
    conditions = "".join(f" and tags.`{tag}` = '{value}'" for tag, value in tags.items())
    versions = mlflow.MlflowClient().search_model_versions(f"name = '{own_name(name)}'{conditions}")
    return versions[0] if versions else None


def register(name: str, model_uri: str, tags: dict[str, Any], card: str) -> ModelVersion:
    """Register a logged model as a new version of ``name``, with its tags and its model card."""
    name = own_name(name)
    registered = mlflow.register_model(model_uri, name, tags={k: str(v) for k, v in tags.items()})
    mlflow.MlflowClient().update_model_version(name, registered.version, card[:_MAX_CARD])
    return registered


@cache
def git_sha() -> str:
    """Return the commit of the checkout this code runs from, or the package's version."""
    try:
        result = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:  # no git, as in a container
        return version("dustjacket")
    return result.stdout.strip() or version("dustjacket")
