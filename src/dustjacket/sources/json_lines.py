"""JSON Lines: one object a line."""

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO

from dustjacket.errors import BadInputError
from dustjacket.sources.csv import MAX_RECORD, WHOLE, ByteRange
from dustjacket.sources.encoding import decode
from dustjacket.sources.tables import Format, ReadOptions, Shape, TableRow, Value, key_of

_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def _matches(head: bytes, _name: str) -> bool:
    return head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{")


def _lines(stream: BinaryIO, part: ByteRange) -> Iterator[tuple[int, bytes, int]]:
    """Yield offset, truncated bytes and length of every line that is not blank."""
    offset = part.offset
    while part.end is None or offset < part.end:
        line = stream.readline(MAX_RECORD)
        if not line:
            return
        length = len(line)
        while not line.endswith(b"\n") and (more := stream.readline(MAX_RECORD)):
            length += len(more)
            if more.endswith(b"\n"):
                break
        if line.strip():
            yield offset, line, length
        offset += length


def _shape(stream: BinaryIO, options: ReadOptions) -> Shape:
    first = next(_rows(stream, None, WHOLE), None)
    if not first or not first.values:
        raise BadInputError(f"{options.name!r} has no readable row")
    return Shape("json_lines", tuple(first.values), header=False)


def _rows(stream: BinaryIO, _shape: Shape | None, part: ByteRange) -> Iterator[TableRow]:
    for number, (offset, line, length) in enumerate(_lines(stream, part)):
        raw = line.rstrip(b"\r\n")
        position = part.position + number
        if length > len(line):
            yield TableRow(position, offset, raw, {}, "record_too_long")
            continue
        try:
            values = json.loads(decode(raw.removeprefix(codecs.BOM_UTF8)))
        except (ValueError, RecursionError):
            values = None
        if not isinstance(values, dict):
            yield TableRow(position, offset, raw, {}, "malformed_json")
            continue
        if _ESCAPED_SURROGATE.search(raw):
            values = without_surrogates(values)
        yield TableRow(position, offset, raw, {key_of(k): v for k, v in values.items()})


def without_surrogates(value: Any) -> Any:
    """Return a JSON value with U+FFFD for each half of a character, which UTF-8 cannot hold."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {without_surrogates(k): without_surrogates(v) for k, v in value.items()}
    return value


def _parts(stream: BinaryIO, _shape: Shape, size: int) -> Iterator[ByteRange]:
    current, position = WHOLE, 0
    for offset, _, _ in _lines(stream, WHOLE):
        if offset - current.offset >= size:
            yield replace(current, end=offset)
            current = ByteRange(offset, None, position)
        position += 1
    if position > current.position:
        yield current


def text_of(value: Value) -> str:
    """Return a value as text; missing values are empty."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(text_of, value))
    return str(value)


JSON_LINES = Format("json_lines", (".jsonl", ".ndjson"), _matches, _shape, _rows, _parts)
