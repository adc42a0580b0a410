"""Test covers that look like one that was trained on: no test of what is not known."""

import numpy as np
import pandas as pd

from dustjacket.covers.hashes import HASH_COLUMNS, MAX_DHASH_DISTANCE, MAX_VHASH_DISTANCE

_BLOCK = 256


def leaked(tested: pd.DataFrame, trained: pd.DataFrame) -> np.ndarray:
    """Return (tested,) whether a cover looks like one of ``trained``, by its two hashes.

    What looks alike is what it is to the ingestion of covers, which keeps such covers on one side
    of the split; but a model may have been trained on a version in which they were not.

    Args:
        tested, trained: rows with ``dhash`` and ``vhash``, 16 hexadecimal digits each; a cover
            without them is like none.
    """
    found = np.zeros(len(tested), bool)
    mine, theirs = (
        tested[HASH_COLUMNS].notna().all(axis=1),
        trained[HASH_COLUMNS].notna().all(axis=1),
    )
    one, other = _bits(tested[mine]), _bits(trained[theirs])
    places = np.flatnonzero(mine)
    for start in range(0, len(places), _BLOCK):
        part = one[start : start + _BLOCK]
        apart = np.bitwise_count(part[:, None] ^ other[None])
        near = (apart[..., 0] <= MAX_DHASH_DISTANCE) & (apart[..., 1] <= MAX_VHASH_DISTANCE)
        found[places[start : start + _BLOCK]] = near.any(axis=1)
    return found


def _bits(rows: pd.DataFrame) -> np.ndarray:
    """Return (rows, 2) numbers of 64 bits."""
    digits = rows[HASH_COLUMNS].to_numpy()
    found = [int(text, 16) for text in digits.ravel()]
    return np.array(found, dtype=np.uint64).reshape(-1, len(HASH_COLUMNS))
