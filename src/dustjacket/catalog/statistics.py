"""Statistics of a catalogue, and the check whether it changed too much since the last version."""

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, Field

from dustjacket.catalog.step import CatalogParameters
from dustjacket.records.genres import genre_key

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
LENGTH_STEP = 10
_SHOWN_GROUPS, _SHOWN_MOVES = 10, 20
_MIN_BOOKS = 20
"""Genres with fewer books than this may lose any share of them."""


class LargeGroup(BaseModel):
    """A group of books that are on one side of the split."""

    group: str
    books: int


class EnrichmentStatistics(BaseModel):
    """What a second source gave to the books of a version.

    Attributes:
        enriched: number of books that took a field.
        fields: number of books that took each field.
        conflicts: number of books in which each field differs between the sources.
    """

    enriched: int
    fields: dict[str, int]
    conflicts: dict[str, int]


class CorrectionStatistics(BaseModel):
    """What corrections did to the books of a version.

    Attributes:
        books: number of books with a correction.
        changed: number of these that had another genre in the listing.
        moves: number of changed books by listed and corrected genre, most frequent first.
    """

    books: int
    changed: int
    moves: list[tuple[str, str, int]]


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
        without_isbn: number of books without a valid ISBN.
        languages: numbers of books, most frequent language first; those without are left out.
        reserved: number of books that no model is trained on: their rights holder reserves it.
        unread_containers: number of rows with an object or list that holds no title, name or genre.
        not_utf8: number of accepted or outvoted rows in another encoding than UTF-8.
        books_lost: number of books of which every row is rejected.
        enrichment: from a second source; None if it gave nothing.
        corrections: None if no book has one.
        largest_groups: numbers of accepted books on one side of the split together, largest first.
    """

    rows_read: int
    rows_accepted: int
    rejected_by_reason: dict[str, int]
    genres: dict[str, int]
    title_length: dict[str, float] = Field(default_factory=dict)
    title_lengths: dict[int, int] = Field(default_factory=dict)
    without_author: float = 0.0
    several_genres: int = 0
    without_isbn: int = 0
    languages: dict[str, int] = Field(default_factory=dict)
    reserved: int = 0
    unread_containers: int = 0
    not_utf8: int = 0
    books_lost: int = 0
    enrichment: EnrichmentStatistics | None = None
    corrections: CorrectionStatistics | None = None
    largest_groups: list[LargeGroup] = Field(default_factory=list)


def statistics_of(rows: pa.Table) -> CatalogStatistics:
    """Return the statistics of a whole listing.

    Args:
        rows: all rows; columns ``reason``, ``genre``, ``genres``, ``group`` and ``book`` as
            decided, and the columns of :data:`dustjacket.catalog.parse.SLIM`.
    """
    books = rows.filter(pc.is_null(rows["reason"]))
    lengths = books["title_length"].to_numpy()
    starts, counted = np.unique(lengths // LENGTH_STEP * LENGTH_STEP, return_counts=True)
    reasons = rows["reason"].drop_null()
    kept, read = (pc.count_distinct(each["book"]).as_py() for each in (books, rows))
    groups = list(counts(books["group"]).items())[:_SHOWN_GROUPS]
    return CatalogStatistics(
        rows_read=len(rows),
        rows_accepted=len(books),
        rejected_by_reason=counts(reasons),
        genres=counts(books["genre"]),
        title_length={
            f"{share:g}": float(np.quantile(lengths, share, method="inverted_cdf"))
            for share in (QUANTILES if len(lengths) else ())
        },
        title_lengths=dict(zip(starts.tolist(), counted.tolist(), strict=True)),
        without_author=1 - (pc.mean(books["has_author"]).as_py() or 0.0) if len(books) else 0.0,
        several_genres=pc.sum(pc.greater(pc.list_value_length(books["genres"]), 1)).as_py() or 0,
        without_isbn=books["isbn13"].null_count,
        languages=counts(books["language"].drop_null()),
        reserved=pc.sum(pc.invert(books["training"])).as_py() or 0,
        unread_containers=pc.sum(rows["unread"]).as_py() or 0,
        not_utf8=pc.sum(rows["not_utf8"]).as_py() or 0,
        books_lost=read - kept,
        enrichment=_enrichment(books),
        corrections=_corrections(books),
        largest_groups=[LargeGroup(group=name, books=n) for name, n in groups if n > 1],
    )


def _enrichment(books: pa.Table) -> EnrichmentStatistics | None:
    joined = pc.list_flatten(books["sources"])
    fields = counts(pc.struct_field(joined, "field"))
    conflicts = counts(pc.list_flatten(books["conflicts"]))
    if not fields and not conflicts:
        return None
    enriched = pc.sum(pc.greater(pc.list_value_length(books["sources"]), 0)).as_py()
    return EnrichmentStatistics(enriched=enriched, fields=fields, conflicts=conflicts)


def _corrections(books: pa.Table) -> CorrectionStatistics | None:
    corrected = books.filter(pc.is_valid(books["correction"]))
    if not len(corrected):
        return None
    listed = pc.struct_field(corrected["correction"], "listed").to_pylist()
    pairs = zip(listed, corrected["genre"].to_pylist(), strict=True)
    moves = Counter(pair for pair in pairs if genre_key(pair[0]) != genre_key(pair[1]))
    return CorrectionStatistics(
        books=len(corrected),
        changed=moves.total(),
        moves=[(*pair, n) for pair, n in moves.most_common(_SHOWN_MOVES)],
    )


def counts(values: pa.ChunkedArray) -> dict[str, int]:
    """Return the number of each value, most frequent first, then by name."""
    counted = ((entry["values"], entry["counts"]) for entry in values.value_counts().to_pylist())
    return dict(sorted(counted, key=lambda item: (-item[1], item[0])))


def _by_key(genres: Mapping[str, int]) -> Counter[str]:
    """Return the number of books by the key of their genre."""
    books: Counter[str] = Counter()
    for genre, n in genres.items():
        books[genre_key(genre)] += n
    return books


def mix_shift(before: Mapping[str, int], now: Mapping[str, int]) -> float:
    """Return the total variation distance between two distributions of genres, 0 to 1.

    It is the share of books that would have to change genre to turn one into the other. Spellings
    of one genre are one.
    """
    before, now = _by_key(before), _by_key(now)
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
    names = {genre_key(genre): genre for genre in reversed(before.genres)}
    still = _by_key(now.genres)
    for key, books in _by_key(before.genres).items():
        genre, left = names[key], still[key]
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
