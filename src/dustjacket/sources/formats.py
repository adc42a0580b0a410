"""The formats that are read, and how a file's format is found: by its content, not its name."""

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from dustjacket.errors import BadInputError
from dustjacket.sources.chunks import resumed
from dustjacket.sources.csv import WHOLE, ByteRange
from dustjacket.sources.datasets.amazon_reviews import AMAZON_REVIEWS
from dustjacket.sources.datasets.goodreads_graph import GOODREADS_AUTHORS, GOODREADS_GRAPH
from dustjacket.sources.datasets.google_books import GOOGLE_BOOKS
from dustjacket.sources.datasets.gutenberg import GUTENBERG
from dustjacket.sources.datasets.open_library import OPEN_LIBRARY
from dustjacket.sources.epub.epub import EPUB
from dustjacket.sources.epub.opf import OPF
from dustjacket.sources.json_documents import JSON_DOCUMENT
from dustjacket.sources.json_lines import JSON_LINES
from dustjacket.sources.marc.marc21 import MARC21
from dustjacket.sources.marc.marc_text import MARC_TEXT
from dustjacket.sources.marc.marcxml import MARCXML
from dustjacket.sources.ods import ODS
from dustjacket.sources.onix.reader import ONIX
from dustjacket.sources.parquet import PARQUET
from dustjacket.sources.tables import Format, ReadOptions, Shape, TableRow, key_of, shown
from dustjacket.sources.text_tables import CSV
from dustjacket.sources.xlsx import XLSX

FORMATS: dict[str, Format] = {
    format_.name: format_
    for format_ in (
        PARQUET,
        XLSX,
        ODS,
        MARC21,
        MARC_TEXT,
        MARCXML,
        ONIX,
        OPF,
        EPUB,
        OPEN_LIBRARY,
        GOODREADS_GRAPH,
        GOODREADS_AUTHORS,
        AMAZON_REVIEWS,
        GOOGLE_BOOKS,
        GUTENBERG,
        JSON_LINES,
        JSON_DOCUMENT,
        CSV,
    )
}
"""By name, in the order in which content is compared with them: strict ones first."""

_TEXTS = (JSON_LINES, JSON_DOCUMENT, CSV)
COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
ARCHIVES = (".zip", ".tar", ".tgz")
HEAD_BYTES = 1 << 20
_SIGNATURES = (
    (b"PK\x03\x04", "a ZIP archive: unpack it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it"),
    (b"Rar!\x1a\x07", "a RAR archive: unpack it"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet (.xls) or document: save it as .xlsx or CSV"),
    (b"%PDF", "a PDF file: give a table"),
    (b"\x89PNG", "an image: give a table"),
    (b"\xff\xd8\xff", "an image: give a table"),
    (b"GIF8", "an image: give a table"),
    (b"{\\rtf", "a text document (RTF): give a table"),
    (b"SQLite format 3", "a database: export the table as CSV"),
    (b"ARROW1", "an Arrow (Feather) file: save it as Parquet or CSV"),
    (b"ORC", "an ORC file: save it as Parquet or CSV"),
    (b"Obj\x01", "an Avro file: save it as Parquet or CSV"),
    (b"\x89HDF", "an HDF5 file: save it as Parquet or CSV"),
)
_MARKUP = ((b"<!doctype html", "a web page"), (b"<html", "a web page"), (b"<", "XML or HTML"))


def endings() -> tuple[str, ...]:
    """Return the endings of all formats."""
    return tuple(ending for format_ in FORMATS.values() for ending in format_.endings)


def is_table_name(name: str) -> bool:
    """Return whether a file's ending is that of a format or an archive, compressed or not."""
    name = name.lower()
    if name.endswith(ARCHIVES):
        return True
    for ending in COMPRESSED:
        name = name.removesuffix(ending)
    return name.endswith((*endings(), ".tar"))


def problem_of(head: bytes) -> str | None:
    """Return what a file is and the cure if it is of no format; None if it may be text.

    Args:
        head: first bytes of the file, decompressed.
    """
    if not head.strip():
        return "empty: give a table"
    for signature, problem in _SIGNATURES:
        if head.startswith(signature):
            return problem
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:64].lower()
    for markup, problem in _MARKUP:
        if start.startswith(markup):
            return f"{problem} that begins with {shown(start)}: give a table"
    return None if CSV.matches(head, "") else "binary, not text: give a table"


def format_of(head: bytes, name: str) -> Format:
    """Return the first format that the content of a file matches.

    Raises:
        BadInputError: there is none; the message says what the file is.
    """
    problem = problem_of(head)
    for format_ in FORMATS.values():
        if not (problem and format_ in _TEXTS) and format_.matches(head, name):
            return format_
    raise BadInputError(f"{name!r} is {problem or 'of no known format: give a table'}")


def shape_of(stream: BinaryIO, options: ReadOptions) -> Shape:
    """Return the format and columns of a file, from a decompressed stream at its beginning.

    Raises:
        BadInputError: the file is of no format, or has no readable row.
    """
    head = stream.read(HEAD_BYTES)
    return format_of(head, options.name).shape(resumed(head, stream), options)


def read_rows(stream: BinaryIO, shape: Shape, part: ByteRange = WHOLE) -> Iterator[TableRow]:
    """Yield the rows of ``part``, from a decompressed stream positioned at its beginning."""
    rows = FORMATS[shape.format].rows(stream, shape, part)
    return (
        _with_constants(rows, {key_of(name): value for name, value in shape.constants})
        if shape.constants
        else rows
    )


def _with_constants(rows: Iterator[TableRow], constants: dict[str, str]) -> Iterator[TableRow]:
    for row in rows:
        yield row if row.reason else replace(row, values={**constants, **row.values})


def split_rows(stream: BinaryIO, shape: Shape, size: int) -> Iterator[ByteRange]:
    """Split a file into parts of at least ``size`` bytes; the last may be smaller."""
    split = FORMATS[shape.format].split
    return split(stream, shape, size) if split else iter((WHOLE,))
