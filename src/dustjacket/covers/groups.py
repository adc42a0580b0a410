"""Connected components of near-duplicate covers: groups of books, and groups of covers."""

import numpy as np
import pandas as pd
import pyarrow as pa

from dustjacket.identity.groups import component_labels
from dustjacket.splits import split_of


def book_groups(links: pa.Table) -> pa.Table:
    """Return ``book``, ``group`` and ``split`` of each linked book.

    A group is a connected component; the alphabetically smallest of its books names it.

    Args:
        links: columns ``book`` and ``other_book``: pairs that must be on one side of the split.
    """
    ends = pa.chunked_array([*links["book"].chunks, *links["other_book"].chunks], pa.string())
    encoded = ends.combine_chunks().dictionary_encode()
    books, codes = encoded.dictionary, encoded.indices.to_numpy()
    labels = component_labels(len(books), *np.split(codes, 2))
    order = np.argsort(books.to_numpy(zero_copy_only=False).astype(str))
    _, first = np.unique(labels[order], return_index=True)
    smallest = order[first]
    groups = books.take(pa.array(smallest[labels]))
    splits = pa.array([split_of(group) for group in groups.to_pylist()], pa.string())
    return pa.table({"book": books, "group": groups, "split": splits})


def near_duplicate_groups(keys: pd.Series, pairs: pd.DataFrame) -> np.ndarray:
    """Return (covers,) group numbers, equal for covers that are near-duplicates, directly or not.

    Args:
        keys: of the covers.
        pairs: near-duplicates, columns ``key`` and ``other_key``.
    """
    covers = pd.Index(keys)
    starts, ends = covers.get_indexer(pairs["key"]), covers.get_indexer(pairs["other_key"])
    return component_labels(len(covers), starts, ends)
