"""Parse text tables as bytes, so that an invalid byte affects one record only.

A record ends at the first line break that follows an even number of quotes. If the quotes do not
pair up, only the first line is rejected and reading resumes at the next one: an unclosed quote
never swallows the rest of the file.
"""

import codecs
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import BinaryIO

from dustjacket.sources.encoding import decode

MAX_RECORD = 1 << 16
"""Maximum size of a record in bytes; a longer one is rejected and truncated to this size."""

_BOM = codecs.BOM_UTF8


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its fields, or the reason for its rejection.

    Attributes:
        position: index of the record in its file, from 0.
        offset: byte offset of the record in the file.
        raw: bytes of the record, without the final line break.
        fields: decoded fields; empty if the record is rejected.
        reason: reason for the rejection, or None.
    """

    position: int
    offset: int
    raw: bytes
    fields: tuple[str, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A range of bytes of a file that holds whole records.

    Attributes:
        offset, end: first byte, and the byte after the last; ``end`` is None up to the file's end.
        position: index of the first record.
    """

    offset: int = 0
    end: int | None = None
    position: int = 0


WHOLE = ByteRange()


@dataclass(frozen=True)
class Dialect:
    """How a text table is written.

    Attributes:
        separator: one ASCII character.
        quotes: whether fields may be in quotes; otherwise a quote is a letter, and a line a record.
        escapes: whether a backslash inside quotes makes the next character a letter.
        trailing: whether records end with a separator, after which there is no field.
    """

    separator: str = ","
    quotes: bool = True
    escapes: bool = False
    trailing: bool = False

    @cached_property
    def mark(self) -> bytes:
        """The separator as bytes."""
        return self.separator.encode()

    @cached_property
    def quoted_mark(self) -> bytes:
        """The separator between two fields in quotes."""
        return b'"' + self.mark + b'"'


COMMAS = Dialect()


_Line = tuple[bytes, int]
"""A line with its line break, truncated if it is too long, and its length in the file."""


def read_records(
    stream: BinaryIO,
    columns: int | None = None,
    *,
    dialect: Dialect = COMMAS,
    part: ByteRange = WHOLE,
) -> Iterator[Record]:
    """Yield the records of ``stream``, without blank lines.

    Args:
        stream: bytes of the file, positioned at the beginning of ``part``.
        columns: number of fields per record; None takes that of the first well-formed record.
        dialect: how records are written.
        part: records to read.
    """
    offset, position = part.offset, part.position
    for raw, skipped, length, defect in _scan_records(stream, columns, dialect, offset):
        if raw.strip():
            fields, reason = ((), defect) if defect else parse(raw, dialect, columns)
            columns = columns or len(fields) or None
            if reason is None and len(fields) != columns:
                fields, reason = (), "wrong_column_count"
            yield Record(position, offset + skipped, raw, fields, reason)
            position += 1
        offset += length
        if part.end is not None and offset >= part.end:
            return


def split_records(
    stream: BinaryIO, size: int, columns: int | None = None, *, dialect: Dialect = COMMAS
) -> Iterator[ByteRange]:
    """Split a file into parts of at least ``size`` bytes; the last may be smaller.

    The records of all parts are the same as those of the whole file.
    """
    offset = position = 0
    current = WHOLE
    for raw, _, length, _ in _scan_records(stream, columns, dialect, 0):
        if offset - current.offset >= size:
            yield replace(current, end=offset)
            current = ByteRange(offset, None, position)
        offset += length
        position += bool(raw.strip())
    if offset > current.offset:
        yield replace(current, end=offset)


def parse(
    raw: bytes, dialect: Dialect = COMMAS, columns: int | None = None
) -> tuple[tuple[str, ...], str | None]:
    """Return the fields of one record, or no fields and the reason for its rejection.

    Args:
        columns: number of fields, which tells an empty last field from a separator at the end.
    """
    if b"\0" in raw:
        return (), "nul_byte"
    if raw.startswith(b'"') and raw.endswith(b'"') and dialect.quotes and not dialect.escapes:
        # Fast path for most records: every field is quoted and contains no quote.
        quoted = raw[1:-1].split(dialect.quoted_mark)
        if raw.count(b'"') == 2 * len(quoted):
            return tuple(map(decode, quoted)), None
    if not dialect.quotes or b'"' not in raw:
        fields, reason = tuple(map(decode, raw.split(dialect.mark))), None
    else:
        fields, reason = _parse_quoted(raw, dialect)
    if dialect.trailing and columns and len(fields) == columns + 1 and not fields[-1]:
        return fields[:-1], reason
    return fields, reason


