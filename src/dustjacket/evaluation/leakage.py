"""Leaked test covers: those that look like a cover that a model was trained on."""

import numpy as np
import pandas as pd

from dustjacket.covers.hashes import HASH_COLUMNS, MAX_DHASH_DISTANCE, MAX_VHASH_DISTANCE

_BLOCK = 256


def find_leaked(tested: pd.DataFrame, trained: pd.DataFrame) -> np.ndarray:
    """Return (tested,) whether a cover looks like one of ``trained``, by its perceptual hashes.

    The limits are those of the ingestion, which keeps such covers on one side of the split. They
    can still leak if a model was trained on a version of covers with another split.

    Args:
        tested, trained: rows with ``dhash`` and ``vhash``, 16 hexadecimal digits each; a cover
            without hashes never matches.
    """
    leaked = np.zeros(len(tested), bool)
    has_hashes = tested[HASH_COLUMNS].notna().all(axis=1)
    tested_hashes = _to_integers(tested[has_hashes])
    trained_hashes = _to_integers(trained[trained[HASH_COLUMNS].notna().all(axis=1)])
    indices = np.flatnonzero(has_hashes)
    for start in range(0, len(indices), _BLOCK):
        block = tested_hashes[start : start + _BLOCK]
        distances = np.bitwise_count(block[:, None] ^ trained_hashes[None])
        near = (distances[..., 0] <= MAX_DHASH_DISTANCE) & (distances[..., 1] <= MAX_VHASH_DISTANCE)
        leaked[indices[start : start + _BLOCK]] = near.any(axis=1)
    return leaked


def _to_integers(rows: pd.DataFrame) -> np.ndarray:
    """Return (rows, 2) hashes as 64-bit integers."""
    digits = rows[HASH_COLUMNS].to_numpy()
    integers = [int(text, 16) for text in digits.ravel()]
    return np.array(integers, dtype=np.uint64).reshape(-1, len(HASH_COLUMNS))
