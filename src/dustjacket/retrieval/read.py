"""Read published cover indexes, and find the one in use."""

import logging
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import load

from dustjacket.clip.step import MODEL_FOLDER
from dustjacket.errors import BadInputError, CorruptVersionError, MissingVersionError, NotReadyError
from dustjacket.genres.published_labels import read_labels
from dustjacket.pipeline.kinds import Kind
from dustjacket.retrieval.search import HIT_COLUMNS, CoverIndex, SearchHit
from dustjacket.retrieval.step import IndexFacts
from dustjacket.storage.cache import cached
from dustjacket.storage.manifest import MANIFEST, Manifest
from dustjacket.storage.store import Store

log = logging.getLogger(__name__)

EMBEDDINGS, ROWS = "embeddings.safetensors", "covers.parquet"
VECTORS = "covers"  # the tensor in EMBEDDINGS
INDEX_COLUMNS = (*(name for name in HIT_COLUMNS if name != "genre"), "look")
"""Of ``ROWS``; ``look`` is the number of the group of near-duplicates."""


def weights_of(model: Manifest) -> str:
    """Return a hash (12 hexadecimal digits) of the weights of a published CLIP model.

    It does not depend on the version, so a rollback finds the index of the same weights.
    """
    return model.content(f"{MODEL_FOLDER}/")


def newest_index_of(store: Store, model: Manifest) -> Manifest | None:
    """Return the newest index that was embedded by the weights of ``model``, or None."""
    weights = weights_of(model)
    return next((index for index, facts in _indexes(store) if facts.weights == weights), None)


def _indexes(store: Store) -> Iterator[tuple[Manifest, IndexFacts]]:
    """Yield the index in use, then all, newest first, with their facts; not those damaged."""

    def read(version: str | None) -> Manifest | None:
        return store.manifest(Kind.COVER_INDEX, version) if version else store.newest(kind)

    kind = Kind.COVER_INDEX
    for version in (None, *reversed(store.versions(kind))):
        try:
            if index := read(version):
                yield index, IndexFacts.of(index)
        except (CorruptVersionError, NotReadyError) as error:
            log.warning("a cover index is left out: %s", error)


def index_in_use(store: Store) -> Manifest:
    """Return the index to search: the champion's, so that model and index change together.

    If the champion has no index yet, or there is no champion, it is the newest index, which is
    searched with its own model (:func:`model_of`).

    Raises:
        NotReadyError: no index is published.
    """
    champion = store.newest(Kind.COVER_CLIP)
    index = newest_index_of(store, champion) if champion else None
    index = index or next((index for index, _ in _indexes(store)), None)
    if index is None:
        raise NotReadyError("no cover index is published yet: run `dustjacket run`")
    return index


def model_of(store: Store, index: Manifest) -> Manifest:
    """Return the model that embedded an index, and that must embed the queries.

    If that version was deleted, it is another with the same weights.

    Raises:
        MissingVersionError: no version has the weights.
    """
    facts = IndexFacts.of(index)
    kind, _, version = facts.model.partition("/")
    try:
        return store.manifest(kind, version)
    except NotReadyError:
        for other in (store.newest(Kind.COVER_CLIP), store.newest(Kind.STARTING_CLIP)):
            if other and weights_of(other) == facts.weights:
                return other
        name = f"{index.kind}/{index.version}"
        raise MissingVersionError(
            f"{name} was embedded by {facts.model}, which is gone: delete {name}/{MANIFEST} and "
            "run index_covers"
        ) from None


def load_index(
    store: Store, index: Manifest, model: Manifest | None = None, cache: Path | None = None
) -> CoverIndex:
    """Return a published index, verified, with the predicted genres of its covers.

    Args:
        model: the model that will embed the queries; if given, its weights are checked.
        cache: folder in which its files are kept, see :func:`dustjacket.storage.cache.cached`;
            None keeps none.

    Raises:
        BadInputError: the index is of other weights than ``model``, or is empty.
        NotReadyError: the index is in the format of an earlier release.
    """
    facts = IndexFacts.of(index)
    if facts.weights is None:
        raise NotReadyError(
            f"{index.kind}/{index.version} is in the format of an earlier release: run "
            "index_covers again"
        )
    if model is not None and facts.weights != weights_of(model):
        raise BadInputError(
            f"{index.kind}/{index.version} was embedded by {facts.model}, whose weights are not "
            f"those of {model.kind}/{model.version}: search it with its own model, or run "
            "index_covers"
        )
    body = _reader(store, index, cache)
    rows = _rows(body(ROWS), INDEX_COLUMNS)
    labels = store.newest(Kind.LABELLED_COVERS)
    genres: dict[str, str] = {}
    if labels is not None and labels.parents.get(Kind.COVERS) == index.parents.get(Kind.COVERS):
        labelled = read_labels(store, labels, ["key", "genre"])
        genres = dict(zip(labelled["key"], labelled["genre"], strict=True))
    genre_column = pa.array(map(genres.get, rows["key"].to_pylist()), pa.string())
    return CoverIndex(_vectors(body(EMBEDDINGS)), rows.append_column("genre", genre_column))


def read_embeddings(store: Store, index: Manifest) -> tuple[list[str], np.ndarray]:
    """Return the SHA-256 of an index's images, and their embeddings (images, dimensions)."""
    hashes = _rows(store.read(index, ROWS), ("sha256",))["sha256"].to_pylist()
    return hashes, _vectors(store.read(index, EMBEDDINGS))


def search_covers(
    store: Store,
    index: Manifest,
    title: str,
    author: str | None = None,
    top: int = 12,
    genre: str | None = None,
) -> list[SearchHit]:
    """Search a published index for the covers that fit a book best, with the index's own model.

    The files of index and model are kept in the cache of the platform's state folder.
    """
    from dustjacket.clip.prompts import prompt

    model, text = model_of(store, index), prompt(title, author)
    cache = store.settings.cache
    covers = load_index(store, index, model, cache)
    if genre is not None:
        covers.check_genre(genre)  # before PyTorch is loaded, which takes seconds
    from dustjacket.clip.embed import embed_texts
    from dustjacket.clip.read import load_version

    clip = load_version(store, model, cache)
    return covers.search(embed_texts(clip, [text])[0], text, top, genre)


def _reader(store: Store, index: Manifest, cache: Path | None) -> Callable[[str], bytes]:
    if cache is None:
        return partial(store.read, index)
    folder = cached(store, index, cache)
    return lambda name: (folder / name).read_bytes()


def _rows(table: bytes, columns: tuple[str, ...]) -> pa.Table:
    return pq.read_table(pa.BufferReader(table), columns=list(columns))


def _vectors(tensors: bytes) -> np.ndarray:
    return load(tensors)[VECTORS]
