"""Retrieval of one model over the whole test gallery, and over harder ones."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dustjacket.metrics.classification import calibration_error
from dustjacket.metrics.retrieval import (
    chance,
    own_ranks,
    rank_metrics,
    similarity,
    title_probabilities,
)
from dustjacket.metrics.retrieval_intervals import rank_intervals
from dustjacket.splits import normalise

DIRECTIONS = ("title_to_cover", "cover_to_title")
SAME_GENRE, OTHER_AUTHORS = "same_genre", "other_authors"


@dataclass(frozen=True)
class HardGallery:
    """Which covers are searched for each of n books.

    Attributes:
        within: codes; only covers of the own code are searched. None: all.
        apart: codes; other covers of the own code are left out. None: none.
    """

    within: np.ndarray | None = None
    apart: np.ndarray | None = None

    @property
    def sizes(self) -> np.ndarray:
        """Return (n,) how many covers are searched for each book."""
        if self.within is not None:
            return np.asarray(np.bincount(self.within)[self.within])
        if self.apart is not None:
            return np.asarray(len(self.apart) - np.bincount(self.apart)[self.apart] + 1)
        raise ValueError("a gallery is hard within something, or apart from something")


def hard_galleries(books: pd.DataFrame) -> dict[str, HardGallery]:
    """Return the gallery of a book's own genre, and that without its author's other books.

    Args:
        books: n rows of known_genre and author; books without an author have none in common.
    """
    authors = [normalise(author) for author in books["author"]]
    # No normalised name has a bracket.
    named = [author or f"({at})" for at, author in enumerate(authors)]
    return {
        SAME_GENRE: HardGallery(within=pd.factorize(books["known_genre"])[0]),
        OTHER_AUTHORS: HardGallery(apart=pd.factorize(np.array(named, object))[0]),
    }


@dataclass(frozen=True)
class Retrieved:
    """What one model's embeddings of n titles and their covers came to.

    Attributes:
        ranks: (n,) by direction, over the whole gallery.
        figures: the metrics by direction, ``similarity``, ``match_probability``, its ``ece``,
            ``intervals`` by direction, and ``hard`` by gallery and direction.
    """

    ranks: dict[str, np.ndarray]
    figures: dict[str, Any]

    def hits(self, k: int = 10, direction: str = DIRECTIONS[0]) -> np.ndarray:
        """Return (n,) whether the own one is among the first ``k``."""
        return self.ranks[direction] <= k


def retrieve(
    titles: np.ndarray,
    covers: np.ndarray,
    scale: float,
    galleries: dict[str, HardGallery],
    *,
    resamples: int,
    seed: int,
) -> Retrieved:
    """Measure how well titles find their covers, and covers their titles.

    Args:
        titles: (n, d) embeddings of unit length.
        covers: (n, d); row i is the cover of title i.
        scale: what cosines are multiplied by for probabilities.
        galleries: harder ones.
    """
    ways = dict(zip(DIRECTIONS, ((titles, covers), (covers, titles)), strict=True))
    found = {way: own_ranks(*pair) for way, pair in ways.items()}
    matched = title_probabilities(titles, covers, scale)
    figures = {
        **{way: rank_metrics(ranks) for way, ranks in found.items()},
        "similarity": similarity(titles, covers),
        "match_probability": matched.probability,
        "ece": calibration_error(matched.best, matched.right) if len(titles) else 0.0,
        "intervals": {
            way: rank_intervals(ranks, resamples=resamples, seed=seed)
            for way, ranks in found.items()
        },
        "hard": {
            name: {
                way: rank_metrics(own_ranks(*pair, within=gallery.within, apart=gallery.apart))
                for way, pair in ways.items()
            }
            for name, gallery in galleries.items()
        },
    }
    return Retrieved(found, figures)


def hard_chance(galleries: dict[str, HardGallery]) -> dict[str, dict[str, float]]:
    """Return what a model that knows nothing reaches in each gallery."""
    return {name: chance(gallery.sizes) for name, gallery in galleries.items()}
