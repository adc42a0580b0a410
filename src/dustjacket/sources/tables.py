"""What every format of tables has in common: rows with their origin, shapes, and how to read.

Every row keeps its origin and its raw bytes, so that a rejected row can be shown unchanged.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Literal

from dustjacket.sources.csv import COMMAS, ByteRange, Dialect
from dustjacket.sources.encoding import decode

Value = str | int | float | bool | bytes | list[Any] | dict[str, Any] | None
"""A value as its file has it; a text table gives text, other formats what JSON knows, or bytes."""

LISTING = ("ASIN", "filename", "image URL", "title", "author", "category id", "category")
"""Columns of a listing of book covers by Iwana et al. (2016), which has no header."""

AUTHOR_KEY = "author_key"
"""Key of the values of a row that is an author, whose name is ``author``, and no book."""


class DamagedFileError(OSError):
    """A file ends or is broken in the middle: what follows cannot be read."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row: its values by column, or the reason for its rejection.

    Attributes:
        position: index of the record in its file, from 0; a header counts.
        offset: byte offset of the record after decompression and decoding; where a format has no
            offsets, ``position``.
        raw: bytes of the record; where a record is not text, the row as JSON.
        values: by column, named as :func:`key_of` does; a canonical format has canonical names.
    """

    position: int
    offset: int
    raw: bytes
    values: Mapping[str, Value]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How a user wants a file to be read; empty fields are found in its content.

    Attributes:
        name: of the file, for error messages; its ending is a hint only.
        separator: of a text table: one ASCII character.
        encoding: of a text, as Python names it.
        columns: names that parameters give: a record that has one is a header.
    """

    name: str = ""
    separator: str = ""
    encoding: str = ""
    columns: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Shape:
    """Format and columns of one file.

    Attributes:
        format: name of a :class:`Format`.
        columns: column names as written in the file.
        header: whether a record is a header.
        start: position of the first record that is a row.
        dialect: of a text table.
        encoding: of a text, as Python names it.
        encoding_reason: why this encoding is used, such as ``byte order mark``.
        line_end: what ends a line of a text.
        place: of the table in its file, such as the name of a sheet.
        constants: columns that have one value in all rows, such as those in a folder's name.
        used: keys of the columns to read; None reads all.
        warnings: for people to read, one phrase each.
        sent: when a feed's message was sent, in UTC as text that sorts by time.
        authors: whether the file names authors by key: ``some`` beside books, or ``all``.
        preamble: of XML that can be split, what stands before the first record.
    """

    format: str
    columns: tuple[str, ...] = ()
    header: bool = False
    start: int = 0
    dialect: Dialect = COMMAS
    encoding: str = "utf-8"
    encoding_reason: str = ""
    line_end: str = "\n"
    place: str = ""
    constants: tuple[tuple[str, str], ...] = ()
    used: frozenset[str] | None = None
    warnings: tuple[str, ...] = ()
    sent: str = ""
    authors: Literal["", "some", "all"] = ""
    preamble: bytes = b""

    @property
    def keys(self) -> tuple[str, ...]:
        """Column names as the keys of ``TableRow.values``, those of constants last."""
        return tuple(map(key_of, (*self.columns, *dict(self.constants))))


@dataclass(frozen=True)
class Format:
    """How the files of one format are read.

    Attributes:
        name: unique.
        endings: of file names, with the point; a hint only.
        matches: whether a file is of this format, by its first decompressed bytes (at most 1 MiB)
            and its name.
        shape: reads the shape of a file; raises BadInputError.
        rows: yields the rows of a part of a file, from a stream positioned at its beginning.
        split: yields parts that can be read apart, of at least so many bytes; None: a file is read
            as a whole.
        canonical: whether the keys of values are canonical names of fields, not columns.
    """

    name: str
    endings: tuple[str, ...]
    matches: Callable[[bytes, str], bool]
    shape: Callable[[BinaryIO, ReadOptions], Shape]
    rows: Callable[[BinaryIO, Shape, ByteRange], Iterator[TableRow]]
    split: Callable[[BinaryIO, Shape, int], Iterator[ByteRange]] | None = None
    canonical: bool = False


def key_of(name: str) -> str:
    """Return a column's name as the key of ``TableRow.values``.

    Case-folded and composed (NFC), without quotes, brackets and white space around it, and without
    characters that nobody sees; other white space is one space.
    """
    if not name.isascii():
        name = _INVISIBLE.sub("", unicodedata.normalize("NFC", name))
    return " ".join(name.split()).strip(" \"'[]").casefold()


_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\ufeff]"
)


def named_once(keys: Sequence[str]) -> dict[str, int]:
    """Return the place of the first column of each key if a key occurs again, else nothing."""
    if len(set(keys)) == len(keys):
        return {}
    return {key: place for place, key in reversed(list(enumerate(keys)))}


def with_columns(shape: Shape, columns: Sequence[str], start: int) -> Shape:
    """Return a shape with columns, and a warning of each name that occurs again.

    Args:
        start: position of the first row; the record before it is a header.
    """
    places: dict[str, list[int]] = {}
    for number, name in enumerate(columns, 1):
        places.setdefault(key_of(name), []).append(number)
    warnings = [
        f"columns {', '.join(map(str, numbers))} have the name {shown(name)}: the first is read"
        for name, numbers in places.items()
        if name and len(numbers) > 1
    ]
    return replace(
        shape,
        columns=tuple(columns),
        header=start > 0,
        start=start,
        warnings=(*shape.warnings, *warnings),
    )


def shown(text: bytes | str, length: int = 80) -> str:
    """Return the beginning of a text in quotes, with escapes for what is not printable."""
    if isinstance(text, bytes):
        text = decode(text[: 4 * length])
    return repr(text[:length]) + ("…" if len(text) > length else "")
