"""Intervals of retrieval metrics, and of the difference between two models.

Shares (recall@k, hits) have Wilson's interval, differences of hits that of
:mod:`dustjacket.metrics.paired`, ranks a bootstrap. All are by groups of books, if they are given.
"""

from dataclasses import dataclass

import numpy as np

from dustjacket.metrics import bootstrap
from dustjacket.metrics.bootstrap import Interval
from dustjacket.metrics.paired import paired_outcome
from dustjacket.metrics.retrieval import RECALLS, Ranks, rank_metrics
from dustjacket.metrics.shares import effective_size, share_interval, wilson


@dataclass(frozen=True)
class Difference:
    """The difference between two models on the same covers.

    Attributes:
        gain: the mean of ours minus theirs.
        low, high: the ends of its 95 % interval.
        better, worse: the number of book groups on which ours is better, or worse.
        p: two-sided p-value of the exact sign test; it is below .05 where the interval excludes 0.
    """

    gain: float
    low: float
    high: float
    better: int
    worse: int
    p: float


def rank_intervals(
    ranks: Ranks, *, groups: np.ndarray | None = None, resamples: int, seed: int
) -> dict[str, Interval]:
    """Return the 95 % interval of each metric of ``rank_metrics``.

    Args:
        ranks: of n books. If there are none, nothing is known: shares are from 0 to 1.
        groups: (n,) the code of each book's group; None: each its own.
    """
    if not len(ranks):
        return {**dict.fromkeys(rank_metrics(ranks), (0.0, 1.0)), "median_rank": (0.0, 0.0)}
    values, kinds = np.unique(ranks.middle, return_inverse=True)

    def medians(drawn: np.ndarray) -> dict[str, np.ndarray]:
        return {"median_rank": _medians(values, drawn)}

    resampling = {"resamples": resamples, "seed": seed}
    return {
        **{f"recall_at_{k}": share_interval(ranks.hits(k), groups) for k in RECALLS},
        "mrr": mean_interval(ranks.reciprocals(), groups=groups, **resampling),
        **bootstrap.intervals(kinds, medians, groups=groups, **resampling),
    }


def _medians(values: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Return the median of each resample of sorted ``values``."""
    cumulative = np.cumsum(drawn, axis=1)
    n = cumulative[:, -1]
    middle = [
        values[(cumulative > index[:, None]).argmax(axis=1)] for index in ((n - 1) // 2, n // 2)
    ]
    return np.asarray((middle[0] + middle[1]) / 2)


def mean_interval(
    values: np.ndarray, *, groups: np.ndarray | None = None, resamples: int, seed: int
) -> Interval:
    """Return the 95 % percentile interval of the mean of (n,) ``values`` from 0 to 1.

    Of equal values, a bootstrap has no width; they then count as shares, which vary most.
    """
    if not len(values):
        return 0.0, 1.0
    means, kinds = np.unique(values, return_inverse=True)
    if len(means) == 1:
        return wilson(float(means[0]), effective_size(values, groups))
    return bootstrap.intervals(
        kinds,
        lambda drawn: {"mean": drawn @ means / drawn.sum(axis=1)},
        groups=groups,
        resamples=resamples,
        seed=seed,
    )["mean"]


def paired_difference(
    ours: np.ndarray, theirs: np.ndarray, *, groups: np.ndarray | None = None
) -> Difference:
    """Return the difference between two models' hits on the same covers.

    Args:
        ours, theirs: (n,) from 0 to 1, the higher the better.
        groups: (n,) the code of each book's group; None: each its own.
    """
    found = paired_outcome(ours, theirs, groups)
    low, high = found.interval()
    return Difference(found.gain, low, high, found.better, found.worse, found.p)
