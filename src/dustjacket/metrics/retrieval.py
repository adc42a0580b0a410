"""Retrieval metrics: how early the cover that belongs to a title is found, and the reverse.

Whole galleries are compared block by block, so that memory grows with their length alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

RECALLS = (1, 5, 10)
_BLOCK = 1024


def ranks(similarity: np.ndarray) -> np.ndarray:
    """Return the rank (from 1) of each row's own column in a square matrix of similarities.

    Of covers that tie with the own one, half count as before it: a model that tells none apart is
    as good as chance.
    """
    return _ranks(similarity, np.arange(len(similarity)), np.ones((1, len(similarity)), bool))


def own_ranks(
    queries: np.ndarray,
    gallery: np.ndarray,
    *,
    own: np.ndarray | None = None,
    within: np.ndarray | None = None,
    apart: np.ndarray | None = None,
) -> np.ndarray:
    """Return (n,) the rank, as of :func:`ranks`, of each query's own row of the gallery.

    Args:
        queries: (n, d).
        gallery: (m, d).
        own: (n,) the row that each query belongs to; None: query i to row i.
        within: (m,) codes: only rows of the query's own code are searched.
        apart: (m,) codes: other rows of the query's own code are left out.
    """
    found = np.empty(len(queries))
    for some, similarity in _blocks(queries, gallery):
        rows = some if own is None else own[some]
        searched = np.ones((1, len(gallery)), bool)
        if within is not None:
            searched = within[rows][:, None] == within[None, :]
        if apart is not None:
            others = apart[rows][:, None] != apart[None, :]
            others[np.arange(len(rows)), rows] = True
            searched = searched & others
        found[some] = _ranks(similarity, rows, searched)
    return found


def _ranks(similarity: np.ndarray, own: np.ndarray, searched: np.ndarray) -> np.ndarray:
    score = similarity[np.arange(len(similarity)), own][:, None]
    above = ((similarity > score) & searched).sum(axis=1)
    tied = ((similarity == score) & searched).sum(axis=1) - 1
    found: np.ndarray = 1 + above + tied / 2
    return found


def _blocks(queries: np.ndarray, gallery: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the numbers of some queries and their similarities to the whole gallery."""
    for start in range(0, len(queries), _BLOCK):
        own = np.arange(start, min(start + _BLOCK, len(queries)))
        yield own, queries[own] @ gallery.T


def retrieval(titles: np.ndarray, covers: np.ndarray) -> dict[str, dict[str, float]]:
    """Return recall@1/5/10, the median rank and MRR, title to cover and cover to title.

    Args:
        titles: (n, d) embeddings of unit length.
        covers: (n, d) embeddings of unit length; row i is the cover of title i.
    """
    return {
        "title_to_cover": summary(own_ranks(titles, covers)),
        "cover_to_title": summary(own_ranks(covers, titles)),
    }


def mean_recall_at_10(titles: np.ndarray, covers: np.ndarray) -> float:
    """Return recall@10, the mean of both directions."""
    return float(np.mean([found["recall_at_10"] for found in retrieval(titles, covers).values()]))


def summary(found: np.ndarray) -> dict[str, float]:
    """Return recall@1/5/10, the median and the mean reciprocal (MRR) of ranks; of none, zeros."""
    if not len(found):
        return dict.fromkeys([*(f"recall_at_{k}" for k in RECALLS), "median_rank", "mrr"], 0.0)
    recalls = {f"recall_at_{k}": float((found <= k).mean()) for k in RECALLS}
    return {**recalls, "median_rank": float(np.median(found)), "mrr": float((1 / found).mean())}


def chance(gallery: int | np.ndarray) -> dict[str, float]:
    """Return what a model that knows nothing reaches.

    Args:
        gallery: how many are searched, by all queries or by each of (n,).
    """
    sizes = np.atleast_1d(np.asarray(gallery))
    if not sizes.any():
        return summary(np.empty(0))
    recalls = {f"recall_at_{k}": float(np.minimum(1.0, k / sizes).mean()) for k in RECALLS}
    harmonic = np.cumsum(1 / np.arange(1, sizes.max() + 1))
    return {
        **recalls,
        "median_rank": float(np.median((sizes + 1) / 2)),
        "mrr": float((harmonic[sizes - 1] / sizes).mean()),
    }


def similarity(titles: np.ndarray, covers: np.ndarray) -> float:
    """Return the mean cosine of titles and their own covers; 0 where there is none."""
    return float((titles * covers).sum(axis=1).mean()) if len(titles) else 0.0


@dataclass(frozen=True)
class Matching:
    """The paper's softmax over all titles as prompts, for each of n covers.

    Attributes:
        own: (n,) the probability of the cover's own title.
        best: (n,) that of the likeliest title.
        right: (n,) whether the likeliest is its own.
    """

    own: np.ndarray
    best: np.ndarray
    right: np.ndarray

    @property
    def probability(self) -> float:
        """Return the mean probability of a cover's own title; 0 where there is none."""
        return float(self.own.mean()) if len(self.own) else 0.0


def matching(titles: np.ndarray, covers: np.ndarray, scale: float) -> Matching:
    """Return how probable titles are for covers.

    Args:
        titles: (n, d) embeddings of unit length.
        covers: (n, d); row i is the cover of title i.
        scale: the model's learnt logit scale, by which cosines are multiplied.
    """
    of_own, best, right = np.empty(len(covers)), np.empty(len(covers)), np.empty(len(covers), bool)
    for own, cosines in _blocks(covers, titles):
        probabilities = softmax(scale * cosines, axis=1)
        of_own[own] = probabilities[np.arange(len(own)), own]
        best[own], right[own] = probabilities.max(axis=1), probabilities.argmax(axis=1) == own
    return Matching(of_own, best, right)
