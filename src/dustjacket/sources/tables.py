"""What every format of tables has in common: rows with their origin, shapes, and how to read.

Every row keeps its origin and its raw bytes, so that a rejected row can be shown unchanged.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from dustjacket.sources.csv import ByteRange

Value = str | int | float | bool | bytes | list[Any] | dict[str, Any] | None
"""A value as its file has it; a text table gives text, other formats what JSON knows, or bytes."""

LISTING = ("ASIN", "filename", "image URL", "title", "author", "category id", "category")
"""Columns of a listing of book covers by Iwana et al. (2016), which has no header."""


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
        header: whether the first record is a header.
        separator: of a text table.
        encoding: of a text, as Python names it.
        encoding_reason: why this encoding is used, such as ``byte order mark``.
        used: keys of the columns to read; None reads all.
        warnings: for people to read, one phrase each.
    """

    format: str
    columns: tuple[str, ...] = ()
    header: bool = False
    separator: str = ""
    encoding: str = "utf-8"
    encoding_reason: str = ""
    used: frozenset[str] | None = None
    warnings: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Column names as the keys of ``TableRow.values``."""
        return tuple(key_of(name) for name in self.columns)


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
    """Return a column's name as the key of ``TableRow.values``: trimmed and case-folded."""
    return name.strip(" \t\"'[]").casefold()
