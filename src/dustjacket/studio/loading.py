"""Load published models for the Studio, and find their runs in MLflow."""

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

from dustjacket.clip.embed import embed_texts, optimize_for_inference
from dustjacket.clip.read import load_version
from dustjacket.clip.step import ClipFacts
from dustjacket.clip.zero_shot import embed_genres
from dustjacket.covers.read import read_image
from dustjacket.errors import CorruptVersionError, NotReadyError
from dustjacket.genres.facts import ClassifierFacts
from dustjacket.genres.read import load_scorer
from dustjacket.genres.scorer import predict_genre
from dustjacket.genres.why import find_training_books
from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.steps import STEPS, in_use
from dustjacket.retrieval import read as retrieval
from dustjacket.retrieval.search import CoverIndex
from dustjacket.retrieval.step import IndexFacts
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.parents import parent_of
from dustjacket.storage.store import Store
from dustjacket.studio.models import Loaded, LoadedClassifier, LoadedIndex, LoadedModel
from dustjacket.studio.schemas import VersionRef
from dustjacket.studio.welcome import trained_on
from dustjacket.tracking.links import run_page

log = logging.getLogger(__name__)

_CANDIDATE = Kind.CLIP_CANDIDATE  # the kind that a promotion turns into a champion
_CACHED_IMAGES = 1024


def load_classifier(
    store: Store, cache: Path, current: LoadedClassifier | None
) -> LoadedClassifier | None:
    """Return the champion among the classifiers: ``current`` if it still is, None before any."""
    champion = in_use(store, Kind.GENRE_CLASSIFIER)
    if champion is None or (current and current.manifest == champion):
        return current
    scorer = load_scorer(store, champion, cache)
    predict_genre(scorer, "Warm up", None)  # otherwise the first request would be slow
    f1 = ClassifierFacts.of(champion).test.get("f1_weighted")
    note = f"{scorer.name}, f1_weighted {f1:.3f}" if f1 else scorer.name
    log.info("classifier %s serves", champion.version)
    books = lru_cache(1)(partial(find_training_books, store, champion))
    line = trained_on(store, champion)
    return LoadedClassifier(champion, (_ref(champion, note),), scorer, line, books)


def load_index(store: Store, cache: Path, current: LoadedIndex | None) -> LoadedIndex | None:
    """Return the index in use with its model: ``current`` if nothing changed, None before any.

    Raises:
        BadInputError, CorruptVersionError, NotReadyError: the index or its model cannot be used.
    """
    if store.newest(Kind.COVER_INDEX) is None:
        return current
    manifest, labels = retrieval.index_in_use(store), store.newest(Kind.LABELLED_COVERS)
    if labels and labels.parents.get(Kind.COVERS) != manifest.parents.get(Kind.COVERS):
        labels = None  # they are about other covers
    if current and (current.manifest, current.labels) == (manifest, labels):
        return current
    model = retrieval.model_of(store, manifest)
    same_model = current and IndexFacts.of(current.manifest).model == IndexFacts.of(manifest).model
    clip = (
        current.clip
        if current and same_model
        else optimize_for_inference(load_version(store, model, cache))
    )
    index = retrieval.load_index(store, manifest, model, cache)
    genres = index.genres
    log.info("index %s serves, with %s", manifest.version, IndexFacts.of(manifest).model)
    return LoadedIndex(
        manifest=manifest,
        by=(
            _ref(model, ClipFacts.of(model).model),
            _ref(manifest, f"{len(index):,} covers"),
            *([_ref(labels, "")] if labels else []),
        ),
        labels=labels,
        clip=clip,
        index=index,
        read_image=_image_reader(store, manifest, index),
        genre_names=genres,
        genre_vectors=embed_genres(partial(embed_texts, clip), genres or [""]),
    )


def find_generator(store: Store, current: LoadedModel | None) -> LoadedModel | None:
    """Return the cover generator in use, without its weights; None before any."""
    newest = store.newest(Kind.COVER_GENERATOR)
    if newest is None or (current and current.manifest == newest):
        return current
    log.info("generator %s serves", newest.version)
    return LoadedModel(newest, (_ref(newest, ""),))


def _image_reader(
    store: Store, manifest: Manifest, index: CoverIndex
) -> Callable[[str], bytes | None]:
    covers = parent_of(store, manifest, Kind.COVERS)

    @lru_cache(_CACHED_IMAGES)
    def read(key: str) -> bytes | None:
        row = index.cover(key)
        return read_image(store, covers, vars(row)) if row else None

    return read


def link_runs(store: Store, model: Loaded) -> Loaded:
    """Add the missing links to runs in MLflow, which may start later or be unreachable."""
    by = tuple(
        ref if ref.run else ref.model_copy(update={"run": _run(store, ref)}) for ref in model.by
    )
    return model if by == model.by else replace(model, by=by)


def _run(store: Store, ref: VersionRef) -> str | None:
    kind, version = ref.kind, ref.version
    if kind == Kind.COVER_CLIP:
        # A promotion copies a candidate, and the run is the candidate's.
        try:
            version = store.manifest(kind, version).parents.get(_CANDIDATE, "")
        except (CorruptVersionError, NotReadyError):  # it was deleted or damaged since
            return None
        kind = _CANDIDATE
    step = next((step for step in STEPS.values() if step.publishes == kind), None)
    if step is None or not step.experiment:
        return None
    return run_page(store.settings, step.experiment, version) or None


def _ref(manifest: Manifest, note: str) -> VersionRef:
    since = f"since {manifest.published_at:%d %B %Y}"
    note = f"{note}, {since}" if note else since
    return VersionRef(kind=manifest.kind, version=manifest.version, run=None, note=note)
