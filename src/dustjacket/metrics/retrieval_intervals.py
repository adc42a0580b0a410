"""How sure a figure is: bootstrap intervals over the covers that it was measured on."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from dustjacket.metrics.bootstrap import draws, percentiles
from dustjacket.metrics.retrieval import RECALLS, summary

Interval = tuple[float, float]


@dataclass(frozen=True)
class Difference:
    """How much better one model is than another, on the same covers.

    Attributes:
        gain: mean of ours less theirs.
        low, high: ends of its 95 % interval.
        better, worse: on how many covers ours is.
        p: of so many or more extreme, were both as likely.
    """

    gain: float
    low: float
    high: float
    better: int
    worse: int
    p: float


def rank_intervals(ranks: np.ndarray, *, resamples: int, seed: int) -> dict[str, Interval]:
    """Return the 95 % percentile interval of each figure of ``summary``, by resampling covers.

    Args:
        ranks: (n,) from 1; where there is none, intervals are empty at zero.
    """
    if not len(ranks):
        return dict.fromkeys(summary(ranks), (0.0, 0.0))
    values, counts = np.unique(ranks, return_counts=True)
    within = np.stack([*(values <= k for k in RECALLS), 1 / values], axis=1)
    means, medians = [], []
    for drawn in draws(counts, resamples, seed):
        # By rounding, the mean of equal numbers may be less than they are.
        means.append(np.clip(drawn @ within / len(ranks), within.min(axis=0), within.max(axis=0)))
        medians.append(_medians(values, drawn, len(ranks)))
    found = np.concatenate(means).T
    names = [*(f"recall_at_{k}" for k in RECALLS), "mrr"]
    return {
        **{name: percentiles(each) for name, each in zip(names, found, strict=True)},
        "median_rank": percentiles(np.concatenate(medians)),
    }


def _medians(values: np.ndarray, drawn: np.ndarray, n: int) -> np.ndarray:
    """Return the median of each resample of sorted ``values``."""
    reached = np.cumsum(drawn, axis=1)
    middle = [values[(reached > place).argmax(axis=1)] for place in ((n - 1) // 2, n // 2)]
    return np.asarray((middle[0] + middle[1]) / 2)


def mean_interval(values: np.ndarray, *, resamples: int, seed: int) -> Interval:
    """Return the 95 % percentile interval of the mean of (n,) ``values``; of none, zeros."""
    if not len(values):
        return 0.0, 0.0
    kinds, counts = np.unique(values, return_counts=True)
    found = [drawn @ kinds / len(values) for drawn in draws(counts, resamples, seed)]
    return percentiles(np.concatenate(found))


def paired(ours: np.ndarray, theirs: np.ndarray, *, resamples: int, seed: int) -> Difference:
    """Return how much better ``ours`` is, cover by cover.

    The bootstrap resamples covers, and so both models' values of them together (Efron and
    Tibshirani 1993). The test is the exact sign test; on hits and misses that is McNemar's.

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
