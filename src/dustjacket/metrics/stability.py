"""The population stability index of counts, with the p-value of a permutation test."""

import numpy as np

_PSEUDO_COUNT = 0.5


def psi(before: np.ndarray, newest: np.ndarray) -> np.ndarray:
    """Return the population stability index (PSI) of counts in the same bins; 0 is no change.

    Siddiqi, Credit Risk Scorecards (2006): 0.1 to 0.25 is some change, more is a large change.
    Half a count is added to each bin, so that empty bins do not dominate.

    Args:
        before, newest: (..., bins) counts.
    """
    expected, actual = (
        (counts + _PSEUDO_COUNT) / (counts + _PSEUDO_COUNT).sum(axis=-1, keepdims=True)
        for counts in (before, newest)
    )
    return np.asarray(((actual - expected) * np.log(actual / expected)).sum(axis=-1))


def psi_test(counts: np.ndarray, *, permutations: int, seed: int) -> tuple[float, float]:
    """Return the PSI of two samples, and the p-value of its permutation test.

    A permutation deals the items of both samples out anew, so the counts of the first sample are
    drawn without replacement from those of both (a multivariate hypergeometric distribution).

    Args:
        counts: (2, bins) of the samples. If one is empty, the result is (0, 1).
    """
    sizes = counts.sum(axis=1)
    if not sizes.all():
        return 0.0, 1.0
    value, both = float(psi(*counts)), counts.sum(axis=0)
    rng = np.random.default_rng(seed)
    dealt = rng.multivariate_hypergeometric(both, sizes[0], size=permutations)
    as_large = int((psi(dealt, both - dealt) >= value * (1 - 1e-9)).sum())
    return value, (as_large + 1) / (permutations + 1)
