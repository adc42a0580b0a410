"""Records of a separated-values file, split on bytes, so that one bad byte spoils one record.

A record's quotes pair up, so it ends at the first line break before which their count is even.
Where they do not pair up, the first line alone is rejected and reading resumes on the next: an
unclosed quote costs its own line, never the rest of the file.
"""

import codecs
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import BinaryIO

from dustjacket.sources.encoding import decode

MAX_RECORD = 1 << 16
"""Longest record in bytes; what is longer is rejected, and cut to this."""

_BOM = codecs.BOM_UTF8


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its fields, or the reason why it has none.

    Attributes:
        position: number of the record in its file, from 0.
        offset: byte in the file at which the record begins.
        raw: the record's bytes, without its last line break.
        fields: its fields, decoded; empty if it is rejected.
        reason: why it is rejected, or None.
    """

    position: int
    offset: int
    raw: bytes
    fields: tuple[str, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A stretch of whole records of a file.

    Attributes:
        offset, end: bytes of the file, from which to which; ``end`` is None for the rest of it.
        position: number of the first record.
    """

    offset: int = 0
    end: int | None = None
    position: int = 0


WHOLE = ByteRange()


_Line = tuple[bytes, int]
"""A line with its break, cut where it is too long, and its length in the file."""


def read_records(
    stream: BinaryIO, columns: int | None = None, *, separator: str = ",", part: ByteRange = WHOLE
) -> Iterator[Record]:
    """Yield the records of ``stream``; blank lines are none.

    Args:
        stream: the file, opened to read bytes, at the beginning of ``part``.
        columns: fields a record has; by default as many as the first well-formed one.
        separator: one character of ASCII between fields.
        part: which records to read.
    """
    offset, position = part.offset, part.position
    for raw, skipped, length, wrong in _scan_records(stream, columns, separator, offset):
        if raw.strip():
            fields, reason = ((), wrong) if wrong else parse(raw, separator)
            columns = columns or len(fields) or None
            if reason is None and len(fields) != columns:
                fields, reason = (), "wrong_column_count"
            yield Record(position, offset + skipped, raw, fields, reason)
            position += 1
        offset += length
        if part.end is not None and offset >= part.end:
            return


def split_records(
    stream: BinaryIO, size: int, columns: int | None = None, *, separator: str = ","
) -> Iterator[ByteRange]:
    """Yield parts of at least ``size`` bytes, but for the last, that together are the file.

    Read part by part, its records are the same as read at once.
    """
    offset = position = 0
    begun = WHOLE
    for raw, _, length, _ in _scan_records(stream, columns, separator, 0):
        if offset - begun.offset >= size:
            yield replace(begun, end=offset)
            begun = ByteRange(offset, None, position)
        offset += length
        position += bool(raw.strip())
    if offset > begun.offset:
        yield replace(begun, end=offset)


def parse(raw: bytes, separator: str = ",") -> tuple[tuple[str, ...], str | None]:
    """Return the fields of one record, or none and the reason why it is rejected."""
    if b"\0" in raw:
        return (), "nul_byte"
    if raw.startswith(b'"') and raw.endswith(b'"'):
        # Most records: each field quoted, and no quote in any.
        quoted = raw[1:-1].split(f'"{separator}"'.encode())
        if raw.count(b'"') == 2 * len(quoted):
            return tuple(map(decode, quoted)), None
    elif b'"' not in raw and b"\r" not in raw:
        return tuple(map(decode, raw.split(separator.encode()))), None
    fields: list[str] = []
    at = 0
    while True:
        found = _field(separator).match(raw, at)
        if found is None:
            return (), "malformed_quotes"
        content, plain = found.groups()
        fields.append(decode(plain if content is None else content.replace(b'""', b'"')))
        if not found.group().endswith(separator.encode()):
            return tuple(fields), None
        at = found.end()


@cache
def _field(separator: str) -> re.Pattern[bytes]:
    # Possessive quantifiers: a field matches in one way or not at all, so no input makes it slow.
    blank = rb"[ \t]*+" if separator != "\t" else rb"[ ]*+"
    mark = re.escape(separator.encode())
    return re.compile(
        rb'(?:%b"((?:[^"]++|"")*+)"%b|([^"%b\r\n]*+))(?:%b|\Z)' % (blank, blank, mark, mark)
    )


def _scan_records(
    stream: BinaryIO, columns: int | None, separator: str, offset: int
) -> Iterator[tuple[bytes, int, int, str | None]]:
    """Yield each record or blank line: bytes, what precedes them, length, and what is wrong.

    What precedes is a byte order mark, counted in the length. Only here it is decided where a
    record ends; a record is looked into only where its line breaks or quotes leave that open.
    """
    ahead: deque[_Line] = deque()
    skipped = 0
    while (line := _next(stream, ahead)) is not None:
        text, length = line
        if offset == 0 and text.startswith(_BOM):
            skipped = len(_BOM)
            text = text[skipped:]
        if length > len(text) + skipped:
            raw, reason = text, "record_too_long"
        elif text.count(b'"') % 2 == 0:
            raw, reason = _without_break(text), None
        else:
            lines = _whole((text, length), stream, ahead)
            raw, reason = _without_break(b"".join(each for each, _ in lines)), None
            fields, wrong = parse(raw, separator)
            if len(lines) == 1 or wrong or len(fields) != (columns or len(fields)):
                ahead.extendleft(reversed(lines[1:]))
                raw, reason = _without_break(text), "unclosed_quote"
            else:
                length = sum(each for _, each in lines)
        if columns is None and reason is None and raw.strip():
            columns = len(parse(raw, separator)[0]) or None
        yield raw, skipped, length, reason
        offset += length
        skipped = 0


def _next(stream: BinaryIO, ahead: deque[_Line]) -> _Line | None:
    """Return the next line, or None at the end; of a line too long, its beginning."""
    if ahead:
        return ahead.popleft()
    text = stream.readline(MAX_RECORD + 1)
    if not text:
        return None
    length = len(text)
    if length > MAX_RECORD and not text.endswith(b"\n"):
        while part := stream.readline(MAX_RECORD):
            length += len(part)
            if part.endswith(b"\n"):
                break
        return text[:MAX_RECORD], length
    return text, length


def _whole(line: _Line, stream: BinaryIO, ahead: deque[_Line]) -> list[_Line]:
    """Return ``line`` and those after it up to the one that closes its quotes, if it is near."""
    lines, length, quotes = [line], line[1], line[0].count(b'"')
    while quotes % 2 and (following := _next(stream, ahead)) is not None:
        lines.append(following)
        length += following[1]
        quotes += following[0].count(b'"')
        if length > MAX_RECORD:
            break
    if quotes % 2 or length > MAX_RECORD:
        ahead.extendleft(reversed(lines[1:]))
        return lines[:1]
    return lines


def _without_break(text: bytes) -> bytes:
    return text.removesuffix(b"\n").removesuffix(b"\r")
