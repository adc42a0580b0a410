"""Decisions that need a whole listing: records that others replace, duplicates, genres, groups."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dustjacket.identity.groups import codes_of, component_labels, groups_of, part_of
from dustjacket.records.genres import genre_key
from dustjacket.splits import split_of

ROWS = pa.schema(
    [
        ("file", pa.string()),
        ("position", pa.int64()),
        ("content", pa.int64()),
        ("strict", pa.string()),
        ("coarse", pa.string()),
        ("isbn13", pa.string()),
        ("work_id", pa.string()),
        ("record_id", pa.string()),
        ("notification", pa.string()),
        ("genre", pa.string()),
        ("has_author", pa.bool_()),
        ("corrected", pa.bool_()),
    ]
)
"""One row per record that passed the rules; ``content`` is a digest of what is published of it."""

DECIDED = pa.schema(
    [
        ("file", pa.string()),
        ("position", pa.int64()),
        ("reason", pa.string()),
        ("genre", pa.string()),
        ("genres", pa.list_(pa.struct([("genre", pa.string()), ("rows", pa.int64())]))),
        ("group", pa.string()),
        ("split", pa.string()),
        ("book", pa.int64()),
    ]
)
"""A decision on each row: ``reason`` is null where it is accepted.

``genre`` is its genre in the spelling that is published, and ``genres`` counts the records of each
genre of an accepted book. Rows of one ``book`` are the same book; a ``group`` of books is on one
side of the split. Both are null for a record that was replaced or deleted.
"""

REASONS = (
    None, "replaced", "deleted", "delete_notice", "exact_duplicate", "near_duplicate",
    "genre_outvoted", "genre_tied", "rare_genre",
)  # fmt: skip
_CODES = {reason: code for code, reason in enumerate(REASONS)}


def decide(rows: pa.Table, min_rows_per_genre: int) -> pa.Table:
    """Return the decision on each row, in the columns of ``DECIDED`` and in the order of ``rows``.

    Of the records with one ``record_id`` the last one counts. Earlier ones are ``replaced``, or
    ``deleted`` by a ``delete_notice``. A row with the content of an earlier one is an
    ``exact_duplicate``. The most frequent genre of a book wins: its first row is kept, its other
    rows are ``near_duplicate``, and rows of other genres are ``genre_outvoted``. If no genre wins,
    all are ``genre_tied``. Genres are compared whatever their case and punctuation, and published
    in their most frequent spelling. A genre with fewer than ``min_rows_per_genre`` rows left is a
    ``rare_genre``.

    Where a row of a book is corrected, its genre is that of all rows of the book.

    Rows are one book if they share a strict key and have an author, or if they share its title and
    a valid ISBN. Equal titles without authors alone are not.

    Args:
        rows: in the columns of ``ROWS``, in any order.
    """
    rows = rows.combine_chunks()
    # From here on, rows are in the order of the listing.
    order = pc.sort_indices(rows, [("file", "ascending"), ("position", "ascending")])
    rows = rows.take(order)
    reasons = _replaced(rows)
    live = np.flatnonzero(reasons == 0)
    alive = rows.take(pa.array(live))
    books = _books(alive)
    repeated = _is_repeated(books, alive["content"].to_numpy())
    reasons[live[repeated]] = _CODES["exact_duplicate"]
    genres, spellings = _genres(alive["genre"], ~repeated)
    _correct(genres, books, alive["corrected"].fill_null(False).to_numpy())
    distinct = np.flatnonzero(~repeated)
    reasons[live[distinct]], votes = _by_majority(books[distinct], genres[distinct])
    accepted = np.flatnonzero(reasons[live] == 0)
    left = np.bincount(genres[accepted], minlength=len(spellings))
    rare = accepted[(left < min_rows_per_genre)[genres[accepted]]]
    reasons[live[rare]] = _CODES["rare_genre"]
    groups = groups_of(alive)
    places = np.full(len(rows), -1)
    places[live] = np.arange(len(live))
    taken = pa.array(places, mask=places < 0)
    names = groups.unique()
    sides = pa.array([split_of(name) for name in names.to_pylist()], pa.string())
    published = spellings.take(pa.array(genres))
    decided = pa.table(
        [
            rows["file"],
            rows["position"],
            pa.array(REASONS, pa.string()).take(pa.array(reasons)),
            published.take(taken),
            _ranked(places, reasons == 0, books, votes, spellings),
            groups.take(taken),
            sides.take(pc.index_in(groups, names)).take(taken),
            pa.array(books).take(taken),
        ],
        schema=DECIDED,
    )
    return decided.take(pc.sort_indices(order))


def _replaced(rows: pa.Table) -> np.ndarray:
    """Return (n,) codes of reasons: 0 for the last record of each ``record_id``, if it stays."""
    reasons = np.zeros(len(rows), np.int64)
    known = np.flatnonzero(rows["record_id"].is_valid().to_numpy(zero_copy_only=False))
    deletes = pc.equal(rows["notification"], "delete").fill_null(False).to_numpy()
    ids = codes_of(rows["record_id"].take(pa.array(known)))
    by_id = np.argsort(ids, kind="stable")
    has_later = np.flatnonzero(ids[by_id][:-1] == ids[by_id][1:])
    earlier, later = known[by_id[has_later]], known[by_id[has_later + 1]]
    reasons[earlier] = np.where(deletes[later], _CODES["deleted"], _CODES["replaced"])
    reasons[deletes] = _CODES["delete_notice"]
    return reasons


def _books(rows: pa.Table) -> np.ndarray:
    """Return (n,) numbers, equal for rows of one book."""
    n = len(rows)
    strict, titles = codes_of(rows["strict"]), codes_of(part_of(rows["strict"], 0))
    named = np.flatnonzero(pc.not_equal(part_of(rows["strict"], 1), "").to_numpy())
    with_isbn = np.flatnonzero(rows["isbn13"].is_valid().to_numpy(zero_copy_only=False))
    isbns = codes_of(rows["isbn13"].take(pa.array(with_isbn)))
    editions = codes_of(isbns * (titles.max(initial=0) + 1) + titles[with_isbn])
    copies = codes_of(rows["content"].to_numpy())
    starts = np.concatenate([named, with_isbn, np.arange(n)])
    first = n + strict.max(initial=-1) + 1
    second = first + editions.max(initial=-1) + 1
    ends = np.concatenate([strict[named] + n, editions + first, copies + second])
    return component_labels(second + copies.max(initial=-1) + 1, starts, ends)[:n]


def _is_repeated(books: np.ndarray, contents: np.ndarray) -> np.ndarray:
    """Return (n,) whether an earlier row of the same book has the same content."""
    order = np.lexsort((np.arange(len(books)), contents, books))
    same = (np.diff(books[order]) == 0) & (np.diff(contents[order]) == 0)
    repeated = np.zeros(len(books), bool)
    repeated[order[1:][same]] = True
    return repeated


def _genres(genres: pa.ChunkedArray, counted: np.ndarray) -> tuple[np.ndarray, pa.Array]:
    """Return (n,) codes of genres, and the published spelling of each code.

    Args:
        counted: (n,) rows whose spelling counts.
    """
    encoded = genres.combine_chunks().dictionary_encode()
    texts = encoded.dictionary.to_pylist()
    rows = np.bincount(encoded.indices.to_numpy()[counted], minlength=len(texts))
    keys: dict[str, int] = {}
    codes = [keys.setdefault(genre_key(text), len(keys)) for text in texts]
    best: dict[int, tuple[int, str]] = {}
    for code, n, text in zip(codes, rows.tolist(), texts, strict=True):
        best[code] = min(best.get(code, (1, "")), (-n, text))
    spellings = pa.array([text for _, text in best.values()], pa.string())
    return np.asarray(codes, np.int64)[encoded.indices.to_numpy()], spellings


def _correct(genres: np.ndarray, books: np.ndarray, corrected: np.ndarray) -> None:
    """Give all rows of a book, in place, the genre of its first corrected row."""
    decided = np.flatnonzero(corrected)[::-1]
    genre_of = np.full(books.max(initial=-1) + 1, -1)
    genre_of[books[decided]] = genres[decided]
    is_decided = genre_of[books] >= 0
    genres[is_decided] = genre_of[books][is_decided]


def _by_majority(books: np.ndarray, genres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (n,) codes of reasons, and the votes: rows of book, genre and number of records."""
    n_genres = genres.max(initial=0) + 1
    pairs, votes_of, counts = np.unique(
        books * n_genres + genres, return_inverse=True, return_counts=True
    )
    voted, genre = pairs // n_genres, pairs % n_genres
    most = np.zeros(books.max(initial=-1) + 1, np.int64)
    np.maximum.at(most, voted, counts)
    wins = counts == most[voted]
    n_winners = np.bincount(voted[wins], minlength=len(most))
    reasons = np.full(len(books), _CODES["near_duplicate"])
    won = np.flatnonzero(wins[votes_of])
    reasons[won[np.unique(books[won], return_index=True)[1]]] = 0
    reasons[~wins[votes_of]] = _CODES["genre_outvoted"]
    reasons[n_winners[books] > 1] = _CODES["genre_tied"]
    return reasons, np.stack([voted, genre, counts], axis=1)


