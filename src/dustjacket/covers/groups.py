"""Covers that look alike: found by perceptual hash, so that none is on two sides of the split."""

from collections.abc import Sequence

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


def duplicates(groups: Sequence[str], hashes: Sequence[str]) -> list[int]:
    """Return the places of covers that show the same book in the same way as an earlier one.

    Args:
        groups: each cover's book.
        hashes: each cover's difference hash, 16 hexadecimal digits.
    """
    values = _values(hashes)
    found: list[int] = []
    for places in pd.Series(range(len(values))).groupby(np.asarray(groups)).indices.values():
        for at in range(1, len(places)):
            distance = np.bitwise_count(values[places[:at]] ^ values[places[at]])
            if distance.min() <= MAX_DISTANCE:
                found.append(int(places[at]))
    return sorted(found)


def joined(groups: Sequence[str], hashes: Sequence[str]) -> list[str]:
    """Return each cover's group with look-alikes' groups joined, named by their smallest.

    Args: as of :func:`duplicates`.
    """
    names, books = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    looks, look = np.unique(_values(hashes), return_inverse=True)
    alike = near(looks) + len(names)
    # Books and looks are the two kinds of nodes, so any number of equal hashes is linked by one.
    start = np.concatenate([books, alike[:, 0]])
    end = np.concatenate([look + len(names), alike[:, 1]])
    nodes = len(names) + len(looks)
    if not nodes:
        return []
    graph = coo_array((np.ones(len(start), bool), (start, end)), shape=(nodes, nodes))
    _, component = connected_components(graph, directed=False)
    smallest = pd.Series(names).groupby(component[: len(names)]).min()
    return [str(name) for name in smallest.loc[component[books]]]


def near(values: np.ndarray) -> np.ndarray:
    """Return (pairs, 2) places, the first the smaller, of hashes within ``MAX_DISTANCE``.

    Args:
        values: (n,) of 64-bit unsigned numbers, all different. A pair may come more than once.
    """
    found = [np.empty((0, 2), np.int64)]
    for band in range(_BANDS):
        part = (values >> np.uint64(16 * band)) & np.uint64(0xFFFF)
        for places in pd.Series(range(len(values))).groupby(part).indices.values():
            for at, first in enumerate(places[:-1]):
                others = places[at + 1 :]
                others = others[np.bitwise_count(values[others] ^ values[first]) <= MAX_DISTANCE]
                if len(others):
                    found.append(np.column_stack([np.full(len(others), first), others]))
    return np.concatenate(found)


def _values(hashes: Sequence[str]) -> np.ndarray:
    return np.array([int(one, 16) for one in hashes], dtype=np.uint64)
