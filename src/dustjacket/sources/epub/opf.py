"""Read the package file of an EPUB as a listing of one book."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from dustjacket.errors import BadInputError
from dustjacket.sources.csv import MAX_RECORD, ByteRange
from dustjacket.sources.epub.package import values_of
from dustjacket.sources.tables import Format, ReadOptions, Shape, TableRow, Value
from dustjacket.sources.xml import name_of, parse_document

MAX_PACKAGE = 8 << 20
"""Maximum size of a package file in bytes."""
_PACKAGE = re.compile(rb"<(?:[\w.-]{1,100}:)?package[\s>]")


def read_package(body: bytes) -> dict[str, Value] | str:
    """Return the canonical fields of a package file, or the reason for its rejection."""
    if len(body) > MAX_PACKAGE:
        return "record_too_long"
    try:
        package = parse_document(body)
    except BadInputError:
        return "malformed_xml"
    return values_of(package) if name_of(package) == "package" else "no_package"


def row_of(raw: bytes, found: dict[str, Value] | str) -> TableRow:
    """Return the only row of a file, of the fields of its book or of a reason."""
    if isinstance(found, str):
        return TableRow(0, 0, raw[:MAX_RECORD], {}, found)
    return TableRow(0, 0, raw[:MAX_RECORD], found)


def _rows(stream: BinaryIO, _shape: Shape, _part: ByteRange) -> Iterator[TableRow]:
    body = stream.read(MAX_PACKAGE + 1)
    yield row_of(body, read_package(body))


def _matches(head: bytes, _name: str) -> bool:
    return head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:1] == b"<" and bool(
        _PACKAGE.search(head.replace(b"\0", b"")[:10_000])
    )


def _shape(_stream: BinaryIO, _options: ReadOptions) -> Shape:
    return Shape("opf", encoding_reason="declared in the file, or UTF-8")


OPF = Format("opf", (".opf",), _matches, _shape, _rows, canonical=True)
