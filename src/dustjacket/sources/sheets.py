"""What spreadsheets of all formats have in common: sheets, headers below titles, and rows."""

import json
import re
import statistics
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import Any

from dustjacket.errors import BadInputError
from dustjacket.sources.csv import MAX_RECORD
from dustjacket.sources.headers import is_listing
from dustjacket.sources.tables import (
    LISTING,
    DamagedFileError,
    ReadOptions,
    Shape,
    TableRow,
    Value,
    key_of,
    shown,
    with_columns,
)

Sheet = Iterator[tuple[int, Sequence[Value]]]
"""Rows that are not blank: the number of the row, from 0, and its cells."""

MAX_ROWS, MAX_COLUMNS = 1 << 20, 1 << 14
"""Those of the usual programs."""
MAX_ROW_BYTES = 16 << 20
_MAX_FILES, _MAX_BYTES = 10_000, 4 << 30
_MAX_RATIO, _RATIO_FROM = 500, 64 << 20
_FIRST = 100
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_BROKEN = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, LookupError, ValueError, TypeError,
    ArithmeticError, AttributeError, SyntaxError, RuntimeError,
)  # fmt: skip


@contextmanager
def broken_as_damaged() -> Iterator[None]:
    """Convert what libraries raise on broken spreadsheets to DamagedFileError."""
    try:
        yield
    except BadInputError:
        raise
    except _BROKEN as error:
        problem = f"no whole spreadsheet: {type(error).__name__}: {shown(str(error))}"
        raise DamagedFileError(problem) from error


def check_archive(archive: zipfile.ZipFile) -> None:
    """Check the sizes that the archive of a spreadsheet declares; reading keeps to them.

    Raises:
        DamagedFileError: it is a decompression bomb, or too large.
    """
    files = archive.infolist()
    size = sum(file.file_size for file in files)
    packed = sum(file.compress_size for file in files) or 1
    if len(files) > _MAX_FILES or size > _MAX_BYTES:
        raise DamagedFileError(f"it unpacks to over {_MAX_FILES} files or {_MAX_BYTES >> 30} GiB")
    if size > _RATIO_FROM and size > _MAX_RATIO * packed:
        raise DamagedFileError(f"it unpacks to over {_MAX_RATIO} times its size")
    if any(file.flag_bits & 1 for file in files):
        raise DamagedFileError("it has a password")


def sheet_shape(shape: Shape, sheets: Iterable[tuple[str, Sheet]], options: ReadOptions) -> Shape:
    """Return the columns of the first sheet that has a table; others are named in a warning.

    A sheet with a column that the user names comes first.

    Raises:
        BadInputError: no sheet has a table.
    """
    found: list[Shape] = []
    for name, rows in sheets:
        first = list(islice(rows, _FIRST))
        if columns := _header(first):
            number, names = columns
            data = [[text_of_cell(cell) for cell in cells] for at, cells in first if at >= number]
            one = replace(shape, place=name)
            if is_listing(data, options):
                found.append(with_columns(one, LISTING, start=0))
            else:
                found.append(with_columns(one, names, start=number + 1))
    if not found:
        raise BadInputError(f"{options.name!r} is a spreadsheet without a table: give one")
    best = max(found, key=lambda one: len(options.columns & set(one.keys)))
    others = tuple(
        f"sheet {shown(one.place)} of {options.name!r} is not read" for one in found if one != best
    )
    return replace(best, warnings=(*best.warnings, *others))


def _header(rows: Sequence[tuple[int, Sequence[Value]]]) -> tuple[int, list[str]] | None:
    """Return the number of the header's row and its names.

    Titles above the header fill fewer cells than rows do, and a header has no numbers and no dates.
    """
    filled = [sum(cell is not None for cell in cells) for _, cells in rows]
    if not filled:
        return None
    usual = statistics.median(sorted(filled)[len(filled) // 2 :])
    wide = max(min(2, max(filled)), 0.6 * usual)
    possible = [row for row, width in zip(rows, filled, strict=True) if width >= wide]
    texts = [
        (number, cells)
        for number, cells in possible
        if all(cell is None or _is_name(cell) for cell in cells)
    ]
    number, cells = (texts or possible)[0]
    names = [text_of_cell(cell) for cell in cells]
    while names and not names[-1].strip():
        names.pop()
    return (number, names) if names else None


def _is_name(cell: Value) -> bool:
    return isinstance(cell, str) and not _DATE.match(cell)


def sheet_rows(rows: Sheet, shape: Shape) -> Iterator[TableRow]:
    """Yield the rows of a sheet; cells without a name in the header are left out."""
    places: dict[str, int] = {}
    for place, name in enumerate(shape.columns):
        key = key_of(name)
        if key and (shape.used is None or key in shape.used):
            places.setdefault(key, place)
    for number, cells in rows:
        if number < shape.start:
            continue
        values = {key: cells[at] if at < len(cells) else None for key, at in places.items()}
        raw = json.dumps(values, ensure_ascii=False, default=str).encode("utf-8", "replace")
        if len(raw) > MAX_RECORD:
            yield TableRow(number, number, raw[:MAX_RECORD], {}, "record_too_long")
        elif shape.header and tuple(map(text_of_cell, cells[: len(shape.columns)])) == (
            shape.columns
        ):
            yield TableRow(number, number, raw, {}, "repeated_header")
        else:
            yield TableRow(number, number, raw, values)


def text_of_cell(cell: Any) -> str:
    """Return a cell of a header as text."""
    return "" if cell is None else str(cell)
