"""What a catalogue holds, in figures, and whether it is one that could follow the last."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from dustjacket.catalog.step import CatalogParameters

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
LENGTH_STEP = 10
_FEW = 20
"""A genre with fewer books before may lose any share of them."""


class Profile(BaseModel):
    """The figures of one version.

    Attributes:
        rows_read, rows_accepted: rows of the listing, and books that came of them.
        rejected_by_reason: rows, most frequent reason first.
        genres: books of each genre, most frequent first.
        title_length: quantiles of titles' lengths in characters, by their share.
        title_lengths: books by title length, in steps of ``LENGTH_STEP``.
        without_author: share of books.
        several_genres: books that rows of the listing disagree about.
    """

    rows_read: int
    rows_accepted: int
    rejected_by_reason: dict[str, int]
    genres: dict[str, int]
    title_length: dict[str, float] = Field(default_factory=dict)
    title_lengths: dict[int, int] = Field(default_factory=dict)
    without_author: float = 0.0
    several_genres: int = 0


def profile(books: DataFrame, rejected: DataFrame) -> Profile:
    """Return the figures of accepted and rejected rows."""
    genres = counts(books, "genre")
    reasons = counts(rejected, "reason")
    length = fn.length("title")
    shares = fn.percentile_approx(length, list(QUANTILES))
    row = books.agg(
        fn.avg(fn.col("author").isNull().cast("double")).alias("without_author"),
        fn.sum((fn.size("genres") > 1).cast("long")).alias("several_genres"),
        shares.alias("lengths"),
    ).first()
    found: Mapping[str, Any] = row.asDict() if row else {}
    steps = books.groupBy((fn.floor(length / LENGTH_STEP) * LENGTH_STEP).alias("step")).count()
    accepted = sum(genres.values())
    return Profile(
        rows_read=accepted + sum(reasons.values()),
        rows_accepted=accepted,
        rejected_by_reason=reasons,
        genres=genres,
        title_length={
            f"{share:g}": value
            for share, value in zip(QUANTILES, found.get("lengths") or (), strict=False)
        },
        title_lengths={int(row["step"]): row["count"] for row in steps.orderBy("step").collect()},
        without_author=found.get("without_author") or 0.0,
        several_genres=found.get("several_genres") or 0,
    )


def counts(rows: DataFrame, column: str) -> dict[str, int]:
    """Return how many rows have each value of ``column``, the most frequent first."""
    counted = rows.groupBy(column).count().orderBy(fn.desc("count"), column).collect()
    return {row[column]: row["count"] for row in counted}


def mix_shift(before: Mapping[str, int], now: Mapping[str, int]) -> float:
    """Return the share of books that would have to change genre to make one mix the other.

    That is the total variation distance of the two distributions, 0 to 1.
    """
    total_before, total_now = sum(before.values()) or 1, sum(now.values()) or 1
    names = {*before, *now}
    return 0.5 * sum(
        abs(before.get(name, 0) / total_before - now.get(name, 0) / total_now) for name in names
    )


def changes(before: Profile, now: Profile, parameters: CatalogParameters) -> list[str]:
    """Return in what ``now`` is no version that could follow ``before``, a sentence each."""
    found = []
    lost = 1 - now.rows_accepted / max(before.rows_accepted, 1)
    if lost > parameters.max_row_drop:
        found.append(
            f"{now.rows_accepted:,} books against {before.rows_accepted:,}, {lost:.0%} fewer "
            f"(max_row_drop {parameters.max_row_drop:.0%})"
        )
    for genre, books in before.genres.items():
        left = now.genres.get(genre, 0)
        if books >= _FEW and 1 - left / books > parameters.max_genre_drop:
            found.append(
                f"{left:,} books of {genre!r} against {books:,} "
                f"(max_genre_drop {parameters.max_genre_drop:.0%})"
            )
    shift = mix_shift(before.genres, now.genres)
    if shift > parameters.max_mix_shift:
        found.append(
            f"{shift:.0%} of books moved between genres "
            f"(max_mix_shift {parameters.max_mix_shift:.0%})"
        )
    return found
