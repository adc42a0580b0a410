"""Covers that look alike: found by perceptual hash, so that none is on two sides of the split."""

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

MAX_DISTANCE = 3
"""Bits of a 64-bit difference hash in which look-alikes may differ.

Copies that were scaled or compressed again differ in 0 to 2 bits; four bands of 16 bits find
every pair within 3, for one of the bands must then be equal.
"""
_BANDS = 4


def look_alikes(hashes: list[str]) -> np.ndarray:
    """Return (pairs, 2) positions, the first the smaller, of hashes within ``MAX_DISTANCE``."""
    values = np.array([int(one, 16) for one in hashes], dtype=np.uint64)
    found: set[tuple[int, int]] = set()
    for band in range(_BANDS):
        part = (values >> np.uint64(16 * band)) & np.uint64(0xFFFF)
        for places in pd.Series(range(len(values))).groupby(part).indices.values():
            for at, first in enumerate(places[:-1]):
                others = places[at + 1 :]
                distance = np.bitwise_count(values[others] ^ values[first])
                found.update((int(first), int(one)) for one in others[distance <= MAX_DISTANCE])
    return np.array(sorted(found), dtype=np.int64).reshape(-1, 2)


def duplicates(groups: list[str], pairs: np.ndarray) -> set[int]:
    """Return the positions that show the same book in the same way as an earlier one.

    Args:
        groups: each cover's book.
        pairs: look-alikes.
    """
    return {int(later) for earlier, later in pairs if groups[earlier] == groups[later]}


def joined(groups: list[str], pairs: np.ndarray) -> list[str]:
    """Return each cover's group with look-alikes' groups joined, named by their smallest."""
    names, numbers = np.unique(groups, return_inverse=True)
    ones = np.ones(len(pairs))
    links = coo_array(
        (ones, (numbers[pairs[:, 0]], numbers[pairs[:, 1]])), shape=(len(names), len(names))
    )
    _, component = connected_components(links, directed=False)
    smallest = pd.Series(names).groupby(component).min()
    return [str(name) for name in smallest.loc[component[numbers]]]
