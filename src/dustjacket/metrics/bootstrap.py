"""Resampling with replacement, as counts of what is alike.

To draw n things with replacement is to draw how many there are of each kind: one multinomial draw.
A resample so costs as much as there are kinds, not things.
"""

from collections.abc import Iterator

import numpy as np

_CELLS = 4_000_000  # of a table of draws held at once: 32 MB


def draws(counts: np.ndarray, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Yield (some resamples, kinds) how often each kind was drawn, ``resamples`` rows in all.

    Args:
        counts: (kinds,) how many things there are of each, and at least one in all.
    """
    rng = np.random.default_rng(seed)
    at_once = max(1, _CELLS // len(counts))
    for start in range(0, resamples, at_once):
        size = min(at_once, resamples - start)
        yield rng.multinomial(counts.sum(), counts / counts.sum(), size=size)


def percentiles(values: np.ndarray) -> tuple[float, float]:
    """Return the ends of the 95 % percentile interval of resampled ``values``.

    Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    """
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
