"""Starting weights: published once, and the champion before any promotion."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dustjacket.clip.conse import MAX_COVERS, package_versions
from dustjacket.clip.conse import NAME as CONSE
from dustjacket.clip.conse import SIZE as CONSE_SIZE
from dustjacket.clip.data import read_pairs
from dustjacket.clip.model import CONFIGS, save
from dustjacket.clip.prompts import prompt
from dustjacket.clip.step import MODEL_FOLDER, ClipFacts, ClipParameters
from dustjacket.clip.weights import open_model
from dustjacket.covers.read import read_index
from dustjacket.genres.reservations import may_train
from dustjacket.pipeline.kinds import CHAMPION_MODEL, Kind
from dustjacket.sources.files import contents
from dustjacket.storage.manifest import Manifest, digest_of, version_name
from dustjacket.storage.store import Store

STARTING, CANDIDATE = Kind.STARTING_CLIP, "clip_candidate"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # starting weights have no time of their own


def ensure_starting(
    store: Store, parameters: ClipParameters, covers: Manifest, champion: Manifest | None = None
) -> Manifest:
    """Return the starting weights that ``parameters`` name; publish them if they are new.

    The name of their version depends only on their origin, so that all runs share one version.

    Args:
        covers: published covers, on whose training split ``lite0-minilm`` is fitted.
        champion: the model called ``champion``; None is the default model.

    Raises:
        BadInputError: no model has that name, or its files cannot be read.
        NotReadyError: its weights cannot be downloaded, or are not installed.
    """
    name, weights, seed = parameters.model, parameters.weights, parameters.seed
    if name == CHAMPION_MODEL:
        if champion:
            return champion
        name, weights = ClipParameters().model, ClipParameters().weights
    origin = {"model": name, "weights": weights, "seed": seed}
    digest = digest_of(origin | _content(store, name, weights, covers))
    if existing := store.with_digest(STARTING, digest):
        return existing
    examples = _conse_examples(store, covers) if name == CONSE else {}
    clip = open_model(name, weights, seed, store=store, **examples)
    draft = store.draft(STARTING, version_name(_EPOCH, digest))
    with tempfile.TemporaryDirectory() as scratch:
        save(clip, Path(scratch))
        for file in sorted(Path(scratch).iterdir()):
            draft.upload(f"{MODEL_FOLDER}/{file.name}", file)
    return draft.publish(parameters=origin, facts=ClipFacts(**origin).to_json())[0]


def _content(store: Store, name: str, weights: str, covers: Manifest) -> dict[str, str]:
    """Return what determines a model's weights beside its name."""
    if name == CONSE:
        return {"covers": covers.version, **package_versions()}
    if (CONFIGS / f"{name}.json").is_file():
        return {"config": (CONFIGS / f"{name}.json").read_text()}
    return contents((name, weights), store.settings)


def _conse_examples(store: Store, covers: Manifest) -> dict[str, Any]:
    """Return the images and titles on which ConSE's projection is fitted."""
    books = read_index(store, covers)
    training = books[(books["split"] == "train") & may_train(books)].head(MAX_COVERS)
    pairs = read_pairs(store, covers, training, CONSE_SIZE)
    titles = [prompt(*row) for row in zip(pairs.books["title"], pairs.books["author"], strict=True)]
    return {"images": pairs.images, "titles": titles}


def champion(store: Store, starting: Manifest | None) -> Manifest | None:
    """Return the newest promoted model, or the starting weights."""
    return store.newest(Kind.COVER_CLIP) or starting
