"""Read a table of titles, and predict their genres in chunks."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from dustjacket.errors import BadInputError
from dustjacket.records.columns import columns_of
from dustjacket.records.record import BookRecord, record_of
from dustjacket.sources.csv import WHOLE, parse
from dustjacket.sources.formats import HEAD_BYTES, format_of
from dustjacket.sources.ods import ODS
from dustjacket.sources.tables import (
    DamagedFileError,
    ReadOptions,
    Shape,
    TableRow,
    Value,
    key_of,
)
from dustjacket.sources.text_tables import CSV
from dustjacket.sources.xlsx import XLSX
from dustjacket.studio.handlers import genre_responses
from dustjacket.studio.models import LoadedClassifier
from dustjacket.studio.schemas import MAX_DESCRIPTION_CHARS, GenreQuery

MAX_ROWS, MAX_LINES = 50_000, 200_000
"""Blank lines, and those of a row that spans several, count as lines."""
CHUNK_ROWS = 64
"""Rows that are predicted at once; a single title waits at most this long for its turn."""
_NAME = "the file"
_FORMATS = (CSV, XLSX, ODS)


@dataclass(frozen=True)
class TitleRow:
    """A row: a book, or the reason why the row is not one.

    Attributes:
        number: counts from 1; the header does not count.
        cells: all cells as text, in the order of the file's columns.
    """

    number: int
    cells: tuple[str, ...]
    book: GenreQuery | None
    reason: str | None = None


@dataclass(frozen=True)
class TitleTable:
    """A table of books.

    Attributes:
        columns: names as the file writes them.
        separator: of its cells; a comma where the file is a spreadsheet.
    """

    columns: tuple[str, ...]
    separator: str
    rows: tuple[TitleRow, ...]


def read_titles(body: bytes) -> TitleTable:
    """Return the rows of a table with a column of titles.

    Columns of authors and of descriptions are read if there are any.

    Args:
        body: a text table with any separator and encoding, or a spreadsheet (.xlsx, .ods).

    Raises:
        BadInputError: the file is something else, has no rows, or has too many rows or lines.
    """
    if body.count(b"\n") > MAX_LINES:
        raise BadInputError(
            f"the file has more than {MAX_LINES:,} lines: send it in parts, without blank lines"
        )
    try:
        format_ = format_of(body[:HEAD_BYTES], _NAME)
        if format_ not in _FORMATS:
            raise BadInputError(
                "the file is no table of titles: give a CSV file or a spreadsheet (.xlsx, .ods)"
            )
        shape = format_.shape(io.BytesIO(body), ReadOptions(_NAME))
        rows = list(_rows(format_.rows(io.BytesIO(body), shape, WHOLE), shape))
    except BadInputError as error:
        raise BadInputError(str(error).replace(repr(_NAME), _NAME)) from None
    except DamagedFileError as error:
        raise BadInputError(f"the file is damaged ({error}): save it anew") from None
    if not rows:
        raise BadInputError("the file has only a header: give one row for each book")
    return TitleTable(shape.columns, shape.dialect.separator, tuple(rows))


def _rows(rows: Iterator[TableRow], shape: Shape) -> Iterator[TitleRow]:
    try:
        columns = columns_of(shape.keys, where=_NAME)
    except BadInputError as error:
        problem = str(error).rpartition(": set ")[0]
        raise BadInputError(f"{problem}: name the column of titles 'title'") from None
    for number, row in enumerate(rows, 1):
        if number > MAX_ROWS:
            raise BadInputError(f"the file has more than {MAX_ROWS:,} rows: send it in parts")
        record = record_of(row.values, columns)
        book, reason = _book_of(row.reason, record)
        yield TitleRow(number, _cells(row, shape), book, reason)


def _cells(row: TableRow, shape: Shape) -> tuple[str, ...]:
    """Return all cells of a row, those of a rejected row too."""
    if shape.format == CSV.name:
        return parse(row.raw, shape.dialect, len(shape.columns))[0]
    return tuple(_text(row.values.get(key_of(name))) for name in shape.columns)


def _text(value: Value) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # an ISBN is no measure
    return "" if value is None else str(value)


def _book_of(reason: str | None, record: BookRecord) -> tuple[GenreQuery | None, str | None]:
    if reason or not record.title:
        return None, reason or "no_title"
    try:
        book = GenreQuery(
            title=record.title,
            author=record.author or None,
            description=record.description[:MAX_DESCRIPTION_CHARS] or None,
        )
    except ValidationError as error:
        return None, f"{error.errors()[0]['loc'][0]}_too_long"
    return book, None


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
            reason = str(row.reason).replace("_", " ")
            results.append({"row": row.number, "cells": row.cells, "error": reason})
            continue
        response = next(responses)
        first, *others = response.genres
        second = others[0] if others else None
        results.append(
            {
                "row": row.number,
                "cells": row.cells,
                **row.book.model_dump(exclude={"description"}),
                "genre": first.genre,
                "probability": round(first.probability, 4),
                "sure": response.sure,
                "second": second and second.genre,
                "second_probability": second and round(second.probability, 4),
            }
        )
    return results
