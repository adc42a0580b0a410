"""Read MARC 21 in its exchange format (ISO 2709).

A record ends at its terminator, whatever length its leader gives: lengths are wrong in real files,
and cannot exceed 99,999. Fields are found by the directory if it is right, else by their
terminators in its order.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import BinaryIO

from dustjacket.sources.csv import MAX_RECORD, WHOLE, ByteRange
from dustjacket.sources.marc.characters import decoder_of
from dustjacket.sources.marc.records import MarcField, MarcRecord
from dustjacket.sources.marc.values import row_of
from dustjacket.sources.tables import Format, ReadOptions, Shape, TableRow

MAX_MARC_RECORD = 4 << 20
"""Maximum size of a record in bytes; a longer one is rejected."""
_CHUNK = 1 << 18
_LEADER, _ENTRY = 24, 12
END_OF_RECORD, END_OF_FIELD, SUBFIELD = b"\x1d", b"\x1e", b"\x1f"
_PADDING = b"\r\n\0\x1a"
_IS_LEADER = re.compile(rb"[\d ]{5}[\x20-\x7e]{5}[\d ]{2}[\d ]{5}[\x20-\x7e]{3}45[\x20-\x7e]{2}")
_NEXT_LEADER = re.compile(rb"\d{5}[acdnp][a-z][a-z ][a-z ][a ]22\d{5}[\x20-\x7e]{3}4500")
_LONG_LENGTH = re.compile(rb"\d{6}[acdnp][a-z]")
_FIRST_LEADER = re.compile(rb"(?:^|\x1d)[\r\n\0 ]*" + _IS_LEADER.pattern)


def read_marc21(body: bytes) -> MarcRecord | str:
    """Return one record, or the reason for its rejection.

    Args:
        body: from the leader on, without the record's terminator.
    """
    if _LONG_LENGTH.match(body):
        body = body[1:]
    if not _IS_LEADER.match(body):
        return "broken_leader"
    leader = body[:_LEADER].decode("ascii")
    fields = raw_fields(body)
    if not fields:
        return "broken_directory"
    decoded = decoder_of(b"\n".join(field for _, field in fields), leader[9] == "a")
    return MarcRecord(
        leader, tuple(_field(tag.decode("latin-1"), field, decoded) for tag, field in fields)
    )


def raw_fields(body: bytes) -> list[tuple[bytes, bytes]] | None:
    """Return tags and fields of a record as its bytes have them, or None if they cannot be split.

    Args:
        body: from the leader on.
    """
    # The directory has no terminator of its own in it, so its end is known without the leader.
    directory, end, data = body[_LEADER:].partition(END_OF_FIELD)
    entries = [directory[at : at + _ENTRY] for at in range(0, len(directory), _ENTRY)]
    is_regular = all(len(entry) == _ENTRY and entry[3:].isdigit() for entry in entries)
    fields = _by_directory(entries, data) if is_regular else None
    return (fields or _in_order(directory, data)) if end else None


def _by_directory(entries: list[bytes], data: bytes) -> list[tuple[bytes, bytes]] | None:
    fields, size = [], 0
    for entry in entries:
        start, length = int(entry[7:]), int(entry[3:7])
        field = data[start : start + length]
        size += length
        # A field of 10,000 bytes or more has the length 9999 or 0 in its entry.
        if field[-1:] != END_OF_FIELD or END_OF_FIELD in field[:-1] or size > len(data):
            return None
        fields.append((entry[:3], field[:-1]))
    return fields


def _in_order(directory: bytes, data: bytes) -> list[tuple[bytes, bytes]] | None:
    """Return tags and fields in the directory's order, whatever its lengths and offsets are.

    Some programs write entries of 13 digits for offsets from 100,000 on, after all others.
    """
    found = data.removesuffix(END_OF_FIELD).split(END_OF_FIELD)
    longer = len(directory) - _ENTRY * len(found)
    starts = [_ENTRY * n + max(0, n - len(found) + longer) for n in range(len(found) + 1)]
    entries = [directory[start:end] for start, end in itertools.pairwise(starts)]
    if not 0 <= longer <= len(found) or not all(entry[3:].isdigit() for entry in entries):
        return None
    return [(entry[:3], field) for entry, field in zip(entries, found, strict=True)]


def _field(tag: str, field: bytes, decoded: Callable[[bytes], str]) -> MarcField:
    if tag.startswith("00"):
        return MarcField(tag, data=decoded(field))
    indicators, *subfields = field.split(SUBFIELD)
    return MarcField(
        tag,
        indicators=f"{indicators[:2].decode('latin-1'):2}",
        subfields=tuple(
            (chr(subfield[0]), decoded(subfield[1:])) for subfield in subfields if subfield
        ),
    )


def _records(stream: BinaryIO) -> Iterator[tuple[int, bytes, bool]]:
    """Yield offset and bytes of every record, and whether it has its terminator."""
    buffer, offset, skipped = bytearray(), 0, 0
    while chunk := stream.read(_CHUNK):
        at = len(buffer)
        buffer += chunk
        start = 0
        while (end := buffer.find(END_OF_RECORD, max(at, start))) >= 0:
            yield offset + start, bytes(buffer[start:end]), True
            start = end + 1
            offset, skipped = offset + skipped, 0
        del buffer[:start]
        offset += start
        if len(buffer) > MAX_MARC_RECORD + 1:
            # Of a record without end, its beginning is kept and the rest is counted.
            skipped += len(buffer) - MAX_MARC_RECORD - 1
            del buffer[MAX_MARC_RECORD + 1 :]
    if buffer.strip(_PADDING):
        yield offset, bytes(buffer), False


def _whole_records(stream: BinaryIO) -> Iterator[tuple[int, bytes, str | None]]:
    """Yield offset, bytes and fault of every record; one that lost its end is apart from the next.

    A leader within a record begins the next one.
    """
    for offset, chunk, ended in _records(stream):
        if len(chunk) > MAX_MARC_RECORD:
            yield offset, chunk[:MAX_RECORD], "record_too_long"
            continue
        body = chunk.lstrip(_PADDING)
        at = offset + len(chunk) - len(body)
        starts = [0, *(found.start() for found in _NEXT_LEADER.finditer(body, _LEADER))]
        for start, end in zip(starts, [*starts[1:], len(body)], strict=True):
            is_whole = ended and end == len(body)
            if start or end or body:
                yield at + start, body[start:end], None if is_whole else "truncated_record"


def _rows(stream: BinaryIO, _shape: Shape, part: ByteRange) -> Iterator[TableRow]:
    for number, (start, body, fault) in enumerate(_whole_records(stream)):
        offset = part.offset + start
        if part.end is not None and offset >= part.end:
            return
        found = fault or read_marc21(body)
        yield row_of(part.position + number, offset, body[:MAX_RECORD], found)


def _parts(stream: BinaryIO, _shape: Shape, size: int) -> Iterator[ByteRange]:
    current, ended_before = WHOLE, False
    for number, (offset, _, fault) in enumerate(_whole_records(stream)):
        # A record that lost its end runs into the next one, so a part does not begin after it.
        if ended_before and offset - current.offset >= size:
            yield replace(current, end=offset)
            current = ByteRange(offset, None, number)
        ended_before = fault is None
    yield current


def _matches(head: bytes, _name: str) -> bool:
    return END_OF_FIELD in head and _FIRST_LEADER.search(head) is not None


def _shape(_stream: BinaryIO, _options: ReadOptions) -> Shape:
    return Shape("marc21", encoding="marc21", encoding_reason="found for each record")


MARC21 = Format("marc21", (".mrc", ".marc"), _matches, _shape, _rows, _parts, canonical=True)
