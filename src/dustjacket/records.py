"""Records of a comma-separated file, split on bytes, so that one bad byte spoils one record.

A record's quotes pair up, so it ends at the first line break before which their count is even.
Where they do not pair up, the first line alone is rejected and reading resumes on the next: an
unclosed quote costs its own line, never the rest of the file.
"""

import codecs
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MAX_RECORD = 1 << 16
"""Longest record in bytes; what is longer is rejected, and cut to this."""

_BOM = codecs.BOM_UTF8
# Possessive quantifiers: a field matches in one way or not at all, so no input makes it slow.
_FIELD = re.compile(rb'(?:[ \t]*+"((?:[^"]++|"")*+)"[ \t]*+|([^",\r\n]*+))(?:,|\Z)')
_STRAY_BYTES = "dustjacket.stray_bytes"


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class _Line:
    text: bytes
    length: int  # in the file, where a line too long is cut

    @property
    def too_long(self) -> bool:
        return self.length > len(self.text)


def read_records(stream: BinaryIO, columns: int | None = None) -> Iterator[Record]:
    """Yield the records of ``stream``; blank lines are none.

    Args:
        stream: the file, opened to read bytes.
        columns: fields a record has; by default as many as the first well-formed one.
    """
    ahead: deque[_Line] = deque()
    offset = position = 0
    while (line := _next(stream, ahead)) is not None:
        if offset == 0 and line.text.startswith(_BOM):
            offset = len(_BOM)
            line = _Line(line.text[offset:], line.length - offset)
        lines = [line] if line.too_long else _whole(line, stream, ahead)
        raw = _without_break(b"".join(each.text for each in lines))
        if raw.strip():
            fields, reason = ((), "record_too_long") if line.too_long else parse(raw)
            columns = columns or len(fields) or None
            if reason is None and len(fields) != columns:
                fields, reason = (), "wrong_column_count"
            if reason is not None and (len(lines) > 1 or line.text.count(b'"') % 2):
                ahead.extendleft(reversed(lines[1:]))
                lines, raw = lines[:1], _without_break(line.text)
                reason = reason if line.too_long else "unclosed_quote"
            yield Record(position, offset, raw, fields, reason)
            position += 1
        offset += sum(each.length for each in lines)


def parse(raw: bytes) -> tuple[tuple[str, ...], str | None]:
    """Return the fields of one record, or none and the reason why it is rejected."""
    fields: list[str] = []
    at = 0
    while True:
        found = _FIELD.match(raw, at)
        if found is None:
            return (), "malformed_quotes"
        quoted, plain = found.groups()
        field = plain if quoted is None else quoted.replace(b'""', b'"')
        if b"\0" in field:
            return (), "nul_byte"
        fields.append(decode(field))
        if not found.group().endswith(b","):
            return tuple(fields), None
        at = found.end()


def decode(text: bytes) -> str:
    """Return ``text`` read as UTF-8, and what is not UTF-8 in it as Windows-1252.

    Byte by byte, because real records mix the two; the five bytes that Windows-1252 does not
    define become U+FFFD.
    """
    return text.decode("utf-8", _STRAY_BYTES)


def raw_text(raw: bytes) -> str:
    """Return a record's bytes as text that loses none of them: a character a byte (Latin-1)."""
    return raw.decode("latin-1")


def raw_bytes(text: str) -> bytes:
    """Return the bytes that :func:`raw_text` made ``text`` of."""
    return text.encode("latin-1")


def _stray_bytes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(_STRAY_BYTES, _stray_bytes)


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
        return _Line(text[:MAX_RECORD], length)
    return _Line(text, length)


def _whole(line: _Line, stream: BinaryIO, ahead: deque[_Line]) -> list[_Line]:
    """Return ``line`` and those after it up to the one that closes its quotes, if it is near."""
    lines, length, quotes = [line], line.length, line.text.count(b'"')
    while quotes % 2 and (following := _next(stream, ahead)) is not None:
        lines.append(following)
        length += following.length
        quotes += following.text.count(b'"')
        if length > MAX_RECORD:
            break
    if quotes % 2 or length > MAX_RECORD:
        ahead.extendleft(reversed(lines[1:]))
        return lines[:1]
    return lines


def _without_break(text: bytes) -> bytes:
    return text.removesuffix(b"\n").removesuffix(b"\r")