def _parse_quoted(raw: bytes, dialect: Dialect) -> tuple[tuple[str, ...], str | None]:
    fields: list[str] = []
    start = 0
    while True:
        match = _field(dialect.separator, dialect.escapes).match(raw, start)
        if match is None:
            return (), "malformed_quotes"
        quoted_text, plain_text = match.groups()
        if quoted_text is None:
            text = plain_text
        else:
            text = quoted_text.replace(b'""', b'"')
            if dialect.escapes:
                text = _ESCAPED.sub(rb"\1", text)
            if text.startswith(b'="') and text.endswith(b'"'):
                text = text[2:-1]  # a spreadsheet writes it to keep the digits of a number
        fields.append(decode(text))
        if not match.group().endswith(dialect.mark):
            return tuple(fields), None
        start = match.end()


_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


@cache
def _field(separator: str, escapes: bool) -> re.Pattern[bytes]:
    # Possessive quantifiers prevent backtracking, so no input makes the match slow.
    blank = rb"[ \t]*+" if separator != "\t" else rb"[ ]*+"
    mark = re.escape(separator.encode())
    quoted = rb'(?:[^"\\]++|""|\\.)*+' if escapes else rb'(?:[^"]++|"")*+'
    return re.compile(
        rb'(?:%b=?"(%b)"%b|([^"%b\n]*+))(?:%b|\Z)' % (blank, quoted, blank, mark, mark), re.DOTALL
    )


def _is_open(line: bytes, dialect: Dialect) -> bool:
    """Return whether a line ends inside quotes."""
    return dialect.quotes and _quotes_in(line, dialect) % 2 == 1


def _quotes_in(text: bytes, dialect: Dialect) -> int:
    if dialect.escapes and b"\\" in text:
        text = _ESCAPED.sub(b"", text)
    return text.count(b'"')


def _scan_records(
    stream: BinaryIO, columns: int | None, dialect: Dialect, offset: int
) -> Iterator[tuple[bytes, int, int, str | None]]:
    """Yield each record or blank line: bytes, skipped bytes, length, and reason for rejection.

    The skipped bytes are a byte order mark; the length includes them. This function alone decides
    where a record ends. It parses a record only if line breaks inside quotes leave that open.
    """
    pushed_back: deque[_Line] = deque()
    skipped, escapes = 0, dialect.escapes
    while (line := _next_line(stream, pushed_back)) is not None:
        text, length = line
        if offset == 0 and text.startswith(_BOM):
            marked = len(text)
            while text.startswith(_BOM):
                text = text.removeprefix(_BOM)
            skipped = marked - len(text)
        if length > len(text) + skipped:
            raw, reason = text, "record_too_long"
        elif not (text.count(b'"') % 2 or escapes) or not _is_open(text, dialect):
            raw, reason = _without_break(text), None
        else:
            lines = _quoted_lines((text, length), stream, pushed_back, dialect)
            raw, reason = _without_break(b"".join(line_text for line_text, _ in lines)), None
            fields, defect = parse(raw, dialect, columns)
            if len(lines) == 1 or defect or len(fields) != (columns or len(fields)):
                pushed_back.extendleft(reversed(lines[1:]))
                raw, reason = _without_break(text), "unclosed_quote"
            else:
                length = sum(line_length for _, line_length in lines)
        if columns is None and reason is None and raw.strip():
            columns = len(parse(raw, dialect)[0]) or None
        yield raw, skipped, length, reason
        offset += length
        skipped = 0


def _next_line(stream: BinaryIO, pushed_back: deque[_Line]) -> _Line | None:
    """Return the next line, truncated if it is too long, or None at the end."""
    if pushed_back:
        return pushed_back.popleft()
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


def _quoted_lines(
    line: _Line, stream: BinaryIO, pushed_back: deque[_Line], dialect: Dialect
) -> list[_Line]:
    """Return ``line`` and the following ones up to the closing quote.

    If there is none within ``MAX_RECORD`` bytes, return ``line`` alone.
    """
    lines, length, quotes = [line], line[1], _quotes_in(line[0], dialect)
    while quotes % 2 and (following := _next_line(stream, pushed_back)) is not None:
        lines.append(following)
        length += following[1]
        quotes += _quotes_in(following[0], dialect)
        if length > MAX_RECORD:
            break
    if quotes % 2 or length > MAX_RECORD:
        pushed_back.extendleft(reversed(lines[1:]))
        return lines[:1]
    return lines


def _without_break(text: bytes) -> bytes:
    return text.rstrip(b"\r\n")
