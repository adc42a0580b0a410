"""Spreadsheets of LibreOffice and others (OpenDocument), as a stream."""

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from dustjacket.sources.chunks import chunks_of
from dustjacket.sources.csv import ByteRange
from dustjacket.sources.sheets import (
    MAX_COLUMNS,
    MAX_ROWS,
    Sheet,
    broken_as_damaged,
    check_archive,
    sheet_rows,
    sheet_shape,
)
from dustjacket.sources.tables import DamagedFileError, Format, ReadOptions, Shape, TableRow, Value

_IN_MEMORY = 16 << 20
_MIMETYPE = b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"
_NAMESPACE = "urn:oasis:names:tc:opendocument:xmlns:"
_TABLE, _TEXT, _OFFICE, _STYLE = (
    f"{{{_NAMESPACE}{name}:1.0}}" for name in ("table", "text", "office", "style")
)
_CALC = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"
_SPACES = {f"{_TEXT}tab": "\t", f"{_TEXT}line-break": "\n"}


def _matches(head: bytes, _name: str) -> bool:
    return head.startswith(b"PK\x03\x04") and head[30:].startswith(_MIMETYPE)


@contextmanager
def _content(stream: BinaryIO) -> Iterator[Any]:
    """Open the events of the document: rows, cells, sheets and styles that end."""
    from lxml import etree

    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as local:
        for chunk in chunks_of(stream):
            local.write(chunk)
        with broken_as_damaged(), zipfile.ZipFile(local) as archive:
            check_archive(archive)
            with archive.open("content.xml") as text:
                yield etree.iterparse(
                        text, events=("start", "end"), resolve_entities=False, no_network=True,
                        load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True,
                    )  # fmt: skip


def _sheets(events: Any) -> Iterator[tuple[str, Sheet]]:
    """Yield the sheets that are not hidden; read each before the next one is fetched."""
    hidden = set[str]()
    style = ""
    for event, element in events:
        if element.getroottree().docinfo.doctype:
            raise DamagedFileError("it declares a document type")
        if event == "start" and element.tag == f"{_STYLE}style":
            style = element.get(f"{_STYLE}name", "")
        elif event == "start" and element.tag == f"{_STYLE}table-properties":
            if element.get(f"{_TABLE}display") == "false":
                hidden.add(style)
        elif event == "start" and element.tag == f"{_TABLE}table":
            rows = _rows_of_sheet(events)
            if element.get(f"{_TABLE}style-name", "-") not in hidden:
                yield element.get(f"{_TABLE}name", ""), rows
            for _ in rows:
                pass
            _forget(element)


def _rows_of_sheet(events: Any) -> Sheet:
    number = 0
    cells: list[Value] = []
    for event, element in events:
        if event == "start":
            continue
        if element.tag == f"{_TABLE}table":
            return
        if element.tag in {f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"}:
            value = _value(element)
            repeated = _repeated(element, "columns", MAX_COLUMNS)
            if len(cells) + repeated <= MAX_COLUMNS:
                cells += [value] * repeated
            elif value is not None:
                raise DamagedFileError(f"a row has over {MAX_COLUMNS:,} cells")
            _forget(element)
        elif element.tag == f"{_TABLE}table-row":
            repeated = _repeated(element, "rows", MAX_ROWS)
            while cells and cells[-1] is None:
                cells.pop()
            if cells and number + repeated > MAX_ROWS:
                raise DamagedFileError(f"a sheet has over {MAX_ROWS:,} rows")
            for again in range(repeated if cells else 0):
                yield number + again, cells
            number += repeated
            cells = []
            _forget(element)


def _repeated(element: Any, what: str, most: int) -> int:
    return min(max(int(element.get(f"{_TABLE}number-{what}-repeated", "1")), 1), most)


def _value(cell: Any) -> Value:
    kind = cell.get(f"{_OFFICE}value-type")
    if kind is None or cell.get(f"{_CALC}value-type") == "error":
        return None
    if kind in {"float", "currency", "percentage"}:
        number = float(cell.get(f"{_OFFICE}value", "nan"))
        return int(number) if number.is_integer() else number
    if kind == "boolean":
        return bool(cell.get(f"{_OFFICE}boolean-value") == "true")
    if kind == "date":
        return str(cell.get(f"{_OFFICE}date-value", "")).removesuffix("T00:00:00") or None
    given = cell.get(f"{_OFFICE}string-value")
    if given is None:
        given = "\n".join(map(_text, cell.iterfind(f"{_TEXT}p")))
    return given or None


def _text(paragraph: Any) -> str:
    parts = [paragraph.text or ""]
    for child in paragraph:
        if child.tag == f"{_TEXT}s":
            parts.append(" " * min(int(child.get(f"{_TEXT}c", "1")), MAX_COLUMNS))
        elif child.tag in _SPACES:
            parts.append(_SPACES[child.tag])
        elif child.tag not in {f"{_OFFICE}annotation", f"{_TEXT}note"}:
            parts.append(_text(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _forget(element: Any) -> None:
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]


def _shape(stream: BinaryIO, options: ReadOptions) -> Shape:
    with _content(stream) as events:
        return sheet_shape(Shape("ods", encoding_reason="XML"), _sheets(events), options)


def _rows(stream: BinaryIO, shape: Shape, _part: ByteRange) -> Iterator[TableRow]:
    with _content(stream) as events:
        for name, rows in _sheets(events):
            if name == shape.place:
                yield from sheet_rows(rows, shape)
                return


ODS = Format("ods", (".ods",), _matches, _shape, _rows)
