"""Percentile bootstrap intervals (Efron and Tibshirani, An Introduction to the Bootstrap, 1993).

What is drawn with replacement is the group: books of one group (the editions of a book) depend on
each other, so drawing them one by one would give intervals that are too narrow (Davison and
Hinkley, Bootstrap Methods and their Application, 1997, section 3.8). Items that contribute alike to
a statistic are of one kind, and a statistic needs the number of items of each kind only.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from scipy.sparse import csr_array

Interval = tuple[float, float]
"""The lower and upper end of a 95 % interval."""
_CELLS = 4_000_000  # of a table of draws held at once: 32 MB


def intervals(
    kinds: np.ndarray,
    statistics: Callable[[np.ndarray], Mapping[str, np.ndarray]],
    *,
    groups: np.ndarray | None = None,
    resamples: int,
    seed: int,
) -> dict[str, Interval]:
    """Return the 95 % percentile interval of each statistic (chapter 13 of the book).

    Args:
        kinds: (n,) the code of each item's kind, from 0 without gaps; n is at least 1.
        statistics: maps (some resamples, kinds) drawn counts to named (some resamples,) values.
        groups: (n,) the code of each item's group, from 0 without gaps; None: each its own.
    """
    parts = [statistics(drawn) for drawn in _draws(kinds, groups, resamples, seed)]
    values = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return {name: _percentiles(resampled) for name, resampled in values.items()}


def _draws(
    kinds: np.ndarray, groups: np.ndarray | None, resamples: int, seed: int
) -> Iterator[np.ndarray]:
    """Yield (some resamples, kinds) drawn counts, ``resamples`` rows in all."""
    rng = np.random.default_rng(seed)
    counts = np.bincount(kinds)
    members = None if groups is None else csr_array((np.ones(len(kinds), int), (groups, kinds)))
    if members is None or members.shape[0] == len(kinds):
        # Drawing n items is one draw of how many there are of each kind.
        members, weights = None, counts / counts.sum()
    else:
        weights = np.full(members.shape[0], 1 / members.shape[0])
    size = len(kinds) if members is None else members.shape[0]
    rows = max(1, _CELLS // max(len(weights), len(counts)))
    for start in range(0, resamples, rows):
        drawn = rng.multinomial(size, weights, size=min(rows, resamples - start))
        yield drawn if members is None else drawn @ members


def _percentiles(values: np.ndarray) -> Interval:
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
