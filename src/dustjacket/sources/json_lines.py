"""JSON Lines: one object a line."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO

from dustjacket.errors import BadInputError
from dustjacket.sources.csv import MAX_RECORD, WHOLE, ByteRange
from dustjacket.sources.encoding import decode
from dustjacket.sources.tables import (
    Format,
    ReadOptions,
    Shape,
    TableRow,
    Value,
    key_of,
    with_columns,
)
from dustjacket.sources.texts import (
    JSON_LINE_ENDS,
    encoded_shape,
    is_utf8_lines,
    utf8_head,
    utf8_lines,
)

REPEATED_NAME = "repeated_name"
_HEAD = 1 << 20
_MAX_LINE = 16 << 20
"""Bytes of a line that is parsed; the columns in use may have ``MAX_RECORD`` bytes of it."""
_LINES = 100
_BOM = "\ufeff"
_NAME_END = re.compile(r'"\s*:')
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def _matches(head: bytes, _name: str) -> bool:
    lines = [line for line in utf8_head(head).split(b"\n") if line.strip(b"\xef\xbb\xbf \t\r")]
    if len(lines) < 2:
        return False  # one object may hold a list of them
    if len(head) >= _HEAD:
        lines.pop()  # it may be cut
    whole = [object_of(line) is not None for line in lines[:_LINES]]
    return sum(whole) * 2 >= len(whole) > 0


def object_of(line: bytes) -> dict[str, Any] | None:
    """Return the JSON object that a line holds, without halves of characters, or None."""
    if b"{" not in line:
        return None
    try:
        value = json.loads(decode(line).strip(_BOM))
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    found: dict[str, Any] = without_surrogates(value) if _ESCAPED_SURROGATE.search(line) else value
    return found


def repeats_names(text: str, record: dict[str, Any]) -> bool:
    """Return whether an object of a JSON text has two different values of one name.

    Args:
        text: of the object.
        record: its value, in which the last value of each name counts.
    """
    if len(_NAME_END.findall(text)) <= len(record):
        return False  # it has no other names, in objects or texts

    def check(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs) and any(found[name] != value for name, value in pairs):
            raise _RepeatedNameError
        return found

    try:
        json.loads(text, object_pairs_hook=check)
    except _RepeatedNameError:
        return True
    except (ValueError, RecursionError):
        pass
    return False


class _RepeatedNameError(Exception):
    pass


def values_of(record: dict[str, Any], used: frozenset[str] | None) -> dict[str, Value]:
    """Return the values of an object by column; the first of columns of one name counts."""
    values: dict[str, Value] = {}
    for name, value in record.items():
        key = key_of(name)
        if key not in values and (used is None or key in used):
            values[key] = value
    return values


def without_surrogates(value: Any) -> Any:
    """Return a JSON value with U+FFFD for each half of a character, which UTF-8 cannot hold."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {without_surrogates(k): without_surrogates(v) for k, v in value.items()}
    return value


def is_too_long(values: dict[str, Value]) -> bool:
    """Return whether values have more than ``MAX_RECORD`` bytes as JSON."""
    return len(json.dumps(values, default=str)) > MAX_RECORD


def _lines(stream: BinaryIO, part: ByteRange) -> Iterator[tuple[int, bytes, int]]:
    """Yield offset, truncated bytes and length of every line that is not blank."""
    offset = part.offset
    while part.end is None or offset < part.end:
        line = stream.readline(_MAX_LINE)
        if not line:
            return
        length = len(line)
        while not line.endswith(b"\n") and (more := stream.readline(_MAX_LINE)):
            length += len(more)
            if more.endswith(b"\n"):
                break
        if line.strip():
            yield offset, line, length
        offset += length


def _shape(stream: BinaryIO, options: ReadOptions) -> Shape:
    shape, head = encoded_shape(stream, options, "json_lines", _HEAD, JSON_LINE_ENDS)
    columns: dict[str, str] = {}
    for line in head.split(b"\n"):
        for name in object_of(line) or ():
            columns.setdefault(key_of(name), name)
    if not columns:
        raise BadInputError(f"{options.name!r} has no JSON object that can be read")
    return with_columns(shape, tuple(columns.values()), start=0)


def _rows(stream: BinaryIO, shape: Shape, part: ByteRange) -> Iterator[TableRow]:
    for number, (offset, line, length) in enumerate(_lines(utf8_lines(stream, shape), part)):
        raw = line[:MAX_RECORD].rstrip(b"\r\n")
        position = part.position + number
        record = object_of(line) if length == len(line) else None
        if record is None:
            reason = "malformed_json" if length == len(line) else "record_too_long"
            yield TableRow(position, offset, raw, {}, reason)
            continue
        if repeats_names(decode(line).strip(_BOM), record):
            yield TableRow(position, offset, raw, {}, REPEATED_NAME)
            continue
        values = values_of(record, shape.used)
        if length > MAX_RECORD and is_too_long(values):
            yield TableRow(position, offset, raw, {}, "record_too_long")
        else:
            yield TableRow(position, offset, raw, values)


def _parts(stream: BinaryIO, shape: Shape, size: int) -> Iterator[ByteRange]:
    if not is_utf8_lines(shape):
        yield WHOLE
        return
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