def _ranked(
    places: np.ndarray,
    accepted: np.ndarray,
    books: np.ndarray,
    votes: np.ndarray,
    spellings: pa.Array,
) -> pa.Array:
    """Return for each accepted row the genres of its book, most frequent first; null for others.

    Args:
        places: (n,) the index of each row among ``books``.
        votes: rows of book, genre and number of records.
    """
    alphabetical = np.empty(len(spellings), np.int64)
    alphabetical[pc.sort_indices(spellings).to_numpy()] = np.arange(len(spellings))
    votes = votes[np.lexsort((alphabetical[votes[:, 1]], -votes[:, 2], votes[:, 0]))]
    lengths = np.zeros(len(places), np.int64)
    book = books[places[accepted]]
    starts = np.searchsorted(votes[:, 0], book)
    lengths[accepted] = np.searchsorted(votes[:, 0], book, side="right") - starts
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    own = lengths[accepted]
    chosen = np.repeat(starts - np.concatenate([[0], np.cumsum(own)[:-1]]), own)
    entries = votes[chosen + np.arange(len(chosen))]
    structs = pa.StructArray.from_arrays(
        [spellings.take(pa.array(entries[:, 1])), pa.array(entries[:, 2])], ["genre", "rows"]
    )
    return pa.ListArray.from_arrays(
        pa.array(offsets.astype(np.int32)), structs, mask=pa.array(~accepted)
    )
