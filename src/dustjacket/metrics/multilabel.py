"""Metrics of several labels an item, with bootstrap intervals by groups of items."""

from collections.abc import Mapping

import numpy as np
from scipy.sparse import csr_array

from dustjacket.metrics import bootstrap

_TOP = 5

Measured = tuple[float, float, float]
"""A value, and the lower and upper end of its 95 % interval."""


def multilabel_metrics(
    true: csr_array,
    assigned: csr_array,
    scores: np.ndarray,
    *,
    groups: np.ndarray | None = None,
    resamples: int = 1000,
    seed: int = 13,
) -> dict[str, Measured]:
    """Return F1 of assigned labels, and F1@5 and nDCG@5 of ranked ones.

    ``f1_micro`` counts all pairs of item and label; ``f1_macro`` is the mean over labels that some
    item has or is assigned. ``f1_at_5`` and ``ndcg_at_5`` are means over items: of the harmonic
    mean of precision and recall of the five best labels, and of the normalised discounted
    cumulative gain (Järvelin and Kekäläinen, ACM Transactions on Information Systems 20, 2002) with
    gains of 0 or 1.

    Args:
        true: (items, labels) 1 where an item has a label; each has one at least.
        assigned: (items, labels) 1 where a label is assigned.
        scores: (items, labels), the higher the likelier.
        groups: (items,) the code of each item's group; None: each its own.
    """
    hits = true.multiply(assigned).tocsr()
    pairs = [matrix.astype(float).T.tocsr() for matrix in (hits, true, assigned)]
    ranked = np.stack([_f1_at_top(true, scores), _ndcg_at_top(true, scores)])

    def statistics(drawn: np.ndarray) -> Mapping[str, np.ndarray]:
        hit, has, given = (matrix @ drawn.T for matrix in pairs)  # (labels, resamples)
        occurring = (has + given) > 0
        by_label = np.where(occurring, 2 * hit / np.maximum(has + given, 1), 0)
        f1_at, ndcg_at = ranked @ drawn.T / drawn.sum(axis=1)
        return {
            "f1_micro": 2 * hit.sum(axis=0) / np.maximum((has + given).sum(axis=0), 1),
            "f1_macro": by_label.sum(axis=0) / np.maximum(occurring.sum(axis=0), 1),
            f"f1_at_{_TOP}": f1_at,
            f"ndcg_at_{_TOP}": ndcg_at,
        }

    items = np.arange(true.shape[0])
    values = statistics(np.ones((1, len(items))))
    ends = bootstrap.intervals(items, statistics, groups=groups, resamples=resamples, seed=seed)
    return {name: (float(value[0]), *ends[name]) for name, value in values.items()}


def _top_hits(true: csr_array, scores: np.ndarray) -> np.ndarray:
    """Return (items, up to 5) whether each of the best labels is true, best first."""
    best = np.argsort(-scores, axis=1, kind="stable")[:, :_TOP]
    rows = np.arange(true.shape[0])[:, None]
    return np.asarray(true[np.broadcast_to(rows, best.shape).ravel(), best.ravel()]).reshape(
        best.shape
    )


def _f1_at_top(true: csr_array, scores: np.ndarray) -> np.ndarray:
    hits = _top_hits(true, scores)
    sizes = np.diff(true.indptr)
    return np.asarray(2 * hits.sum(axis=1) / (hits.shape[1] + sizes))


def _ndcg_at_top(true: csr_array, scores: np.ndarray) -> np.ndarray:
    hits = _top_hits(true, scores)
    discounts = 1 / np.log2(np.arange(2, hits.shape[1] + 2))
    best = np.cumsum(discounts)[np.minimum(np.diff(true.indptr), hits.shape[1]) - 1]
    return np.asarray(hits @ discounts / best)
