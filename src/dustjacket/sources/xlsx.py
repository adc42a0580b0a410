"""Spreadsheets of Excel 2007 and later (Office Open XML), as a stream."""

import datetime as dt
import re
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from dustjacket.sources.chunks import chunks_of
from dustjacket.sources.csv import ByteRange
from dustjacket.sources.sheets import (
    MAX_COLUMNS,
    MAX_ROW_BYTES,
    MAX_ROWS,
    Sheet,
    broken_as_damaged,
    check_archive,
    sheet_rows,
    sheet_shape,
)
from dustjacket.sources.tables import DamagedFileError, Format, ReadOptions, Shape, TableRow, Value

_IN_MEMORY = 16 << 20
_MAX_MERGED = 100_000
_ROOTS = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"xl/")
_ROW = re.compile(rb"<(?:\w+:)?row[\s>/]")
_MERGED = re.compile(
    rb'<(?:\w+:)?mergeCell [^>]*?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"'
)
_FORBIDDEN = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NUM!", "#NAME?", "#NULL!", "#CALC!"})
_OVERLAP = 200


def _matches(head: bytes, _name: str) -> bool:
    name = head[30 : 30 + int.from_bytes(head[26:28], "little")]
    return head.startswith(b"PK\x03\x04") and name.startswith(_ROOTS) and b"xl/" in head


@contextmanager
def _workbook(stream: BinaryIO) -> Iterator[Any]:
    from openpyxl import load_workbook

    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as local:
        for chunk in chunks_of(stream):
            local.write(chunk)
        with broken_as_damaged():
            with zipfile.ZipFile(local) as archive:
                check_archive(archive)
                for file in archive.infolist():
                    if file.filename.endswith((".xml", ".rels")):
                        with archive.open(file) as text:
                            if _FORBIDDEN.search(text.read(4096)):
                                raise DamagedFileError("it declares a document type")
            book = load_workbook(local, read_only=True, data_only=True, keep_links=False)
            try:
                yield book
            finally:
                book.close()


def _sheets(book: Any) -> Iterator[tuple[str, Sheet]]:
    """Yield the sheets that are not hidden."""
    for sheet in book.worksheets:
        if sheet.sheet_state == "visible" and hasattr(sheet, "reset_dimensions"):
            yield sheet.title, _cells(sheet)


def _cells(sheet: Any) -> Sheet:
    merged = _scanned(sheet)
    sheet.reset_dimensions()
    held: dict[int, tuple[int, Value]] = {}
    for number, row in enumerate(sheet.iter_rows(values_only=True)):
        if number >= MAX_ROWS:
            raise DamagedFileError(f"a sheet has over {MAX_ROWS:,} rows")
        cells = [_value(cell) for cell in row]
        for column, last in merged.get(number, ()):
            held[column] = last, cells[column] if column < len(cells) else None
        for column, (last, value) in list(held.items()):
            if number > last:
                del held[column]
            else:
                cells += [None] * (column + 1 - len(cells))
                cells[column] = value
        if any(cell is not None for cell in cells):
            yield number, cells


def _scanned(sheet: Any) -> dict[int, list[tuple[int, int]]]:
    """Check that no row of a sheet is endless, and return its merged cells that span rows.

    Returns:
        by number of the first row: column and number of the last row.
    """
    from openpyxl.utils import column_index_from_string

    merged: dict[int, list[tuple[int, int]]] = {}
    since = count = 0
    tail = b""
    with sheet._get_source() as text:
        for chunk in chunks_of(text):
            rows = [found.start() for found in _ROW.finditer(chunk)]
            since = len(chunk) - rows[-1] if rows else since + len(chunk)
            if since > MAX_ROW_BYTES:
                raise DamagedFileError(f"a row has over {MAX_ROW_BYTES >> 20} MiB")
            joined = tail + chunk
            tail = joined[-_OVERLAP:]
            if b"mergeCell" not in joined:
                continue
            for found in _MERGED.finditer(joined):
                first, top, last, bottom = (part.decode() for part in found.groups())
                count += 1
                columns = column_index_from_string(first), column_index_from_string(last)
                if count <= _MAX_MERGED and int(bottom) > int(top) and columns[1] <= MAX_COLUMNS:
                    for column in range(columns[0], columns[1] + 1):
                        merged.setdefault(int(top) - 1, []).append((column - 1, int(bottom) - 1))
    return merged


def _value(cell: Any) -> Value:
    if isinstance(cell, str):
        return None if not cell or cell in _ERRORS else cell
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat()
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    if isinstance(cell, dt.timedelta):
        return str(cell)
    value: Value = cell
    return value


def _shape(stream: BinaryIO, options: ReadOptions) -> Shape:
    with _workbook(stream) as book:
        return sheet_shape(Shape("xlsx", encoding_reason="XML"), _sheets(book), options)


def _rows(stream: BinaryIO, shape: Shape, _part: ByteRange) -> Iterator[TableRow]:
    with _workbook(stream) as book:
        yield from sheet_rows(_cells(book[shape.place]), shape)


XLSX = Format("xlsx", (".xlsx", ".xlsm"), _matches, _shape, _rows)
