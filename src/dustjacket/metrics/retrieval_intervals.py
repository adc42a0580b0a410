"""Bootstrap intervals of retrieval metrics, by resampling covers.

Covers with the same value are one kind for :mod:`dustjacket.metrics.bootstrap`.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from dustjacket.metrics.bootstrap import Interval, intervals
from dustjacket.metrics.retrieval import RECALLS, rank_metrics


@dataclass(frozen=True)
class Difference:
    """The difference between two models on the same covers.

    Attributes:
        gain: the mean of ours minus theirs.
        low, high: the ends of its 95 % interval.
        better, worse: the number of covers on which ours is better, or worse.
        p: two-sided p-value of the exact sign test.
    """

    gain: float
    low: float
    high: float
    better: int
    worse: int
    p: float


def rank_intervals(ranks: np.ndarray, *, resamples: int, seed: int) -> dict[str, Interval]:
    """Return the 95 % percentile interval of each metric of ``rank_metrics``.

    Args:
        ranks: (n,) from 1; all intervals are (0, 0) if there are none.
    """
    if not len(ranks):
        return dict.fromkeys(rank_metrics(ranks), (0.0, 0.0))
    values, counts = np.unique(ranks, return_counts=True)
    contributions = np.stack([*(values <= k for k in RECALLS), 1 / values], axis=1)
    lowest, highest = contributions.min(axis=0), contributions.max(axis=0)

    def statistics(drawn: np.ndarray) -> dict[str, np.ndarray]:
        # Rounding can put the mean of equal numbers below them.
        means = np.clip(drawn @ contributions / len(ranks), lowest, highest)
        names = [*(f"recall_at_{k}" for k in RECALLS), "mrr"]
        medians = _medians(values, drawn, len(ranks))
        return {**dict(zip(names, means.T, strict=True)), "median_rank": medians}

    return intervals(counts, statistics, resamples=resamples, seed=seed)


def _medians(values: np.ndarray, drawn: np.ndarray, n: int) -> np.ndarray:
    """Return the median of each resample of n sorted ``values``."""
    cumulative = np.cumsum(drawn, axis=1)
    middle = [values[(cumulative > index).argmax(axis=1)] for index in ((n - 1) // 2, n // 2)]
    return np.asarray((middle[0] + middle[1]) / 2)


def mean_interval(values: np.ndarray, *, resamples: int, seed: int) -> Interval:
    """Return the 95 % percentile interval of the mean of (n,) ``values``; (0, 0) if n is 0."""
    if not len(values):
        return 0.0, 0.0
    kinds, counts = np.unique(values, return_counts=True)
    return intervals(
        counts,
        lambda drawn: {"mean": drawn @ kinds / len(values)},
        resamples=resamples,
        seed=seed,
    )["mean"]


def paired_difference(
    ours: np.ndarray, theirs: np.ndarray, *, resamples: int, seed: int
) -> Difference:
    """Return the difference between two models' values of the same covers.

    The bootstrap is paired: it resamples the difference of each cover (Efron and Tibshirani 1993).
    The test is the exact sign test (Dixon and Mood 1946); on hits and misses that is the exact test
    of McNemar (1947).

    Args:
        ours, theirs: (n,) values of the same covers, the higher the better.
    """
    differences = np.asarray(ours, float) - np.asarray(theirs, float)
    better, worse = int((differences > 0).sum()), int((differences < 0).sum())
    low, high = mean_interval(differences, resamples=resamples, seed=seed)
    return Difference(
        gain=float(differences.mean()) if len(differences) else 0.0,
        low=low,
        high=high,
        better=better,
        worse=worse,
        p=float(binomtest(better, better + worse).pvalue) if better + worse else 1.0,
    )
