"""Find duplicate rows, books with conflicting genres, and rare genres in a whole listing."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from dustjacket.splits import split_of

GENRES = pa.list_(pa.struct([("genre", pa.string()), ("rows", pa.int64())]))
DECIDED = pa.schema(
    [
        ("reason", pa.string()),
        ("genre", pa.string()),
        ("genres", GENRES),
        ("group", pa.string()),
        ("split", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True, order=True)
class BookRow:
    """One row of a book: its place in the listing, a digest of its content, and its genre."""

    place: int
    content: int
    genre: str


def deduplicate_book(rows: Sequence[BookRow]) -> tuple[dict[BookRow, str], Counter[str]]:
    """Return the reason for each rejected row, and the number of rows of each genre.

    A row with the same content as an earlier one is an ``exact_duplicate``. The most frequent genre
    of the other rows wins: its first row is kept, its other rows are ``near_duplicate``, and rows
    of other genres are ``genre_outvoted``. If no genre wins, all are ``genre_tied``.

    Args:
        rows: the rows of one book, with the same normalised title and author.
    """
    reasons: dict[BookRow, str] = {}
    distinct: dict[int, BookRow] = {}
    for row in sorted(rows):
        if row.content in distinct:
            reasons[row] = "exact_duplicate"
        else:
            distinct[row.content] = row
    genres = Counter(row.genre for row in distinct.values())
    (winner, votes), *others = genres.most_common()
    tied = bool(others) and others[0][1] == votes
    kept = False
    for row in distinct.values():
        if tied:
            reasons[row] = "genre_tied"
        elif row.genre != winner:
            reasons[row] = "genre_outvoted"
        elif kept:
            reasons[row] = "near_duplicate"
        else:
            kept = True
    return reasons, genres


def decide(rows: pa.Table, min_rows_per_genre: int) -> pa.Table:
    """Return a row of ``DECIDED`` for each row, in the same order.

    ``reason`` is null for accepted rows. It is ``rare_genre`` if fewer than ``min_rows_per_genre``
    rows of the genre are left.

    Args:
        rows: the rows that passed the rules, in the order of the listing; columns ``content``,
            ``strict``, ``coarse`` and ``genre``.
    """
    genre, content = rows["genre"].to_pylist(), rows["content"].to_pylist()
    coarse = rows["coarse"].to_pylist()
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, key in enumerate(rows["strict"].to_pylist()):
        places[key].append(place)
    reasons: list[str | None] = [None] * len(rows)
    genres = [[{"genre": own, "rows": 1}] for own in genre]
    for group in places.values():
        if len(group) > 1:
            book = [BookRow(place, content[place], genre[place]) for place in group]
            rejected, counted = deduplicate_book(book)
            ranked = [{"genre": name, "rows": count} for name, count in counted.most_common()]
            for row in book:
                reasons[row.place] = rejected.get(row)
                genres[row.place] = ranked
    left = Counter(own for own, reason in zip(genre, reasons, strict=True) if reason is None)
    for place, own in enumerate(genre):
        if reasons[place] is None and left[own] < min_rows_per_genre:
            reasons[place] = "rare_genre"
    columns = [reasons, genre, genres, coarse, [split_of(key) for key in coarse]]
    return pa.table(columns, schema=DECIDED)
