"""Decisions that need all covers together: placeholders, duplicates, groups and splits."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from PIL import Image

from dustjacket.covers.hashes import is_same_picture
from dustjacket.covers.near import Pairs, near_pairs
from dustjacket.identity.groups import codes_of, component_labels, groups_of
from dustjacket.splits import split_of

COVERS = pa.schema(
    [
        ("position", pa.int64()),
        ("key", pa.string()),
        ("sha256", pa.string()),
        ("dhash", pa.string()),
        ("vhash", pa.string()),
        ("width", pa.int32()),
        ("strict", pa.string()),
        ("coarse", pa.string()),
        ("isbn13", pa.string()),
        ("work_id", pa.string()),
    ]
)
"""A cover that was read."""
Picture = Callable[[int], Image.Image]
"""Returns the greyscale picture of the cover at a position."""
DECIDED = pa.schema(
    [
        ("position", pa.int64()),
        ("reason", pa.string()),
        ("group", pa.string()),
        ("split", pa.string()),
    ]
)
"""``reason`` is null if the cover is accepted; only then ``group`` and ``split`` are set."""
_MAX_PICTURES = 8
"""Of covers that look alike, the pictures with which others are compared."""
_MAX_COMPARED, _COMMON_SHARE = 1000, 0.95
PAIRS = pa.schema(
    [
        ("position", pa.int64()),
        ("other_position", pa.int64()),
        ("key", pa.string()),
        ("other_key", pa.string()),
        ("distance", pa.int32()),
        ("kind", pa.string()),
        ("decision", pa.string()),
    ]
)
"""A pair of near-duplicates, of which ``other`` is earlier in the source.

