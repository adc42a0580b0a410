"""Intervals of shares: how many of n items are hits. None has width 0, however few the items.

Wilson, Probable Inference, JASA 22, 1927. Items of one group (the editions of a book) depend on
each other: n is divided by their design effect (Kish, Survey Sampling, 1965, chapter 5).
"""

from collections.abc import Sequence

import numpy as np
from scipy.stats import norm

from dustjacket.metrics.bootstrap import Interval


def share_interval(
    hits: np.ndarray, groups: np.ndarray | None = None, *, confidence: float = 0.95
) -> Interval:
    """Return the Wilson interval of the mean of (n,) ``hits``; (0, 1) if n is 0.

    Args:
        hits: from 0 to 1. Values between (the hits of tied ranks) vary less than hits and misses
            of the same mean, so for them the interval is a little too wide.
        groups: (n,) the code of each item's group; None: each its own.
    """
    if not len(hits):
        return 0.0, 1.0
    return wilson(float(np.mean(hits)), effective_size(hits, groups), confidence=confidence)


def wilson(share: float, size: float, *, confidence: float = 0.95) -> Interval:
    """Return Wilson's score interval of a share of ``size`` items, which need not be whole."""
    z2 = norm.isf((1 - confidence) / 2) ** 2
    centre = (share + z2 / (2 * size)) / (1 + z2 / size)
    half = np.sqrt(z2 * (share * (1 - share) / size + z2 / (4 * size**2))) / (1 + z2 / size)
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def effective_size(values: np.ndarray, groups: np.ndarray | None) -> float:
    """Return n divided by the design effect of the groups: a number from 1 to n.

    The design effect is the variance of the mean where groups are drawn, divided by that where
    items are. Of equal values it cannot be measured; it is then that of groups whose items are
    copies of each other.

    Args:
        values: (n,), n at least 1.
        groups: (n,) the code of each item's group; None: each its own.
    """
    n = len(values)
    sizes = np.ones(n) if groups is None else np.bincount(groups)
    sizes = sizes[sizes > 0]
    if len(sizes) == n:
        return float(n)
    copies = n**2 / float((sizes**2).sum())
    variance = float(np.var(values)) / n
    if variance == 0 or len(sizes) < 2:
        return copies
    totals = np.bincount(np.asarray(groups), weights=values - np.mean(values))
    by_group = len(sizes) / (len(sizes) - 1) * float((totals**2).sum()) / n**2
    return float(np.clip(n * variance / by_group, 1, n)) if by_group else float(n)


def mean_of(estimates: Sequence[float], intervals: Sequence[Interval]) -> Interval:
    """Return the interval of the mean of independent estimates, from the interval of each.

    The square-and-add method (MOVER): Newcombe, Statistics in Medicine 17, 1998, and Zou and
    Donner, Statistics in Medicine 27, 2008.
    """
    values, (lows, highs) = np.array(estimates), np.array(intervals).T
    mean, k = float(values.mean()), len(values)
    return (
        mean - float(np.sqrt(((values - lows) ** 2).sum())) / k,
        mean + float(np.sqrt(((highs - values) ** 2).sum())) / k,
    )
