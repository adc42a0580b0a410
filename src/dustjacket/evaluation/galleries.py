"""Retrieval of one model over the whole test gallery, and over harder galleries."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dustjacket.identity.persons import author_key
from dustjacket.metrics.classification import calibration_error
from dustjacket.metrics.retrieval import (
    Ranks,
    chance,
    own_ranks,
    rank_metrics,
    similarity,
    title_probabilities,
)
from dustjacket.metrics.retrieval_intervals import rank_intervals

DIRECTIONS = ("title_to_cover", "cover_to_title")
SAME_GENRE, OTHER_AUTHORS = "same_genre", "other_authors"


@dataclass(frozen=True)
class HardGallery:
    """A rule that selects the covers searched for each of n books; one attribute is set.

    Attributes:
        within: (n,) codes; only covers with the book's code are searched.
        apart: (n,) codes; other covers with the book's code are left out.
    """

    within: np.ndarray | None = None
    apart: np.ndarray | None = None

    @property
    def sizes(self) -> np.ndarray:
        """Return (n,) the number of covers searched for each book."""
        if self.within is not None:
            return np.asarray(np.bincount(self.within)[self.within])
        if self.apart is not None:
            return np.asarray(len(self.apart) - np.bincount(self.apart)[self.apart] + 1)
        raise ValueError("a hard gallery needs codes: within or apart")


def hard_galleries(books: pd.DataFrame) -> dict[str, HardGallery]:
    """Return two galleries: covers of the same genre, and all but other covers by the same author.

    Args:
        books: n rows of known_genre and author. Books without an author share none.
    """
    # A placeholder for each missing author; no normalised name has a bracket.
    authors = [author_key(name) or f"({row})" for row, name in enumerate(books["author"])]
    return {
        SAME_GENRE: HardGallery(within=pd.factorize(books["known_genre"])[0]),
        OTHER_AUTHORS: HardGallery(apart=pd.factorize(np.array(authors, object))[0]),
    }


@dataclass(frozen=True)
class RetrievalResults:
    """Retrieval of one model over n titles and their covers.

    Attributes:
        ranks: n, by direction, over the whole gallery.
        metrics: metrics by direction, ``similarity``, ``match_probability``, its calibration error
            ``ece``, ``intervals`` by direction, and ``hard`` by gallery and direction.
    """

    ranks: dict[str, Ranks]
    metrics: dict[str, Any]

    def hits(self, k: int = 10, direction: str = DIRECTIONS[0]) -> np.ndarray:
        """Return (n,) whether the matching item is among the first ``k``; a share if it ties."""
        return self.ranks[direction].hits(k)


def measure_retrieval(
    titles: np.ndarray,
    covers: np.ndarray,
    scale: float,
    galleries: dict[str, HardGallery],
    *,
    groups: np.ndarray | None = None,
    resamples: int,
    seed: int,
) -> RetrievalResults:
    """Measure how well titles find their covers, and covers their titles.

    Args:
        titles: (n, d) embeddings of unit length.
        covers: (n, d); row i is the cover of title i.
        scale: the model's logit scale, by which cosines are multiplied for probabilities.
        galleries: harder galleries, by name.
        groups: (n,) the code of each book's group, for the intervals; None: each its own.
    """
    directions = dict(zip(DIRECTIONS, ((titles, covers), (covers, titles)), strict=True))
    ranks = {way: own_ranks(*pair) for way, pair in directions.items()}
    matched = title_probabilities(titles, covers, scale)
    metrics = {
        **{direction: rank_metrics(r) for direction, r in ranks.items()},
        "similarity": similarity(titles, covers),
        "match_probability": matched.probability,
        "ece": calibration_error(matched.best, matched.right) if len(titles) else 0.0,
        "intervals": {
            direction: rank_intervals(r, groups=groups, resamples=resamples, seed=seed)
            for direction, r in ranks.items()
        },
        "hard": {
            name: {
                way: rank_metrics(own_ranks(*pair, within=gallery.within, apart=gallery.apart))
                for way, pair in directions.items()
            }
            for name, gallery in galleries.items()
        },
    }
    return RetrievalResults(ranks, metrics)


def hard_chance(galleries: dict[str, HardGallery]) -> dict[str, dict[str, float]]:
    """Return the metrics of random ranking in each gallery."""
    return {name: chance(gallery.sizes) for name, gallery in galleries.items()}
