"""Published CLIP models, and their mirror in MLflow's registry."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.entities.model_registry import ModelVersion
from mlflow.models import infer_signature

from dustjacket.clip.conse import MOST_COVERS, carried_versions
from dustjacket.clip.conse import NAME as CONSE
from dustjacket.clip.conse import SIZE as CONSE_SIZE
from dustjacket.clip.data import read_pairs
from dustjacket.clip.model import CONFIGS, MODEL_FOLDER, save
from dustjacket.clip.prompts import prompt
from dustjacket.clip.weights import open_model
from dustjacket.covers.read import read_index
from dustjacket.pipeline.parameters import CHAMPION_MODEL, COVER_CLIP, ClipParameters
from dustjacket.sources.files import contents
from dustjacket.storage.manifest import Manifest, digest_of, version_name
from dustjacket.storage.store import Store
from dustjacket.tracking import runs as tracking

REGISTERED = tracking.CLIP
STARTING, CANDIDATE = "starting_clip", "clip_candidate"
_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)


def ensure_starting(
    store: Store, parameters: ClipParameters, covers: Manifest, champion: Manifest | None = None
) -> Manifest:
    """Return the published weights that ``parameters`` start from, made if there are none.

    Their version's name follows from where they come from alone, so whoever comes first makes them
    and all use the same.

    Args:
        covers: those at hand, on whose training side ``lite0-minilm`` is joined.
        champion: what the model of that name is; None is the default model.

    Raises:
        BadInputError: no model has that name, or what it names cannot be read.
        NotReadyError: its weights cannot be had from here.
    """
    name, weights, seed = parameters.model, parameters.weights, parameters.seed
    if name == CHAMPION_MODEL:
        if champion:
            return champion
        name, weights = ClipParameters().model, ClipParameters().weights
    named = {"model": name, "weights": weights, "seed": seed}
    digest = digest_of(named | _content(store, name, weights, covers))
    if found := store.with_digest(STARTING, digest):
        return found
    books = read_index(store, covers) if name == CONSE else pd.DataFrame()
    clip = open_model(name, weights, seed, store=store, **_at_hand(store, covers, books))
    draft = store.draft(STARTING, version_name(_BEFORE_ALL, digest))
    with tempfile.TemporaryDirectory() as scratch:
        save(clip, Path(scratch))
        for file in sorted(Path(scratch).iterdir()):
            draft.upload(f"{MODEL_FOLDER}/{file.name}", file)
    return draft.publish(parameters=named, facts=named)[0]


def _content(store: Store, name: str, weights: str, covers: Manifest) -> dict[str, str]:
    """Return what, beside its name, decides which weights a model has."""
    if name == CONSE:
        return {"covers": covers.version, **carried_versions()}
    if (CONFIGS / f"{name}.json").is_file():
        return {"config": (CONFIGS / f"{name}.json").read_text()}
    return contents((name, weights), store.settings)


def _at_hand(store: Store, covers: Manifest, books: pd.DataFrame) -> dict[str, Any]:
    if books.empty:
        return {}
    training = books[books["split"] == "train"].head(MOST_COVERS)
    pairs = read_pairs(store, covers, training, CONSE_SIZE)
    titles = [prompt(*row) for row in zip(pairs.books["title"], pairs.books["author"], strict=True)]
    return {"images": pairs.images, "titles": titles}


def ensure_registered(store: Store, manifest: Manifest) -> ModelVersion:
    """Return the version of ``cover-clip`` in MLflow that mirrors a published one; log it if new.

    Needs an active run, in which it is logged.
    """
    tags = {"kind": manifest.kind, "version": manifest.version}
    if known := tracking.registered(REGISTERED, **tags):
        return known
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


def champion(store: Store, starting: Manifest) -> Manifest:
    """Return the newest promoted model, or the starting weights."""
    return store.newest(COVER_CLIP) or starting
