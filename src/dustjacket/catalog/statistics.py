"""Statistics of a catalogue, and the check whether it changed too much since the last version."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from dustjacket.catalog.step import CatalogParameters

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
LENGTH_STEP = 10
_MIN_BOOKS = 20
"""Genres with fewer books than this may lose any share of them."""


class CatalogStatistics(BaseModel):
    """Statistics of one version.

    Attributes:
        rows_read, rows_accepted: numbers of rows of the listing, and of books.
        rejected_by_reason: numbers of rows, most frequent reason first.
        genres: numbers of books, most frequent genre first.
        title_length: quantiles of title length in characters, by ``QUANTILES``.
        title_lengths: histogram of title length, by lower bounds of bins ``LENGTH_STEP`` wide.
        without_author: share of books without an author.
        several_genres: number of books with conflicting genres in the listing.
    """

    rows_read: int
    rows_accepted: int
    rejected_by_reason: dict[str, int]
    genres: dict[str, int]
    title_length: dict[str, float] = Field(default_factory=dict)
    title_lengths: dict[int, int] = Field(default_factory=dict)
    without_author: float = 0.0
    several_genres: int = 0


def statistics_of(books: DataFrame, rejected: DataFrame) -> CatalogStatistics:
    """Return the statistics of accepted and rejected rows."""
    genres = counts(books, "genre")
    reasons = counts(rejected, "reason")
    length = fn.length("title")
    shares = fn.percentile_approx(length, list(QUANTILES))
    row = books.agg(
        fn.avg(fn.col("author").isNull().cast("double")).alias("without_author"),
        fn.sum((fn.size("genres") > 1).cast("long")).alias("several_genres"),
        shares.alias("lengths"),
    ).first()
    aggregates: Mapping[str, Any] = row.asDict() if row else {}
    steps = books.groupBy((fn.floor(length / LENGTH_STEP) * LENGTH_STEP).alias("step")).count()
    accepted = sum(genres.values())
    return CatalogStatistics(
        rows_read=accepted + sum(reasons.values()),
        rows_accepted=accepted,
        rejected_by_reason=reasons,
        genres=genres,
        title_length={
            f"{share:g}": value
            for share, value in zip(QUANTILES, aggregates.get("lengths") or (), strict=False)
        },
        title_lengths={int(row["step"]): row["count"] for row in steps.orderBy("step").collect()},
        without_author=aggregates.get("without_author") or 0.0,
        several_genres=aggregates.get("several_genres") or 0,
    )


def counts(rows: DataFrame, column: str) -> dict[str, int]:
    """Return the number of rows with each value of ``column``, most frequent first."""
    counted = rows.groupBy(column).count().orderBy(fn.desc("count"), column).collect()
    return {row[column]: row["count"] for row in counted}


def mix_shift(before: Mapping[str, int], now: Mapping[str, int]) -> float:
    """Return the total variation distance between two distributions of genres, 0 to 1.

    It is the share of books that would have to change genre to turn one into the other.
    """
    total_before, total_now = sum(before.values()) or 1, sum(now.values()) or 1
    names = {*before, *now}
    return 0.5 * sum(
        abs(before.get(name, 0) / total_before - now.get(name, 0) / total_now) for name in names
    )


def changes(
    before: CatalogStatistics, now: CatalogStatistics, parameters: CatalogParameters
) -> list[str]:
    """List the reasons, one phrase each, why ``now`` is too different to replace ``before``."""
    reasons = []
    lost = 1 - now.rows_accepted / max(before.rows_accepted, 1)
    if lost > parameters.max_row_drop:
        reasons.append(
            f"{now.rows_accepted:,} books against {before.rows_accepted:,}, {lost:.0%} fewer "
            f"(max_row_drop {parameters.max_row_drop:.0%})"
        )
    for genre, books in before.genres.items():
        left = now.genres.get(genre, 0)
        if books >= _MIN_BOOKS and 1 - left / books > parameters.max_genre_drop:
            reasons.append(
                f"{left:,} books of {genre!r} against {books:,} "
                f"(max_genre_drop {parameters.max_genre_drop:.0%})"
            )
    shift = mix_shift(before.genres, now.genres)
    if shift > parameters.max_mix_shift:
        reasons.append(
            f"{shift:.0%} of books moved between genres "
            f"(max_mix_shift {parameters.max_mix_shift:.0%})"
        )
    return reasons
