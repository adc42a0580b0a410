"""Read an EPUB as a listing of one book."""

import tempfile
from collections.abc import Iterator
from typing import BinaryIO

from dustjacket.errors import BadInputError
from dustjacket.sources.csv import ByteRange
from dustjacket.sources.epub.archive import read_epub
from dustjacket.sources.epub.opf import read_package, row_of
from dustjacket.sources.tables import Format, ReadOptions, Shape, TableRow

MAX_EPUB = 1 << 30
"""Maximum size of an EPUB in bytes."""
_IN_MEMORY, _CHUNK = 16 << 20, 1 << 20
_MIMETYPE = b"mimetypeapplication/epub+zip"


def _rows(stream: BinaryIO, shape: Shape, _part: ByteRange) -> Iterator[TableRow]:
    wants_cover = shape.used is not None and "image" in shape.used
    # An archive has its directory at its end, and a stream cannot always seek.
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        size = 0
        while size <= MAX_EPUB and (chunk := stream.read(_CHUNK)):
            size += file.write(chunk)
        if size > MAX_EPUB:
            yield row_of(b"", "record_too_long")
            return
        try:
            epub = read_epub(file, cover=wants_cover)
        except BadInputError as error:
            yield row_of(str(error).encode(), "unreadable_epub")
            return
    found = read_package(epub.package)
    if isinstance(found, dict):
        # A path in the archive is none beside it.
        found["image"] = epub.cover or None
    yield row_of(epub.package, found)


def _matches(head: bytes, name: str) -> bool:
    is_zip = head.startswith(b"PK\x03\x04")
    return is_zip and (head[30:].startswith(_MIMETYPE) or name.lower().endswith(".epub"))


def _shape(_stream: BinaryIO, _options: ReadOptions) -> Shape:
    return Shape("epub", encoding_reason="declared in the package file, or UTF-8")


EPUB = Format("epub", (".epub",), _matches, _shape, _rows, canonical=True)
