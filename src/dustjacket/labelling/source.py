"""A file on this machine that is labelled: its format, its columns, and its records."""

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from dustjacket.errors import BadInputError
from dustjacket.records.columns import Columns, columns_of
from dustjacket.records.record import CANONICAL, BookRecord, record_of
from dustjacket.sources.chunks import chunks_of, stream_of
from dustjacket.sources.files import in_place
from dustjacket.sources.formats import FORMATS, read_rows, shape_of
from dustjacket.sources.streams import corrupt_as_bad_input, decompressed
from dustjacket.sources.tables import ReadOptions, Shape, TableRow, key_of
from dustjacket.sources.texts import is_utf8_lines, original_text, utf8_lines
from dustjacket.sources.xml import is_utf16

_TEXTS, _XML = ("csv", "json_lines"), ("onix", "marcxml")
_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class LabelOptions:
    """How a file is read and labelled; empty fields are found in its content.

    Attributes:
        title, author, description: columns of a table, by their headers.
        separator, encoding: of a text; see :class:`ReadOptions`.
        scheme: name of the subjects' scheme, in ONIX.
        source_code: of the subjects' vocabulary, in MARC (subfield 2).
        marc_tag: of the field that gets a subject.
    """

    title: str = ""
    author: str = ""
    description: str = ""
    separator: str = ""
    encoding: str = ""
    scheme: str = "Dustjacket"
    source_code: str = "local"
    marc_tag: str = "650"


@dataclass(frozen=True)
class Source:
    """A file to label.

    Attributes:
        columns: of each field.
        mark: byte order mark of XML in UTF-16, which may be empty; None for any other file.
    """

    path: Path
    shape: Shape
    columns: Columns
    mark: bytes | None = None

    @classmethod
    def of(cls, path: Path, options: LabelOptions) -> "Source":
        """Find the format and the columns of a file.

        Raises:
            BadInputError: it does not exist, is of no known format, or has no titles.
        """
        if not path.is_file():
            raise BadInputError(f"{str(path)!r} is no file: name one that exists")
        names = {
            field: key_of(name)
            for field in ("title", "author", "description")
            if (name := getattr(options, field))
        }
        read = ReadOptions(
            path.name, options.separator, options.encoding, frozenset(names.values())
        )
        with _opened(path) as stream:
            head = stream.peek(4)
            shape = shape_of(stream, read)
        if FORMATS[shape.format].canonical:
            columns = CANONICAL
        else:
            columns = columns_of(
                shape.keys, names, where=repr(path.name),
                parameters={field: f"--{field}-column" for field in ("title", "author")},
            )  # fmt: skip
        is_wide = shape.format in _XML and is_utf16(head)
        mark = next((mark for mark in _MARKS if head.startswith(mark)), b"") if is_wide else None
        return cls(path, shape, columns, mark)

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open the file, decompressed."""
        with _opened(self.path) as stream:
            yield stream

    def rows(self) -> Iterator[tuple[TableRow, BookRecord | str]]:
        """Yield each row with its book, or with the reason why there is none."""
        with self.opened() as stream:
            for row in read_rows(stream, self.shape):
                yield row, self._book(row)

    def _book(self, row: TableRow) -> BookRecord | str:
        if row.reason:
            return row.reason
        book = record_of(row.values, self.columns)
        if book.notification == "delete":
            return "delete_notice"
        return book if book.title else "no_title"

    @property
    def is_converted(self) -> bool:
        """Whether offsets of rows are those of the file's text as UTF-8 with line feeds."""
        is_text = self.shape.format in _TEXTS and not is_utf8_lines(self.shape)
        return is_text or self.mark is not None

    @contextmanager
    def text(self) -> Iterator[BinaryIO]:
        """Open the file as the bytes in which rows have their offsets."""
        with self.opened() as stream:
            if self.mark is not None:
                yield stream_of(_utf8_of_utf16(stream))
            elif self.shape.format in _TEXTS:
                yield utf8_lines(stream, self.shape)
            else:
                yield stream

    def original(self, text: bytes, *, is_first: bool) -> bytes:
        """Return bytes of :meth:`text` as the file has them.

        Args:
            is_first: whether they are the first of the file.
        """
        if self.mark is not None:
            encoding = "utf-16-be" if self.mark == codecs.BOM_UTF16_BE else "utf-16-le"
            return (self.mark if is_first else b"") + text.decode().encode(encoding)
        return original_text(text, self.shape) if self.is_converted else text


def _utf8_of_utf16(stream: BinaryIO) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-16")("replace")
    for chunk in chunks_of(stream):
        yield decoder.decode(chunk).encode("utf-8", "replace")


@contextmanager
def _opened(path: Path) -> Iterator[io.BufferedReader]:
    with path.open("rb") as file, corrupt_as_bad_input(in_place(path.name, path)):
        yield decompressed(file)
