"""The comparison of starting weights, champion and candidate on the same covers."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from dustjacket.clip.embed import embed_covers, optimize_for_inference
from dustjacket.clip.images import CoverCache
from dustjacket.clip.prompts import query_prompts
from dustjacket.clip.read import load_version
from dustjacket.clip.step import ClipParameters
from dustjacket.evaluation.covers import (
    EvaluationCovers,
    group_codes,
    load_covers,
)
from dustjacket.evaluation.drift import MAX_EMBEDDED, Drift, measure_drift
from dustjacket.evaluation.embeddings import Embedder
from dustjacket.evaluation.galleries import (
    HardGallery,
    RetrievalResults,
    hard_galleries,
    measure_retrieval,
)
from dustjacket.evaluation.leakage import find_leaked
from dustjacket.evaluation.lineage import Lineage, read_lineage
from dustjacket.evaluation.step import EvaluationParameters
from dustjacket.pipeline.job import Job
from dustjacket.pipeline.kinds import Kind
from dustjacket.splits import Split
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.parents import parent_of
from dustjacket.storage.store import Store

_GIB = 1 << 30


@dataclass(frozen=True)
class Comparison:
    """The models to compare, and the covers to compare them on.

    Attributes:
        lineage: what the evaluation follows from the candidate and the champion.
        manifests: of starting, champion and candidate.
        models: the same, with their embeddings; names of the same version share one model.
        covers: those that the candidate was trained on, without leaked test covers.
        broken: covers that do not decode, by split.
        leaked: number of test covers that look like a training cover of candidate or champion.
        genre: whether the candidate was trained with genres in prompts.
        min_confidence: the ablation leaves predicted genres of lower probability out of prompts.
        side: the side of the split that is tested.
    """

    lineage: Lineage
    manifests: dict[str, Manifest]
    models: dict[str, Embedder]
    covers: EvaluationCovers
    broken: dict[str, int]
    leaked: int
    genre: bool
    min_confidence: float
    parameters: EvaluationParameters
    side: Split = "test"

    @property
    def test_indices(self) -> np.ndarray:
        """Return the indices of the tested covers."""
        return self.covers.indices(self.side)

    @property
    def test_books(self) -> pd.DataFrame:
        """Return the rows of the tested books."""
        return self.covers.books.iloc[self.test_indices].reset_index(drop=True)

    @property
    def test_groups(self) -> np.ndarray:
        """Return the code of each tested cover's book group."""
        return group_codes(self.test_books)

    @property
    def splits(self) -> dict[str, np.ndarray]:
        """Return the indices of the covers by split; "test" are the tested ones."""
        validation = self.covers.indices("validation")
        return {
            "train": self.covers.indices("train"),
            "validation": validation[:0] if self.side == "validation" else validation,
            "test": self.test_indices,
        }

    @property
    def leaked_share(self) -> float:
        """Return the share of the test covers that leaked."""
        return self.leaked / max(1, self.leaked + len(self.covers.indices("test")))

    def galleries(self) -> dict[str, HardGallery]:
        """Return the hard galleries of the test covers."""
        return hard_galleries(self.test_books)

    def retrieve(self, name: str) -> RetrievalResults:
        """Measure the retrieval of one model, with the prompts and the weights that are served."""
        model, parameters = self.models[name], self.parameters
        titles = model.embed_texts(query_prompts(self.test_books))
        return measure_retrieval(
            titles, model.embed_covers(self.test_indices), model.clip.scale,
            self.galleries(), groups=self.test_groups, resamples=parameters.bootstrap,
            seed=parameters.seed,
        )  # fmt: skip


def load_comparison(
    job: Job[EvaluationParameters], parameters: EvaluationParameters, folder: Path
) -> Comparison:
    """Load the three models and decode the covers.

    Args:
        folder: holds the decoded covers; must outlive the result.

    Raises:
        MissingVersionError: a version without which nothing can be compared was deleted.
    """
    store, candidate = job.store, job.input(Kind.CLIP_CANDIDATE)
    recipe = ClipParameters.recorded({"min_confidence": 0.0, **candidate.parameters})
    lineage = read_lineage(store, candidate)
    manifests = {
        "starting": lineage.starting,
        "champion": lineage.champion,
        "candidate": candidate,
    }
    versions = {(model.kind, model.version): model for model in manifests.values()}
    clips = {
        version: optimize_for_inference(load_version(store, model))
        for version, model in versions.items()
    }
    books = lineage.books
    covers = load_covers(
        store, lineage.labels, books, {clip.image_size for clip in clips.values()}, folder=folder,
        max_bytes=int(recipe.cache_gib * _GIB),
        seed=parameters.seed,
    )  # fmt: skip
    embedders = {
        version: Embedder(clip, covers.images[clip.image_size], parameters.batch_size)
        for version, clip in clips.items()
    }
    trained_on = [books] if lineage.champion_books is None else [books, lineage.champion_books]
    training_rows = pd.concat([rows[rows["split"] == "train"] for rows in trained_on])
    test_indices = covers.indices("test")
    leaked_indices = test_indices[find_leaked(covers.books.iloc[test_indices], training_rows)]
    return Comparison(
        lineage=lineage,
        manifests=manifests,
        models={name: embedders[model.kind, model.version] for name, model in manifests.items()},
        covers=covers.without(leaked_indices),
        broken=covers.broken(),
        leaked=len(leaked_indices),
        genre=recipe.include_genre,
        min_confidence=recipe.min_confidence,
        parameters=parameters,
    )


def drift_since_champion(store: Store, comparison: Comparison, folder: Path) -> Drift | None:
    """Measure the drift from the champion's training covers to the candidate's.

    Returns None if the champion is starting weights, which were trained on no labelled covers, or
    if its labelled covers are gone.

    Args:
        folder: see :func:`load_comparison`.
    """
    lineage, parameters = comparison.lineage, comparison.parameters
    before, books, newest = lineage.champion_labels, lineage.champion_books, lineage.labels
    if before is None or books is None:
        return None
    embeddings = (np.empty((0, 1)), np.empty((0, 1)))
    if before.version != newest.version:
        indices = np.flatnonzero(comparison.covers.usable)
        rng = np.random.default_rng(parameters.seed)
        embeddings = (
            _embed_earlier(store, before, books, comparison, folder),
            comparison.models["champion"].embed_covers(rng.permutation(indices)[:MAX_EMBEDDED]),
        )
    return measure_drift(
        books, lineage.books, embeddings, (before.version, newest.version),
        parameters.max_drift, parameters.seed,
    )  # fmt: skip


def _embed_earlier(
    store: Store, labels: Manifest, books: pd.DataFrame, comparison: Comparison, folder: Path
) -> np.ndarray:
    """Return the champion's embeddings of a sample of an earlier version's covers."""
    clip, parameters = comparison.models["champion"].clip, comparison.parameters
    covers = parent_of(store, labels, Kind.COVERS)
    sample = books.sample(min(len(books), MAX_EMBEDDED), random_state=parameters.seed)
    sample = sample.reset_index(drop=True)
    # In a folder of its own: cache files are named by shard, and these hold only part of a shard.
    cache = CoverCache(store, covers, sample, clip.image_size, _GIB, folder / "before")
    embeddings = embed_covers(clip, cache, parameters.batch_size)
    return np.delete(embeddings, cache.broken(), axis=0)
