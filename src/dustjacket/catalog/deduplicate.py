"""What only the whole listing shows: which rows are one book, and which genres are too rare."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from dustjacket.sources.arrow import spark_schema

SETTLED = pa.schema(
    [
        ("file", pa.string()),
        ("position", pa.int64()),
        ("reason", pa.string()),
        ("genres", pa.list_(pa.struct([("genre", pa.string()), ("rows", pa.int64())]))),
    ]
)


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One row of a book: where it is, a digest of all that it says, and its genre."""

    file: str
    position: int
    content: int
    genre: str


def settle_book(entries: Sequence[Entry]) -> tuple[dict[Entry, str], Counter[str]]:
    """Return the reason of each row that is rejected, and how many rows name each genre.

    A row that says the same as an earlier one is an ``exact_duplicate``. Of the others the most
    frequent genre wins: the first row that has it is kept, the rest are ``near_duplicate``, and
    rows of other genres ``genre_outvoted``. Where no genre wins, all are ``genre_tied``.

    Args:
        entries: the rows of one book, with the same normalised title and author.
    """
    reasons: dict[Entry, str] = {}
    distinct: dict[int, Entry] = {}
    for entry in sorted(entries):
        if entry.content in distinct:
            reasons[entry] = "exact_duplicate"
        else:
            distinct[entry.content] = entry
    genres = Counter(entry.genre for entry in distinct.values())
    (winner, votes), *others = genres.most_common()
    tied = bool(others) and others[0][1] == votes
    kept = False
    for entry in distinct.values():
        if tied:
            reasons[entry] = "genre_tied"
        elif entry.genre != winner:
            reasons[entry] = "genre_outvoted"
        elif kept:
            reasons[entry] = "near_duplicate"
        else:
            kept = True
    return reasons, genres


def settle(good: DataFrame, min_rows_per_genre: int) -> DataFrame:
    """Return the rows of which something is to be said, in the columns of ``SETTLED``.

    Those are the rejected, with the reason, and the kept that stand for several rows, with their
    genres. A row is of a ``rare_genre`` if fewer than ``min_rows_per_genre`` of it are left.

    Args:
        good: rows that are a book by themselves.
    """
    content = fn.xxhash64("asin", "title", "author", "genre", "description")
    slim = good.select("group", "file", "position", content.alias("content"), "genre")
    entry = fn.struct("file", "position", "content", "genre")
    books = slim.groupBy("group").agg(fn.collect_list(entry).alias("entries"))
    several = books.where(fn.size("entries") > 1).select("entries")
    settled = several.mapInArrow(_settle_books, spark_schema(SETTLED)).cache()
    left = (
        slim.join(settled.where("reason is not null"), ["file", "position"], "left_anti")
        .groupBy("genre")
        .count()
    )
    rare = [row["genre"] for row in left.where(f"count < {min_rows_per_genre}").collect()]
    if not rare:
        return settled
    of_rare = slim.where(fn.col("genre").isin(rare)).select("file", "position")
    rejected = settled.where("reason is not null").select("file", "position")
    lone = of_rare.join(rejected, ["file", "position"], "left_anti").selectExpr(
        "file", "position", "'rare_genre' as reason", "null as genres"
    )
    return settled.join(lone, ["file", "position"], "left_anti").unionByName(lone)


def _settle_books(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        said: list[dict[str, Any]] = []
        for entries in batch.column("entries").to_pylist():
            rows = [Entry(**entry) for entry in entries]
            reasons, genres = settle_book(rows)
            ranked = [{"genre": genre, "rows": count} for genre, count in genres.most_common()]
            for row in rows:
                place = {"file": row.file, "position": row.position}
                reason = reasons.get(row)
                said.append({**place, "reason": reason, "genres": None if reason else ranked})
        yield pa.RecordBatch.from_pylist(said, schema=SETTLED)
