"""Retrieval metrics: the rank at which a title finds its cover, and a cover its title.

Similarities are computed block by block, so memory grows with the length of the gallery alone.
Recall@k and the reciprocal rank are those of Manning, Raghavan and Schütze, Introduction to
Information Retrieval (2008), chapter 8, and of Voorhees, The TREC-8 Question Answering Track Report
(1999).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import digamma, softmax

RECALLS = (1, 5, 10)
_BLOCK = 1024


@dataclass(frozen=True)
class Ranks:
    """Ranks, from 1, of n queries' own rows; an own row may tie with others.

    Ties have no order: the own row is as likely at each of the tied places. Hits and reciprocal
    ranks are expectations over them (McSherry and Najork, Computing Information Retrieval
    Performance Measures Efficiently in the Presence of Tied Scores, 2008), so constant embeddings
    score exactly as chance does.

    Attributes:
        middle: (n,) the middle of the tied places (mid-ranks: Kendall, The Treatment of Ties in
            Ranking Problems, 1945).
        ties: (n,) the number of other rows that tie with the own one.
    """

    middle: np.ndarray
    ties: np.ndarray | int = 0

    def __len__(self) -> int:
        return len(self.middle)

    def __getitem__(self, rows: Any) -> "Ranks":
        """Return the ranks of some queries, by their indices or a mask."""
        return Ranks(self.middle[rows], np.broadcast_to(self.ties, self.middle.shape)[rows])

    @property
    def _first(self) -> np.ndarray:
        return np.asarray(self.middle - self.ties / 2)

    def hits(self, k: int) -> np.ndarray:
        """Return (n,) the probability that the own row is among the first ``k``."""
        places = self.ties + 1
        return np.asarray(np.clip(k - self._first + 1, 0, places) / places)

    def reciprocals(self) -> np.ndarray:
        """Return (n,) the expected reciprocal of the own row's rank."""
        places = self.ties + 1
        # The sum of the reciprocals of the tied places.
        sums = digamma(self._first + places) - digamma(self._first)
        return np.where(places == 1, 1 / self.middle, sums / places)


def own_ranks(
    queries: np.ndarray,
    gallery: np.ndarray,
    *,
    own: np.ndarray | None = None,
    within: np.ndarray | None = None,
    apart: np.ndarray | None = None,
) -> Ranks:
    """Return the n ranks of each query's own row of the gallery.

    Args:
        queries: (n, d).
        gallery: (m, d).
        own: (n,) the index of each query's own row; None: query i has row i.
        within: (m,) codes: search only rows that have the code of the own row.
        apart: (m,) codes: leave out other rows that have the code of the own row.
    """
    middle, ties = np.empty(len(queries)), np.empty(len(queries), np.int64)
    for block, similarities in _blocks(queries, gallery):
        rows = block if own is None else own[block]
        searched = np.ones((1, len(gallery)), bool)
        if within is not None:
            searched = within[rows][:, None] == within[None, :]
        if apart is not None:
            others = apart[rows][:, None] != apart[None, :]
            others[np.arange(len(rows)), rows] = True
            searched = searched & others
        own_similarity = similarities[np.arange(len(rows)), rows][:, None]
        above = ((similarities > own_similarity) & searched).sum(axis=1)
        tied = ((similarities == own_similarity) & searched).sum(axis=1) - 1
        middle[block], ties[block] = 1 + above + tied / 2, tied
    return Ranks(middle, ties)


