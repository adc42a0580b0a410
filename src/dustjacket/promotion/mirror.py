"""The mirror of the ledger in MLflow's registry: tags of models, and the alias ``@champion``.

The ledger decides which model serves. The alias shows it, and is set back where it was moved.
"""

import logging
from collections.abc import Mapping

import mlflow
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random

from dustjacket.pipeline.families import ModelFamily
from dustjacket.storage.manifest import Manifest
from dustjacket.tracking import runs as tracking

log = logging.getLogger(__name__)

# MLflow's database rejects one of two concurrent writers of the same new tag or alias.
_retry = retry(
    retry=retry_if_exception_type(MlflowException),
    stop=stop_after_attempt(4),
    wait=wait_random(max=1),
    reraise=True,
)


def mirrored(model: Manifest, family: ModelFamily) -> dict[str, str]:
    """Return the tags ``kind`` and ``version`` of the registered model with a model's weights.

    A promotion or rollback copies weights, which are registered as what they first were: a
    candidate, or starting weights.
    """
    if model.kind == family.champion:
        for kind in family.weights:
            if kind in model.parents:
                return {"kind": kind, "version": model.parents[kind]}
    return {"kind": model.kind, "version": model.version}


@_retry
def tag(family: ModelFamily, names: Mapping[str, str], tags: Mapping[str, str]) -> None:
    """Tag the registered model that the tags ``names`` identify; it may be missing."""
    if (found := tracking.registered(family.registered, **names)) is None:
        log.warning("%s is not in MLflow's registry: its tags are not set", _name(names))
        return
    _set_tags(found, tags)


@_retry
def show_decision(run_id: str, verdict: str) -> None:
    """Show the decision on a candidate in the name of the run that trained it."""
    decision = verdict if verdict == "promoted" else f"not promoted: {verdict}"
    tracking.name_decision(run_id, decision)


@_retry
def show_champion(family: ModelFamily, model: Manifest, tags: Mapping[str, str]) -> None:
    """Point ``@champion`` at the registered model of what serves, and tag that with its record.

    Where MLflow has lost that model, the alias is removed: it shows what serves, or nothing.
    """
    found = tracking.registered(family.registered, **mirrored(model, family))
    if found is None:
        _remove_champion(family, f"{_name(mirrored(model, family))} is not in MLflow's registry")
        return
    # Until this record's tags are set, the alias shows the champion before it.
    shown = all(found.tags.get(name) == value for name, value in tags.items())
    tracking.point_alias(found, tracking.CHAMPION, report=shown)
    challenger = tracking.with_alias(family.registered, tracking.CHALLENGER)
    if challenger and challenger.version == found.version:
        client = mlflow.MlflowClient()
        client.delete_registered_model_alias(found.name, tracking.CHALLENGER)
    _set_tags(found, tags)


def show_starting(family: ModelFamily, reason: str) -> None:
    """Remove ``@champion`` unless it shows starting weights, which serve without any promotion."""
    shown = tracking.with_alias(family.registered, tracking.CHAMPION)
    if shown and shown.tags.get("kind") != family.starting:
        _remove_champion(family, reason)


def _set_tags(model: ModelVersion, tags: Mapping[str, str]) -> None:
    for name, value in tags.items():
        mlflow.MlflowClient().set_model_version_tag(model.name, model.version, name, value)


def _remove_champion(family: ModelFamily, reason: str) -> None:
    if shown := tracking.with_alias(family.registered, tracking.CHAMPION):
        mlflow.MlflowClient().delete_registered_model_alias(shown.name, tracking.CHAMPION)
    log.warning(
        "%s: there is no @%s until the model is registered again", reason, tracking.CHAMPION
    )


def _name(names: Mapping[str, str]) -> str:
    return f"{names['kind']}/{names['version']}"
