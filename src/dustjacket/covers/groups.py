"""Books that are linked by looks: each linked one with the name of all that hang together."""

import numpy as np
import pyarrow as pa
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dustjacket.splits import split_of


def linked_groups(links: pa.Table) -> pa.Table:
    """Return ``book``, ``group`` and ``split`` of each linked book; its smallest relation names it.

    Args:
        links: columns ``book`` and ``other_book``, a row a pair that is on one side of the split.
    """
    ends = pa.chunked_array([*links["book"].chunks, *links["other_book"].chunks], pa.string())
    coded = ends.combine_chunks().dictionary_encode()
    names, places = coded.dictionary, coded.indices.to_numpy()
    order = np.argsort(names.to_numpy(zero_copy_only=False).astype(str))
    start, end = np.split(places, 2)
    graph = coo_array((np.ones(len(start), bool), (start, end)), shape=(len(names),) * 2)
    _, component = connected_components(graph, directed=False)
    # Of each component the first in alphabetical order is its smallest.
    _, first = np.unique(component[order], return_index=True)
    smallest = order[first]
    groups = names.take(pa.array(smallest[component]))
    splits = pa.array([split_of(group) for group in groups.to_pylist()], pa.string())
    return pa.table({"book": names, "group": groups, "split": splits})
