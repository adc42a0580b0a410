"""Find duplicate rows, books with conflicting genres, and rare genres in a whole listing."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from dustjacket.sources.arrow import spark_schema

DEDUPLICATED = pa.schema(
    [
        ("file", pa.string()),
        ("position", pa.int64()),
        ("reason", pa.string()),
        ("genres", pa.list_(pa.struct([("genre", pa.string()), ("rows", pa.int64())]))),
    ]
)


@dataclass(frozen=True, slots=True, order=True)
class BookRow:
    """One row of a book: its origin, a digest of its content, and its genre."""

    file: str
    position: int
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


def deduplicate(books: DataFrame, min_rows_per_genre: int) -> DataFrame:
    """Return rejected rows, and kept rows with duplicates, in the columns of ``DEDUPLICATED``.

    Rejected rows have a reason; kept rows have the genres of all their duplicates. Kept rows
    without duplicates are not returned. The reason is ``rare_genre`` if fewer than
    ``min_rows_per_genre`` rows of the genre are left.

    Args:
        books: rows that passed the rules of :mod:`dustjacket.catalog.cleaning`.
    """
    content = fn.xxhash64("asin", "title", "author", "genre", "description")
    slim = books.select("group", "file", "position", content.alias("content"), "genre")
    row = fn.struct("file", "position", "content", "genre")
    groups = slim.groupBy("group").agg(fn.collect_list(row).alias("rows"))
    repeated = groups.where(fn.size("rows") > 1).select("rows")
    decided = repeated.mapInArrow(_deduplicate_books, spark_schema(DEDUPLICATED)).cache()
    left = (
        slim.join(decided.where("reason is not null"), ["file", "position"], "left_anti")
        .groupBy("genre")
        .count()
    )
    rare = [row["genre"] for row in left.where(f"count < {min_rows_per_genre}").collect()]
    if not rare:
        return decided
    of_rare = slim.where(fn.col("genre").isin(rare)).select("file", "position")
    rejected = decided.where("reason is not null").select("file", "position")
    rare_rows = of_rare.join(rejected, ["file", "position"], "left_anti").selectExpr(
        "file", "position", "'rare_genre' as reason", "null as genres"
    )
    return decided.join(rare_rows, ["file", "position"], "left_anti").unionByName(rare_rows)


def _deduplicate_books(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        decisions: list[dict[str, Any]] = []
        for group in batch.column("rows").to_pylist():
            rows = [BookRow(**row) for row in group]
            reasons, genres = deduplicate_book(rows)
            ranked = [{"genre": genre, "rows": count} for genre, count in genres.most_common()]
            for row in rows:
                origin = {"file": row.file, "position": row.position}
                reason = reasons.get(row)
                decisions.append({**origin, "reason": reason, "genres": None if reason else ranked})
        yield pa.RecordBatch.from_pylist(decisions, schema=DEDUPLICATED)
