"""Who is compared: the starting weights, the champion and the candidate, on the same covers."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from dustjacket.clip.embed import embed_covers
from dustjacket.clip.images import CoverCache
from dustjacket.clip.prompts import fixed_prompts
from dustjacket.clip.read import load_version
from dustjacket.clip.registry import champion
from dustjacket.clip.step import CandidateFacts, ClipParameters
from dustjacket.evaluation.drift import MOST_EMBEDDED, Drift, measure_drift
from dustjacket.evaluation.embeddings import Embedder
from dustjacket.evaluation.galleries import HardGallery, Retrieved, hard_galleries, retrieve
from dustjacket.evaluation.leakage import leaked
from dustjacket.evaluation.step import EvaluationParameters
from dustjacket.evaluation.test_covers import Library, labels_of, open_library, read_books
from dustjacket.pipeline.job import Job
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

_GIB = 1 << 30


@dataclass(frozen=True)
class Comparison:
    """Models and covers.

    Attributes:
        manifests: of starting, champion and candidate.
        models: the same, ready to embed; two that are one version are one model.
        labels: the labelled covers of the candidate.
        library: their covers, without the test covers that leaked.
        books: all rows of ``labels``.
        champion_labels: those that the champion was trained on, or None if on none.
        broken: covers that do not decode, by side of the split.
        leaked: test covers that look like one that candidate or champion were trained on.
        genre: whether the candidate was trained with genres in prompts.
        sure: a predicted genre that is less probable is named by no prompt.
    """

    manifests: dict[str, Manifest]
    models: dict[str, Embedder]
    labels: Manifest
    library: Library
    books: pd.DataFrame
    champion_labels: Manifest | None
    broken: dict[str, int]
    leaked: int
    genre: bool
    sure: float
    parameters: EvaluationParameters

    @property
    def test(self) -> np.ndarray:
        """Return the numbers of the covers that are tested."""
        return self.library.rows("test")

    @property
    def tested(self) -> pd.DataFrame:
        """Return the rows of the books that are tested."""
        return self.library.books.iloc[self.test].reset_index(drop=True)

    @property
    def sides(self) -> dict[str, np.ndarray]:
        """Return the numbers of the covers of each side of the split."""
        return {split: self.library.rows(split) for split in ("train", "validation", "test")}

    @property
    def leaked_share(self) -> float:
        """Return what share of the test covers leaked."""
        return self.leaked / max(1, self.leaked + len(self.test))

    def galleries(self) -> dict[str, HardGallery]:
        """Return the harder galleries of the test covers."""
        return hard_galleries(self.tested)

    def retrieve(self, name: str, *, genre: bool) -> Retrieved:
        """Measure one model's retrieval, with or without predicted genres in prompts."""
        model, parameters = self.models[name], self.parameters
        texts = fixed_prompts(self.tested, genre=genre, min_confidence=self.sure)
        return retrieve(
            model.texts(texts), model.covers(self.test), model.clip.scale, self.galleries(),
            resamples=parameters.bootstrap, seed=parameters.seed,
        )  # fmt: skip


def open_contest(
    job: Job[EvaluationParameters], parameters: EvaluationParameters, folder: Path
) -> Comparison:
    """Load the three models and decode the covers.

    Args:
        folder: where covers are kept decoded, for as long as the comparison is used.
    """
    store, candidate = job.store, job.input("clip_candidate")
    origin, recipe = CandidateFacts.of(candidate), ClipParameters.recorded(candidate.parameters)
    starting = store.manifest(origin.starting_kind, origin.starting_clip)
    manifests = {
        "starting": starting,
        "champion": champion(store, starting),
        "candidate": candidate,
    }
    distinct = {(one.kind, one.version): one for one in manifests.values()}
    clips = {named: load_version(store, one) for named, one in distinct.items()}
    labels = store.manifest("labelled_covers", candidate.parents["labelled_covers"])
    champion_labels = labels_of(store, manifests["champion"])
    books = read_books(store, labels)
    library = open_library(
        store, labels, books, {clip.image_size for clip in clips.values()}, folder=folder,
        most_bytes=int(recipe.cache_gib * _GIB),
        seed=parameters.seed,
    )  # fmt: skip
    embedders = {
        named: Embedder(clip, library.images[clip.image_size], parameters.batch_size)
        for named, clip in clips.items()
    }
    seen = [books]
    if champion_labels and champion_labels.version != labels.version:
        seen.append(read_books(store, champion_labels))
    trained = pd.concat([each[each["split"] == "train"] for each in seen])
    test = library.rows("test")
    alike = test[leaked(library.books.iloc[test], trained)]
    return Comparison(
        manifests=manifests,
        models={name: embedders[one.kind, one.version] for name, one in manifests.items()},
        labels=labels,
        library=library.without(alike),
        books=books,
        champion_labels=champion_labels,
        broken=library.broken(),
        leaked=len(alike),
        genre=recipe.include_genre,
        sure=recipe.min_confidence,
        parameters=parameters,
    )


def drift(store: Store, comparison: Comparison, folder: Path) -> Drift | None:
    """Compare the comparison's covers with those the champion was trained on.

    Of starting weights, which no covers of ours made, there is nothing to compare with: None.

    Args:
        folder: as of :func:`open_contest`.
    """
    before, newest, parameters = (
        comparison.champion_labels,
        comparison.labels,
        comparison.parameters,
    )
    if before is None:
        return None
    books, vectors = comparison.books, (np.empty((0, 1)), np.empty((0, 1)))
    if before.version != newest.version:
        books = read_books(store, before)
        rows = np.flatnonzero(comparison.library.usable)
        rng = np.random.default_rng(parameters.seed)
        some = rng.permutation(rows)[:MOST_EMBEDDED]
        vectors = (
            _embedded(store, before, books, comparison, folder),
            comparison.models["champion"].covers(some),
        )
    return measure_drift(
        books, comparison.books, vectors, (before.version, newest.version), parameters.max_drift,
        parameters.seed,
    )  # fmt: skip


def _embedded(
    store: Store, labels: Manifest, books: pd.DataFrame, comparison: Comparison, folder: Path
) -> np.ndarray:
    """Return the champion's embeddings of some covers of an earlier version."""
    clip, parameters = comparison.models["champion"].clip, comparison.parameters
    covers = store.manifest("covers", labels.parents["covers"])
    some = books.sample(min(len(books), MOST_EMBEDDED), random_state=parameters.seed)
    some = some.reset_index(drop=True)
    # In a folder of its own: files are named by shard, and here not all of a shard is read.
    cache = CoverCache(store, covers, some, clip.image_size, _GIB, folder / "before")
    vectors = embed_covers(clip, cache, parameters.batch_size)
    return np.delete(vectors, cache.broken(), axis=0)
