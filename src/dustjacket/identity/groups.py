"""Groups of books that stay on one side of the split: connected components of a whole table."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MAX_TITLES = {"isbn13": 4, "work_id": 50}
"""An identifier of more titles than this is a placeholder, and joins nothing.

Editions of one ISBN have one title, which people spell in a few ways; those of one work have a
title in each language.
"""

MAX_AUTHORS = 5
"""A book without an author joins those of its title if they have no more authors than this."""

MAX_SPELLINGS = 20
"""Titles of one author that differ in subtitle or series alone, up to this number, are one group.

More of them are a brand ("Lonely Planet: …"), of which each title is a group of its own.
"""

_NOBODY = 0


def groups_of(keys: pa.Table, pairs: tuple[np.ndarray, np.ndarray] | None = None) -> pa.Array:
    """Return the name of each row's group.

    Rows are in one group if they share a coarse title and one of its authors, a valid ISBN or a
    work; directly, or through other rows. A row without an author joins those of its title where
    few authors have it. A group has the smallest of the names that its rows have by themselves. So
    a row that is added moves a group only if its own name is the smallest, or if it joins two.

    Args:
        keys: n rows of ``strict`` and ``coarse`` (see :mod:`dustjacket.splits`), and ``isbn13`` and
            ``work_id``, null where unknown.
        pairs: (pairs,) indices of rows and of others that are in one group for other reasons, such
            as covers that look alike.
    """
    n = len(keys)
    titles, exact = codes_of(part_of(keys["coarse"], 0)), codes_of(part_of(keys["strict"], 0))
    rows, persons = _persons(keys["coarse"])
    authors = codes_of(_pair(titles[rows], persons))
    # A brand: its titles are told apart, each with its author.
    is_brand = _distinct(authors, exact[rows]) > MAX_SPELLINGS
    branded = is_brand[authors]
    links = [
        (rows[~branded], authors[~branded]),
        (rows, codes_of(_pair(exact[rows], persons))),
    ]
    in_brand = np.zeros(n, bool)
    in_brand[rows[branded]] = True
    nameless = rows[persons == _NOBODY]
    for title, may_join in ((titles, ~in_brand), (exact, np.ones(n, bool))):
        few = _distinct(title[rows], persons) <= MAX_AUTHORS + 1
        few &= np.isin(np.arange(len(few)), title[nameless])
        joined = np.flatnonzero(few[title] & may_join)
        links.append((joined, title[joined]))
    for name, most in MAX_TITLES.items():
        known = np.flatnonzero(keys[name].is_valid().to_numpy(zero_copy_only=False))
        identifiers = codes_of(keys[name].take(pa.array(known)))
        joins = (_distinct(identifiers, titles[known]) <= most)[identifiers]
        links.append((known[joins], identifiers[joins]))
    return _smallest(_names(keys, in_brand), _components(n, links, pairs))


def component_labels(n_nodes: int, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return (n_nodes,) labels, equal for nodes that edges connect, directly or not.

    Args:
        starts, ends: (edges,) node numbers.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = coo_array((np.ones(len(starts), bool), (starts, ends)), shape=(n_nodes, n_nodes))
    labels: np.ndarray = connected_components(edges, directed=False)[1]
    return labels


def codes_of(values: pa.ChunkedArray | pa.Array | np.ndarray) -> np.ndarray:
    """Return (n,) numbers from 0 without gaps, equal for equal values; none may be missing."""
    if isinstance(values, np.ndarray):
        codes: np.ndarray = np.unique(values, return_inverse=True)[1]
        return codes
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    return np.asarray(values.dictionary_encode().indices.to_numpy(), np.int64)


def part_of(keys: pa.ChunkedArray, index: int) -> pa.ChunkedArray:
    """Return one part of each key: 0 is the title's; 1 is that of all authors of a strict key."""
    return pc.list_element(pc.split_pattern(keys, "."), index)


def _persons(coarse: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """Return the row and the code of each author; a book without one has ``_NOBODY``."""
    parts = pc.split_pattern(coarse, ".").combine_chunks()
    n_persons = np.maximum(parts.value_lengths().to_numpy() - 1, 0)
    rows = np.repeat(np.arange(len(parts)), n_persons)
    is_title = np.zeros(len(parts.flatten()), bool)
    is_title[np.cumsum(n_persons + 1) - n_persons - 1] = True
    persons = codes_of(parts.flatten().filter(pa.array(~is_title))) + 1
    nameless = np.flatnonzero(n_persons == 0)
    return np.concatenate([rows, nameless]), np.concatenate(
        [persons, np.full(len(nameless), _NOBODY, np.int64)]
    )


def _pair(codes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return (n,) numbers, equal where both codes are."""
    pairs: np.ndarray = codes * (others.max(initial=0) + 1) + others
    return pairs


def _distinct(codes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the number of different ``others`` of each code."""
    n_others = others.max(initial=0) + 1
    counts: np.ndarray = np.bincount(
        np.unique(_pair(codes, others)) // n_others, minlength=codes.max(initial=-1) + 1
    )
    return counts


def _components(
    n_rows: int,
    links: list[tuple[np.ndarray, np.ndarray]],
    pairs: tuple[np.ndarray, np.ndarray] | None,
) -> np.ndarray:
    """Return (n_rows,) labels, equal for rows of a pair or with an equal value of any link."""
    starts, ends = ([pairs[0]], [pairs[1]]) if pairs else ([], [])
    n_nodes = n_rows
    for rows, values in links:
        starts.append(rows)
        ends.append(values + n_nodes)
        n_nodes += values.max(initial=-1) + 1
    return component_labels(n_nodes, np.concatenate(starts), np.concatenate(ends))[:n_rows]


def _names(keys: pa.Table, in_brand: np.ndarray) -> pa.ChunkedArray:
    """Return the name that each row has by itself: its title's and that of its first author."""
    parts = pc.split_pattern(keys["coarse"], ".")
    title = pc.if_else(pa.array(in_brand), part_of(keys["strict"], 0), pc.list_element(parts, 0))
    return pc.binary_join_element_wise(title, pc.binary_join(pc.list_slice(parts, 1, 2), ""), "")


def _smallest(names: pa.ChunkedArray, labels: np.ndarray) -> pa.Array:
    """Return for each row the smallest name of its label."""
    encoded = names.combine_chunks().dictionary_encode()
    order = pc.sort_indices(encoded.dictionary)
    ranks = np.empty(len(order), np.int64)
    ranks[order.to_numpy()] = np.arange(len(order))
    smallest = np.full(labels.max(initial=-1) + 1, len(order), np.int64)
    np.minimum.at(smallest, labels, ranks[encoded.indices.to_numpy()])
    return encoded.dictionary.take(order).take(pa.array(smallest[labels]))
