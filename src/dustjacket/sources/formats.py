"""The formats that are read, and how a file's format is found: by its content, not its name."""

import io
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast

from dustjacket.errors import BadInputError
from dustjacket.sources.csv import WHOLE, ByteRange
from dustjacket.sources.epub.epub import EPUB
from dustjacket.sources.epub.opf import OPF
from dustjacket.sources.json_lines import JSON_LINES
from dustjacket.sources.marc.marc21 import MARC21
from dustjacket.sources.marc.marcxml import MARCXML
from dustjacket.sources.onix.reader import ONIX
from dustjacket.sources.parquet import PARQUET
from dustjacket.sources.tables import Format, ReadOptions, Shape, TableRow
from dustjacket.sources.text_tables import CSV, is_text

FORMATS: dict[str, Format] = {
    format_.name: format_
    for format_ in (
        PARQUET,
        MARC21,
        MARCXML,
        ONIX,
        OPF,
        EPUB,
        JSON_LINES,
        CSV,
    )
}
"""By name, in the order in which content is compared with them: strict ones first."""

COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
HEAD_BYTES = 1 << 20
_SIGNATURES = {
    b"PK\x03\x04": "a ZIP archive or a spreadsheet",
    b"\xd0\xcf\x11\xe0": "a spreadsheet",
    b"%PDF": "a PDF file",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}


def endings() -> tuple[str, ...]:
    """Return the endings of all formats."""
    return tuple(ending for format_ in FORMATS.values() for ending in format_.endings)


def is_table_name(name: str) -> bool:
    """Return whether a file's ending is that of a format, compressed or not."""
    path = PurePosixPath(name.lower())
    ending = PurePosixPath(path.stem).suffix if path.suffix in COMPRESSED else path.suffix
    return ending in endings()


def problem_of(head: bytes) -> str | None:
    """Return what a file is if it is of no format, such as ``empty`` or ``a PDF file``.

    Args:
        head: first bytes of the file, decompressed.
    """
    if not head.strip():
        return "empty"
    for signature, file_type in _SIGNATURES.items():
        if head.startswith(signature):
            return file_type
    return None if is_text(head) else "binary, not text"


def format_of(head: bytes, name: str) -> Format:
    """Return the first format that the content of a file matches.

    Raises:
        BadInputError: there is none; the message says what the file is.
    """
    problem = problem_of(head)
    for format_ in FORMATS.values():
        if format_.matches(head, name) and not (problem and format_ is CSV):
            return format_
    raise BadInputError(f"{name!r} is {problem or 'of no known format'}: give a table")


def shape_of(stream: BinaryIO, options: ReadOptions) -> Shape:
    """Return the format and columns of a file, from a decompressed stream at its beginning.

    Raises:
        BadInputError: the file is of no format, or has no readable row.
    """
    head = stream.read(HEAD_BYTES)
    whole = io.BufferedReader(cast("io.RawIOBase", _Resumed(head, stream)))
    return format_of(head, options.name).shape(whole, options)


def read_rows(stream: BinaryIO, shape: Shape, part: ByteRange = WHOLE) -> Iterator[TableRow]:
    """Yield the rows of ``part``, from a decompressed stream positioned at its beginning."""
    return FORMATS[shape.format].rows(stream, shape, part)


def split_rows(stream: BinaryIO, shape: Shape, size: int) -> Iterator[ByteRange]:
    """Split a file into parts of at least ``size`` bytes; the last may be smaller."""
    split = FORMATS[shape.format].split
    return split(stream, shape, size) if split else iter((WHOLE,))


class _Resumed(io.RawIOBase):
    """A stream from its beginning, whose first bytes were read before."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = memoryview(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data: bytes | memoryview = self._head[: len(buffer)]
        self._head = self._head[len(data) :]
        if not data:
            data = self._rest.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
