"""Percentile bootstrap intervals (Efron and Tibshirani, An Introduction to the Bootstrap, 1993).

Items that contribute alike to a statistic are grouped into kinds. Drawing n items with replacement
is then one multinomial draw of how many there are of each kind, so a resample costs as much as
there are kinds, not items.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

Interval = tuple[float, float]
"""The lower and upper end of a 95 % interval."""
_CELLS = 4_000_000  # of a table of draws held at once: 32 MB


def intervals(
    counts: np.ndarray,
    statistics: Callable[[np.ndarray], Mapping[str, np.ndarray]],
    *,
    resamples: int,
    seed: int,
) -> dict[str, Interval]:
    """Return the 95 % percentile interval of each statistic (chapter 13 of the book).

    Args:
        counts: (kinds,) the number of items of each kind; their sum is at least 1.
        statistics: maps (some resamples, kinds) drawn counts to named (some resamples,) values.
    """
    parts = [statistics(drawn) for drawn in _draws(counts, resamples, seed)]
    values = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return {name: _percentiles(resampled) for name, resampled in values.items()}


def _draws(counts: np.ndarray, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Yield (some resamples, kinds) drawn counts, ``resamples`` rows in all."""
    rng = np.random.default_rng(seed)
    rows = max(1, _CELLS // len(counts))
    for start in range(0, resamples, rows):
        size = min(rows, resamples - start)
        yield rng.multinomial(counts.sum(), counts / counts.sum(), size=size)


def _percentiles(values: np.ndarray) -> Interval:
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
