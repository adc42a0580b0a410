"""Pairs of close hashes, found without comparing all with all."""

from collections.abc import Iterator, Sequence

import numpy as np

from dustjacket.covers.hashes import MAX_DHASH_DISTANCE, MAX_VHASH_DISTANCE

_TINY, _SMALL = 64, 1024
"""Sizes of buckets up to which all members are compared."""
_MAX_PAIRS_EACH = 16
"""Of the members of a bucket, on average."""

Pairs = tuple[np.ndarray, np.ndarray]
"""(pairs,) indices of the first members and of the second ones."""


def near_pairs(dhash: np.ndarray, vhash: np.ndarray) -> Pairs:
    """Return the pairs of covers whose hashes are both close.

    Hashes that differ in at most k bits agree in one of k + 1 bands of bits, so only members of one
    bucket are compared (Manku et al., "Detecting Near-Duplicates for Web Crawling", 2007). A large
    bucket, as of covers with the same flat border, is divided again by its other bits. Where its
    members are too alike for that, not all pairs are returned, but enough to connect them.

    Args:
        dhash, vhash: (hashes,) uint64.

    Returns:
        Pairs of indices, the smaller one first, in ascending order.
    """
    n = len(dhash)
    found = [np.empty(0, np.int64)]
    every_bit = np.arange(64, dtype=np.uint64)
    for first, second in _compared(np.arange(n), (dhash, vhash), (every_bit, every_bit)):
        found.append(np.minimum(first, second) * n + np.maximum(first, second))
    return np.divmod(np.unique(np.concatenate(found)), max(n, 1))


def _compared(
    members: np.ndarray, hashes: Sequence[np.ndarray], bits: Sequence[np.ndarray]
) -> Iterator[Pairs]:
    """Yield the near pairs of ``members``, some of them repeatedly.

    Args:
        hashes: dhash and vhash.
        bits: of each hash, those in which the members may differ.
    """
    size = len(members)
    for which, distance in enumerate((MAX_DHASH_DISTANCE, MAX_VHASH_DISTANCE)):
        if size <= _SMALL or len(bits[which]) <= distance:
            continue
        bands = np.array_split(bits[which], distance + 1)
        buckets = [_buckets(members, hashes[which], band) for band in bands]
        if 2 * sum(int((sizes**2).sum()) for _, sizes in buckets) > size**2:
            continue  # division does not help: the members are alike
        for band, (ordered, sizes) in zip(bands, buckets, strict=True):
            left = list(bits)
            left[which] = np.setdiff1d(bits[which], band)
            is_tiny = sizes <= _TINY
            yield from _tiny(ordered, sizes, hashes)
            ends = np.cumsum(sizes)
            for start, end in zip((ends - sizes)[~is_tiny], ends[~is_tiny], strict=True):
                yield from _compared(ordered[start:end], hashes, left)
        return
    dhash, vhash = (values[members] for values in hashes)
    first = second = np.empty(0, np.int64)
    if size <= _SMALL:
        near = _is_near(dhash[:, None], vhash[:, None], dhash, vhash)
        first, second = np.nonzero(np.triu(near, 1))
    if size > _SMALL or len(first) > _MAX_PAIRS_EACH * size:
        first, second = _forest(dhash, vhash)
    yield members[first], members[second]


def _is_near(
    dhash: np.ndarray, vhash: np.ndarray, other_dhash: np.ndarray, other_vhash: np.ndarray
) -> np.ndarray:
    near: np.ndarray = (np.bitwise_count(dhash ^ other_dhash) <= MAX_DHASH_DISTANCE) & (
        np.bitwise_count(vhash ^ other_vhash) <= MAX_VHASH_DISTANCE
    )
    return near


def _forest(dhash: np.ndarray, vhash: np.ndarray) -> Pairs:
    """Return pairs that connect all near hashes, directly or not: a breadth-first search."""
    found: list[tuple[np.ndarray, np.ndarray]] = []
    unseen = np.arange(len(dhash))
    queue: list[int] = []
    for _ in range(len(dhash)):
        if not queue:
            queue.append(int(unseen[0]))
            unseen = unseen[1:]
        member = queue.pop()
        near = _is_near(dhash[member], vhash[member], dhash[unseen], vhash[unseen])
        if near.any():
            found.append((np.full(near.sum(), member), unseen[near]))
            queue += unseen[near].tolist()
            unseen = unseen[~near]
    members, others = zip(*found, strict=True) if found else ([np.empty(0, int)],) * 2
    return np.concatenate(members), np.concatenate(others)


def _buckets(
    members: np.ndarray, hashes: np.ndarray, band: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the members, ordered by the bits ``band``, and the number of each value's members."""
    mask = np.bitwise_or.reduce(np.left_shift(np.uint64(1), band))
    values = hashes[members] & mask
    order = np.argsort(values, kind="stable")
    starts = np.flatnonzero(np.diff(values[order], prepend=~values[order[0]]))
    return members[order], np.diff(starts, append=len(members))


def _tiny(ordered: np.ndarray, sizes: np.ndarray, hashes: Sequence[np.ndarray]) -> Iterator[Pairs]:
    """Yield the near pairs of tiny buckets, all buckets at once.

    Args:
        sizes: of the buckets, one after the other; large ones are left out.
    """
    bucket = np.repeat(np.arange(len(sizes)), sizes)
    tiny = (sizes <= _TINY)[bucket]
    for shift in range(1, int(sizes[sizes <= _TINY].max(initial=1))):
        at = np.flatnonzero((bucket[shift:] == bucket[:-shift]) & tiny[shift:])
        first, second = ordered[at], ordered[at + shift]
        dhash, vhash = hashes
        near = _is_near(dhash[first], vhash[first], dhash[second], vhash[second])
        yield first[near], second[near]
