"""Read a CSV file of titles, and predict their genres in chunks."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from dustjacket.errors import BadInputError
from dustjacket.records.columns import columns_of
from dustjacket.records.record import BookRecord, record_of
from dustjacket.sources.csv import WHOLE
from dustjacket.sources.formats import HEAD_BYTES, format_of
from dustjacket.sources.tables import ReadOptions
from dustjacket.sources.text_tables import CSV
from dustjacket.studio.handlers import genre_responses
from dustjacket.studio.models import LoadedClassifier
from dustjacket.studio.schemas import MAX_DESCRIPTION_CHARS, GenreQuery

MAX_ROWS, MAX_LINES = 50_000, 200_000
"""Blank lines, and those of a row that spans several, count as lines."""
CHUNK_ROWS = 64
"""Rows that are predicted at once; a single title waits at most this long for its turn."""
_NAME = "the file"


@dataclass(frozen=True)
class TitleRow:
    """A row: a book, or the reason why the row is not one.

    Attributes:
        number: counts from 1; the header does not count.
    """

    number: int
    book: GenreQuery | None
    reason: str | None = None


def read_titles(body: bytes) -> list[TitleRow]:
    """Return the rows of a CSV file with a column of titles.

    Columns of authors and of descriptions are read if there are any.

    Raises:
        BadInputError: the file is something else, has no rows, or has too many rows or lines.
    """
    if body.count(b"\n") > MAX_LINES:
        raise BadInputError(
            f"the file has more than {MAX_LINES:,} lines: send it in parts, without blank lines"
        )
    if format_of(body[:HEAD_BYTES], _NAME) is not CSV:
        raise BadInputError("the file is no CSV file: give one with a column of titles")
    shape = CSV.shape(io.BytesIO(body), ReadOptions(_NAME))
    try:
        columns = columns_of(shape.keys, where=_NAME)
    except BadInputError as error:
        problem = str(error).rpartition(": set ")[0]
        raise BadInputError(f"{problem}: name the column of titles 'title'") from None
    rows: list[TitleRow] = []
    for number, row in enumerate(CSV.rows(io.BytesIO(body), shape, WHOLE), 1):
        if number > MAX_ROWS:
            raise BadInputError(f"the file has more than {MAX_ROWS:,} rows: send it in parts")
        record = record_of(row.values, columns)
        rows.append(_title_row(number, row.reason, record))
    if not rows:
        raise BadInputError("the file has only a header: give one row for each book")
    return rows


def _title_row(number: int, reason: str | None, record: BookRecord) -> TitleRow:
    if reason or not record.title:
        return TitleRow(number, None, reason or "no_title")
    try:
        book = GenreQuery(
            title=record.title,
            author=record.author or None,
            description=record.description[:MAX_DESCRIPTION_CHARS] or None,
        )
    except ValidationError as error:
        return TitleRow(number, None, f"{error.errors()[0]['loc'][0]}_too_long")
    return TitleRow(number, book)


def chunks(rows: Sequence[TitleRow]) -> Iterator[Sequence[TitleRow]]:
    """Yield the rows in chunks of ``CHUNK_ROWS``."""
    return (rows[start : start + CHUNK_ROWS] for start in range(0, len(rows), CHUNK_ROWS))


def predictions(classifier: LoadedClassifier, rows: Sequence[TitleRow]) -> list[dict[str, Any]]:
    """Return one JSON object per row: its two most probable genres, or its error."""
    books = [row.book for row in rows if row.book]
    responses = iter(genre_responses(classifier, books) if books else ())
    results: list[dict[str, Any]] = []
    for row in rows:
        if row.book is None:
            results.append({"row": row.number, "error": str(row.reason).replace("_", " ")})
            continue
        response = next(responses)
        first, *others = response.genres
        second = others[0] if others else None
        results.append(
            {
                "row": row.number,
                **row.book.model_dump(exclude={"description"}),
                "genre": first.genre,
                "probability": round(first.probability, 4),
                "sure": response.sure,
                "second": second and second.genre,
                "second_probability": second and round(second.probability, 4),
            }
        )
    return results