def _blocks(queries: np.ndarray, gallery: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the indices of some queries, and their (queries, m) similarities to the gallery."""
    for start in range(0, len(queries), _BLOCK):
        block = np.arange(start, min(start + _BLOCK, len(queries)))
        yield block, queries[block] @ gallery.T


def retrieval_metrics(titles: np.ndarray, covers: np.ndarray) -> dict[str, dict[str, float]]:
    """Return :func:`rank_metrics` of title_to_cover and of cover_to_title.

    Args:
        titles: (n, d) embeddings of unit length.
        covers: (n, d) embeddings of unit length; row i is the cover of title i.
    """
    return {
        "title_to_cover": rank_metrics(own_ranks(titles, covers)),
        "cover_to_title": rank_metrics(own_ranks(covers, titles)),
    }


def recall_and_mrr(titles: np.ndarray, covers: np.ndarray) -> tuple[float, float]:
    """Return recall@10 and the mean reciprocal rank, each the mean of both directions.

    They are rounded, so that equal numbers of hits are equal recalls in whichever direction.
    """
    directions = retrieval_metrics(titles, covers).values()
    recall, mrr = (np.mean([m[name] for m in directions]) for name in ("recall_at_10", "mrr"))
    return round(float(recall), 9), round(float(mrr), 9)


def rank_metrics(ranks: Ranks) -> dict[str, float]:
    """Return recall@1/5/10, the median rank and the mean reciprocal rank (MRR); 0 without ranks."""
    if not len(ranks):
        return dict.fromkeys([*(f"recall_at_{k}" for k in RECALLS), "median_rank", "mrr"], 0.0)
    return {
        **{f"recall_at_{k}": float(ranks.hits(k).mean()) for k in RECALLS},
        "median_rank": float(np.median(ranks.middle)),
        "mrr": float(ranks.reciprocals().mean()),
    }


def chance(gallery: int | np.ndarray) -> dict[str, float]:
    """Return the expected :func:`rank_metrics` of random ranks.

    If each rank from 1 to m is as likely, recall@k is k / m, and the mean reciprocal rank is the
    m-th harmonic number divided by m.

    Args:
        gallery: m, the number of rows searched: one for all queries, or (n,) one for each.
    """
    sizes = np.atleast_1d(np.asarray(gallery))
    if not sizes.any():
        return rank_metrics(Ranks(np.empty(0)))
    recalls = {f"recall_at_{k}": float(np.minimum(1.0, k / sizes).mean()) for k in RECALLS}
    harmonic = np.cumsum(1 / np.arange(1, sizes.max() + 1))
    return {
        **recalls,
        "median_rank": float(np.median((sizes + 1) / 2)),
        "mrr": float((harmonic[sizes - 1] / sizes).mean()),
    }


def similarity(titles: np.ndarray, covers: np.ndarray) -> float:
    """Return the mean cosine of (n, d) titles and their own (n, d) covers; 0 if n is 0."""
    return float((titles * covers).sum(axis=1).mean()) if len(titles) else 0.0


@dataclass(frozen=True)
class TitleProbabilities:
    """The probabilities of all titles as prompts, for each of n covers.

    Attributes:
        own: (n,) the probability of the cover's own title.
        best: (n,) the highest probability of a title.
        right: (n,) whether that title is the cover's own.
    """

    own: np.ndarray
    best: np.ndarray
    right: np.ndarray

    @property
    def probability(self) -> float:
        """The mean probability of a cover's own title; 0 if n is 0."""
        return float(self.own.mean()) if len(self.own) else 0.0


def title_probabilities(titles: np.ndarray, covers: np.ndarray, scale: float) -> TitleProbabilities:
    """Return the softmax over titles of scaled cosines, for each cover.

    The zero-shot classifier of CLIP (Radford et al. 2021, section 3.1), with titles as prompts.

    Args:
        titles: (n, d) embeddings of unit length.
        covers: (n, d) embeddings of unit length; row i is the cover of title i.
        scale: the model's learnt logit scale, by which cosines are multiplied.
    """
    own, best, right = np.empty(len(covers)), np.empty(len(covers)), np.empty(len(covers), bool)
    for block, cosines in _blocks(covers, titles):
        probabilities = softmax(scale * cosines, axis=1)
        own[block] = probabilities[np.arange(len(block)), block]
        best[block] = probabilities.max(axis=1)
        right[block] = probabilities.argmax(axis=1) == block
    return TitleProbabilities(own, best, right)
