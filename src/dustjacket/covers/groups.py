"""Groups of covers that are near-duplicates."""

import numpy as np
import pandas as pd

from dustjacket.identity.groups import component_labels


def near_duplicate_groups(keys: pd.Series, pairs: pd.DataFrame) -> np.ndarray:
    """Return (covers,) group numbers, equal for covers that are near-duplicates, directly or not.

    Args:
        keys: of the covers.
        pairs: near-duplicates, columns ``key`` and ``other_key``.
    """
    covers = pd.Index(keys)
    starts, ends = covers.get_indexer(pairs["key"]), covers.get_indexer(pairs["other_key"])
    return component_labels(len(covers), starts, ends)
