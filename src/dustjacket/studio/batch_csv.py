"""A file of titles, and their genres a part at a time."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from dustjacket.catalog.columns import KNOWN, check_text
from dustjacket.errors import BadInputError
from dustjacket.sources.tables import read_rows, shape_of
from dustjacket.studio.handlers import tell_genres
from dustjacket.studio.models import Genres
from dustjacket.studio.schemas import Book

MOST_ROWS = 50_000
PER_PART = 64
"""Books that are answered at once."""
_CSV = ".csv"


@dataclass(frozen=True)
class Row:
    """One row: a book, or the reason why it is none.

    Attributes:
        number: of the row, from 1; a header is none.
    """

    number: int
    book: Book | None
    reason: str | None = None


def read_titles(body: bytes) -> list[Row]:
    """Return the rows of a CSV file with a column of titles, and perhaps one of authors.

    Raises:
        BadInputError: it is no such file, or has too many rows.
    """
    try:
        check_text("the file", body[:4096])
    except BadInputError as error:
        what = str(error).partition(": ")[0].removeprefix("listing ")
        raise BadInputError(f"{what}: give a CSV file with a column of titles") from None
    shape = shape_of(io.BytesIO(body), _CSV)
    column = {
        what: next((key for key in shape.keys if key in KNOWN[what]), "") if shape else ""
        for what in ("title", "author")
    }
    if shape is None or not column["title"]:
        raise BadInputError(
            f"the file has no column of titles: name one {' or '.join(KNOWN['title'][:2])} in its "
            "first line"
        )
    rows: list[Row] = []
    for number, row in enumerate(read_rows(io.BytesIO(body), shape), 1):
        if number > MOST_ROWS:
            raise BadInputError(f"the file has more than {MOST_ROWS:,} rows: send it in parts")
        given = {what: row.values.get(key, "") for what, key in column.items()}
        rows.append(_row(number, row.reason, given))
    if not rows:
        raise BadInputError("the file has a header only: give it a row for each book")
    return rows


def _row(number: int, reason: str | None, given: dict[str, str]) -> Row:
    if reason:
        return Row(number, None, reason)
    if not given["title"]:
        return Row(number, None, "no_title")
    try:
        return Row(number, Book(title=given["title"], author=given["author"] or None))
    except ValidationError as error:
        return Row(number, None, f"{error.errors()[0]['loc'][0]}_too_long")


def parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Yield the rows, some at a time."""
    return (rows[at : at + PER_PART] for at in range(0, len(rows), PER_PART))


def predictions(genres: Genres, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return a prediction a row, or why there is none."""
    books = [row.book for row in rows if row.book]
    told = iter(tell_genres(genres, books) if books else ())
    found: list[dict[str, Any]] = []
    for row in rows:
        if row.book is None:
            found.append({"row": row.number, "error": str(row.reason).replace("_", " ")})
            continue
        first, *others = next(told).genres
        second = others[0] if others else None
        found.append(
            {
                "row": row.number,
                **row.book.model_dump(),
                "genre": first.genre,
                "probability": round(first.probability, 4),
                "second": second and second.genre,
                "second_probability": second and round(second.probability, 4),
            }
        )
    return found
