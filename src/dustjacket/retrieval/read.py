"""Published cover indexes, read back, and which of them is in use."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import load

from dustjacket.errors import BadInputError, NotReadyError
from dustjacket.genres.read import read_labels
from dustjacket.pipeline.parameters import COVER_CLIP
from dustjacket.retrieval.search import SHOWN, CoverIndex, Match
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

KIND = "cover_index"
EMBEDDINGS, ROWS = "embeddings.safetensors", "covers.parquet"
VECTORS = "covers"  # the tensor in EMBEDDINGS
KEPT = (*(name for name in SHOWN if name != "genre"), "look")
"""Columns of ROWS."""
_LABELS, _COVERS, _MODEL = "labelled_covers", "covers", "model/"


def weights_of(model: Manifest) -> str:
    """Return 12 hexadecimal digits that stand for the weights of a published CLIP model.

    They are the same whatever the version is called, so also after a rollback.
    """
    return model.content(_MODEL)


def newest_index_of(store: Store, model: Manifest) -> Manifest | None:
    """Return the newest index whose embeddings the weights of ``model`` made, or None."""
    weights = weights_of(model)
    for version in reversed(store.versions(KIND)):
        found = store.manifest(KIND, version)
        if found.facts.get("weights") == weights:
            return found
    return None


def index_in_use(store: Store) -> Manifest:
    """Return the index that is searched: the champion's, so that both change together.

    Until a new champion's is published, and before there is a champion, it is the newest one,
    which is searched by its own model.

    Raises:
        NotReadyError: there is none.
    """
    champion = store.newest(COVER_CLIP)
    found = (newest_index_of(store, champion) if champion else None) or store.newest(KIND)
    if found is None:
        raise NotReadyError("no cover index is published yet: run `dustjacket run`")
    return found


def model_of(store: Store, index: Manifest) -> Manifest:
    """Return the model that made an index, by which it is searched."""
    kind, _, version = index.facts["model"].partition("/")
    return store.manifest(kind, version)


def load_index(store: Store, index: Manifest, model: Manifest | None = None) -> CoverIndex:
    """Return a published index, verified, with the genres that its covers have been labelled with.

    Args:
        model: the one that will embed what is searched for.

    Raises:
        BadInputError: the index was made by other weights than those of ``model``, or is empty.
        NotReadyError: an earlier release of Dustjacket made the index.
    """
    if "weights" not in index.facts:
        raise NotReadyError(
            f"{KIND}/{index.version} is of an earlier release: run index_covers again"
        )
    if model is not None and index.facts["weights"] != weights_of(model):
        raise BadInputError(
            f"{KIND}/{index.version} was made by {index.facts['model']}, whose weights are not "
            f"those of {model.kind}/{model.version}: search it by its own model, or run "
            "index_covers"
        )
    rows = _rows(store, index, KEPT)
    labels = store.newest(_LABELS)
    genres: dict[str, str] = {}
    if labels is not None and labels.parents[_COVERS] == index.parents[_COVERS]:
        labelled = read_labels(store, labels, ["key", "genre"])
        genres = dict(zip(labelled["key"], labelled["genre"], strict=True))
    of_row = pa.array(map(genres.get, rows["key"].to_pylist()), pa.string())
    return CoverIndex(_vectors(store, index), rows.append_column("genre", of_row))


def embeddings(store: Store, index: Manifest) -> tuple[list[str], np.ndarray]:
    """Return the hashes of an index's images, and (images, dimensions) their embeddings."""
    return _rows(store, index, ("sha256",))["sha256"].to_pylist(), _vectors(store, index)


def find_covers(
    store: Store,
    index: Manifest,
    title: str,
    author: str | None = None,
    top: int = 12,
    genre: str | None = None,
) -> list[Match]:
    """Return the covers of a published index that fit a book best, by the index's own model."""
    from dustjacket.clip.embed import embed_texts
    from dustjacket.clip.prompts import prompt
    from dustjacket.clip.read import load_version

    model, text = model_of(store, index), prompt(title, author)
    covers = load_index(store, index, model)
    return covers.search(embed_texts(load_version(store, model), [text])[0], text, top, genre)


def _rows(store: Store, index: Manifest, columns: tuple[str, ...]) -> pa.Table:
    return pq.read_table(pa.BufferReader(store.read(index, ROWS)), columns=list(columns))


def _vectors(store: Store, index: Manifest) -> np.ndarray:
    return load(store.read(index, EMBEDDINGS))[VECTORS]
