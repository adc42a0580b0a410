"""Formats whose files are JSON Lines: an object is a book, by a function of its own."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, BinaryIO

from dustjacket.sources.csv import ByteRange
from dustjacket.sources.json_lines import JSON_LINES
from dustjacket.sources.tables import Format, ReadOptions, Shape, TableRow, Value

_HEAD = 64 << 10


def json_format(
    name: str, keys: tuple[str, ...], values_of: Callable[[Mapping[str, Any]], dict[str, Value]]
) -> Format:
    """Return a canonical format for JSON Lines whose first objects have all of ``keys``.

    Args:
        values_of: returns the canonical fields of an object; empty ones are left out.
    """
    marks = [f'"{key}"'.encode() for key in keys]

    def matches(head: bytes, _name: str) -> bool:
        lines = (line.strip(b"\xef\xbb\xbf \t\r") for line in head[:_HEAD].split(b"\n"))
        return any(line[:1] == b"{" and all(mark in line for mark in marks) for line in lines)

    def shape(_stream: BinaryIO, _options: ReadOptions) -> Shape:
        return Shape(name, keys)

    def rows(stream: BinaryIO, shape: Shape, part: ByteRange) -> Iterator[TableRow]:
        for row in JSON_LINES.rows(stream, replace(shape, used=None), part):
            values = {} if row.reason else values_of(row.values)
            yield replace(row, values={key: value for key, value in values.items() if value})

    return Format(name, (), matches, shape, rows, JSON_LINES.split, canonical=True)


def object_of(value: Any) -> Mapping[str, Any]:
    """Return a value that is an object, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def objects_in(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects in a value that is a list, or none."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def texts_in(value: Any) -> list[str]:
    """Return the texts in a value that is a list or one text; others are left out."""
    values = value if isinstance(value, list) else [value]
    return [text.strip() for text in values if isinstance(text, str) and text.strip()]


def text_in(value: Any) -> str:
    """Return the first of :func:`texts_in`; a number as text; else an empty text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return next(iter(texts_in(value)), "")