``distance`` is that of the dhashes. ``kind`` is exact (the same pixels) or perceptual; ``decision``
is rejected (a duplicate of the same book's cover) or joined (both are kept, on one side of the
split). Covers with equal hashes are each paired with the first of them only, and covers with close
hashes by the first cover of each hash, so n equal covers make n - 1 pairs.
"""


@dataclass(frozen=True)
class Decisions:
    """What was decided.

    Attributes:
        covers: in the columns of ``DECIDED``, one row per cover, sorted by position.
        pairs: near-duplicates in the columns of ``PAIRS``.
    """

    covers: pa.Table
    pairs: pa.Table


def decide(covers: pa.Table, placeholder_books: int, picture: Picture) -> Decisions:
    """Reject placeholders and duplicates, and group books that belong together.

    A picture that ``placeholder_books`` different books share, in any size, is rejected as
    ``placeholder``. Of near-duplicate covers of one book, all but the first are rejected as
    ``duplicate``. Different books with near-duplicate covers are kept and share a group, so also a
    side of the split; so do the covers of one book, see
    :func:`dustjacket.identity.groups.groups_of`.

    Args:
        covers: in the columns of ``COVERS``, in any order.
        picture: is called for covers that may be placeholders.
    """
    covers = covers.combine_chunks().sort_by("position")
    hashes = _integers(covers["dhash"]), _integers(covers["vhash"])
    close = _close_hashes(*hashes)
    books = codes_of(covers["strict"])
    placeholders = _placeholders(covers, close, placeholder_books, picture)
    rejected = placeholders.copy()
    candidates = np.flatnonzero(~placeholders)
    repeated, firsts = _duplicates(candidates, books, hashes)
    rejected[repeated] = True
    kept = np.flatnonzero(~rejected)
    earlier, later = close.pairs_of(kept)
    position_in_kept = np.cumsum(~rejected) - 1
    keys = covers.select(["strict", "coarse", "isbn13", "work_id"]).take(pa.array(kept))
    groups = groups_of(keys, (position_in_kept[earlier], position_in_kept[later]))
    encoded = groups.dictionary_encode()
    sides = pa.array([split_of(name) for name in encoded.dictionary.to_pylist()], pa.string())
    reasons = np.full(len(covers), None, object)
    reasons[repeated], reasons[placeholders] = "duplicate", "placeholder"
    places = np.where(rejected, -1, position_in_kept)
    where_kept = pa.array(places, mask=rejected)
    decided = pa.table(
        [
            covers["position"],
            pa.array(reasons, pa.string()),
            groups.take(where_kept),
            sides.take(encoded.indices).take(where_kept),
        ],
        schema=DECIDED,
    )
    tables = [
        _pairs(covers, hashes, (firsts, repeated), "rejected"),
        _pairs(covers, hashes, (earlier, later), "joined"),
    ]
    return Decisions(decided, pa.concat_tables(tables))


def _integers(hashes: pa.ChunkedArray) -> np.ndarray:
    """Return hashes of 16 hexadecimal digits as (n,) uint64."""
    texts = hashes.to_pylist()
    return np.frombuffer(bytes.fromhex("".join(texts)), ">u8").astype(np.uint64)


def _placeholders(
    covers: pa.Table, close: "_CloseHashes", placeholder_books: int, picture: Picture
) -> np.ndarray:
    """Return (covers,) whether a cover shows a picture that many different books share."""
    books = codes_of(groups_of(covers.select(["strict", "coarse", "isbn13", "work_id"])))
    _, first, file = np.unique(codes_of(covers["sha256"]), return_index=True, return_inverse=True)
    ends = (file[side] for side in close.pairs_of(np.sort(first)))
    alike = component_labels(len(first), *ends)
    candidates = np.flatnonzero(_share(books, alike[file], placeholder_books))
    found = np.zeros(len(covers), bool)
    positions, widths = covers["position"].to_numpy(), covers["width"].to_numpy()
    for cluster in _split(candidates, alike[file[candidates]]):
        files = np.unique(file[cluster])
        # Larger copies first: small ones show too little to tell the books of a series apart.
        files = files[np.argsort(-widths[first[files]], kind="stable")]
        same = _same_pictures([int(positions[first[each]]) for each in files], picture)
        of_file = dict(zip(files.tolist(), same, strict=True))
        shown = np.array([of_file[each] for each in file[cluster].tolist()], np.int64)
        found[cluster] = _share(books[cluster], shown, placeholder_books)
    return found


def _share(books: np.ndarray, pictures: np.ndarray, n: int) -> np.ndarray:
    """Return (covers,) whether at least ``n`` different books have the picture of each cover."""
    pairs = np.unique(np.stack([pictures, books]), axis=1)
    counts = np.bincount(pairs[0], minlength=pictures.max(initial=-1) + 1)
    shared: np.ndarray = counts[pictures] >= n
    return shared


def _same_pictures(positions: list[int], picture: Picture) -> list[int]:
    """Return a number for each cover, equal for copies of one picture.

    Each is compared with the first of the pictures found; after ``_MAX_PICTURES`` of them, others
    are only known to be none of these. Of very many covers, those that are not compared show the
    same if nearly all others do.
    """
    if len(positions) == 1:
        return [0]
    leaders: list[Image.Image] = []
    numbers: list[int] = []
    for position in positions[:_MAX_COMPARED]:
        grey = picture(position)
        same = (n for n, leader in enumerate(leaders) if is_same_picture(grey, leader))
        number = next(same, None)
        if number is None:
            # Numbers beyond that are of one picture each.
            number = len(leaders) if len(leaders) < _MAX_PICTURES else _MAX_PICTURES + len(numbers)
            leaders += [grey] if len(leaders) < _MAX_PICTURES else []
        numbers.append(number)
    left = len(positions) - len(numbers)
    common = max(set(numbers), key=numbers.count)
    if numbers.count(common) > _COMMON_SHARE * len(numbers):
        return numbers + [common] * left
    return numbers + list(range(2 * len(positions), 2 * len(positions) + left))


def _split(members: np.ndarray, labels: np.ndarray) -> list[np.ndarray]:
    """Return the members of each label."""
    if not len(members):
        return []
    order = np.argsort(labels, kind="stable")
    return np.split(members[order], np.flatnonzero(np.diff(labels[order])) + 1)


@dataclass(frozen=True)
class _CloseHashes:
    """The different hashes of covers, and which of them are close.

    Attributes:
        of_cover: (covers,) number of each cover's hash.
        close: pairs of numbers.
    """

    of_cover: np.ndarray
    close: Pairs

    def all_pairs(self) -> np.ndarray:
        """Return the near pairs of all covers, (2, pairs)."""
        return np.stack(self.pairs_of(np.arange(len(self.of_cover))))

    def pairs_of(self, members: np.ndarray) -> Pairs:
        """Return the near pairs of some covers, the earlier one first.

        Covers with equal hashes are each paired with the first of them, and covers with close
        hashes by the first cover of each hash.
        """
        hashes = self.of_cover[members]
        first = np.full(self.of_cover.max(initial=-1) + 1, -1)
        first[hashes[::-1]] = members[::-1]
        later = members[first[hashes] != members]
        ends = first[self.close[0]], first[self.close[1]]
        both = (ends[0] >= 0) & (ends[1] >= 0)
        return (
            np.concatenate([first[self.of_cover[later]], np.minimum(*ends)[both]]),
            np.concatenate([later, np.maximum(*ends)[both]]),
        )


def _close_hashes(dhash: np.ndarray, vhash: np.ndarray) -> _CloseHashes:
    both = np.stack([dhash, vhash], axis=1)
    unique, of_cover = np.unique(both, axis=0, return_inverse=True)
    return _CloseHashes(of_cover.ravel(), near_pairs(unique[:, 0].copy(), unique[:, 1].copy()))


def _duplicates(
    members: np.ndarray, books: np.ndarray, hashes: tuple[np.ndarray, np.ndarray]
) -> Pairs:
    """Return each cover with an earlier near-duplicate of its own book, and the first of these."""
    found = [np.empty((2, 0), np.int64)]
    found += [
        book[
            np.stack(_close_hashes(hashes[0][book], hashes[1][book]).pairs_of(np.arange(len(book))))
        ]
        for book in _split(members, books[members])
        if len(book) > 1
    ]
    earlier, later = np.concatenate(found, axis=1)
    by_later = np.lexsort((earlier, later))
    repeated, first = np.unique(later[by_later], return_index=True)
    return repeated, earlier[by_later][first]


def _pairs(
    covers: pa.Table, hashes: tuple[np.ndarray, np.ndarray], pairs: Pairs, decision: str
) -> pa.Table:
    earlier, later = pairs
    first, second = pa.array(earlier), pa.array(later)
    same = codes_of(covers["sha256"])
    exact = same[earlier] == same[later]
    columns = [
        covers["position"].take(second),
        covers["position"].take(first),
        covers["key"].take(second),
        covers["key"].take(first),
        pa.array(np.bitwise_count(hashes[0][earlier] ^ hashes[0][later]).astype(np.int32)),
        pa.array(np.where(exact, "exact", "perceptual")),
        pa.array([decision] * len(later), pa.string()),
    ]
    return pa.table(columns, schema=PAIRS).sort_by(
        [("position", "ascending"), ("other_position", "ascending")]
    )
