"""Published CLIP models, and their mirror in MLflow's registry."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.entities.model_registry import ModelVersion
from mlflow.models import infer_signature

from dustjacket import tracking
from dustjacket.clip.model import CONFIGS, MODEL_FOLDER, build, save
from dustjacket.parameters import ClipParameters
from dustjacket.storage import Manifest, Store, digest_of, version_name

REGISTERED = "cover-clip"
STARTING, CANDIDATE, PROMOTED = "starting_clip", "clip_candidate", "cover_clip"
_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)


def ensure_starting(store: Store, parameters: ClipParameters) -> Manifest:
    """Return the published starting weights that ``parameters`` name, made if there are none.

    Their version's name follows from the model and the seed alone, so whoever comes first makes
    them and all use the same.
    """
    clip = build(parameters.model, parameters.seed)
    identity = {"config": (CONFIGS / f"{parameters.model}.json").read_text()}
    digest = digest_of(identity | {"model": parameters.model, "seed": parameters.seed})
    if found := store.with_digest(STARTING, digest):
        return found
    draft = store.draft(STARTING, version_name(_BEFORE_ALL, digest))
    with tempfile.TemporaryDirectory() as scratch:
        save(clip, Path(scratch))
        for file in sorted(Path(scratch).iterdir()):
            draft.upload(f"{MODEL_FOLDER}/{file.name}", file)
    named = {"model": parameters.model, "seed": parameters.seed}
    return draft.publish(parameters=named, facts=named)[0]


def ensure_registered(store: Store, manifest: Manifest) -> ModelVersion:
    """Return the version of ``cover-clip`` in MLflow that mirrors a published one; log it if new.

    Needs an active run, in which it is logged.
    """
    client = mlflow.MlflowClient()
    tags = {"kind": manifest.kind, "version": manifest.version}
    wanted = " and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items())
    if known := client.search_model_versions(f"name = '{REGISTERED}' and {wanted}"):
        return known[0]
    with tempfile.TemporaryDirectory() as scratch:
        store.download(manifest, Path(scratch), MODEL_FOLDER)
        example = pd.DataFrame({"text": ["The Time Machine by H. G. Wells"]})
        embedding = [[0.0]]
        logged = mlflow.pyfunc.log_model(
            name=f"{manifest.kind}",
            python_model=str(Path(__file__).with_name("mlflow_model.py")),
            artifacts={"model": str(Path(scratch) / MODEL_FOLDER)},
            signature=infer_signature(example, pd.DataFrame({"embedding": embedding})),
            pip_requirements=["dustjacket[clip]"],
        )
    return tracking.register(REGISTERED, logged.model_uri, tags)


def ensure_champion(store: Store, starting: Manifest) -> None:
    """Register the starting weights as ``@champion`` if nothing is."""
    if tracking.with_alias(REGISTERED, tracking.CHAMPION) is None:
        set_alias(ensure_registered(store, starting), tracking.CHAMPION)


def set_alias(version: ModelVersion, alias: str) -> None:
    """Point ``alias`` of ``cover-clip`` at a registered version."""
    mlflow.MlflowClient().set_registered_model_alias(REGISTERED, alias, version.version)


def champion(store: Store, starting: Manifest, *, besides: str | None = None) -> Manifest:
    """Return the newest promoted model, or the starting weights.

    Args:
        besides: a version that does not count: the one being judged, which an attempt before
            may have promoted.
    """
    versions = [version for version in store.versions(PROMOTED) if version != besides]
    return store.manifest(PROMOTED, versions[-1]) if versions else starting
