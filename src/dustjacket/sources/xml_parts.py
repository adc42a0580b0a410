"""Parts of a large XML file that are read apart, each after what stands before the first record."""

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from io import BytesIO
from typing import BinaryIO

from dustjacket.sources.chunks import resumed
from dustjacket.sources.csv import WHOLE, ByteRange
from dustjacket.sources.xml import XmlRecord, cut_records, is_utf16, read_records

_MAX_PREAMBLE = 1 << 16


def preamble_of(
    head: bytes, names: Collection[str], record: str, content: str | None = None
) -> bytes:
    """Return what stands before the first record of a file; nothing if it is not split.

    It declares the namespaces and the encoding, and may hold the header of a message.

    Args:
        head: first bytes of the file.
        names, content: see :func:`dustjacket.sources.xml.read_records`.
        record: local names, as a regular expression, of those elements that are rows.
    """
    if is_utf16(head):
        return b""
    is_record = _element(record)
    for offset, raw, _ in cut_records(BytesIO(head), names, content):
        if is_record.match(raw):
            return head[:offset] if offset <= _MAX_PREAMBLE else b""
    return b""


def split_records(
    stream: BinaryIO, preamble: bytes, size: int, names: Collection[str], record: str,
    content: str | None = None,
) -> Iterator[ByteRange]:  # fmt: skip
    """Yield parts of at least ``size`` bytes that begin with a record; the last may be smaller.

    A part begins after a record without fault only. What follows a second message's header is in
    one part, because the header counts for all of it.

    Args:
        preamble: of the file; see :func:`preamble_of` for this and the others.
    """
    if not preamble:
        yield WHOLE
        return
    is_record = _element(record)
    current, position, may_split = WHOLE, 0, False
    for offset, raw, reason in cut_records(stream, names, content):
        if not is_record.match(raw):
            if position:
                break
            continue
        if may_split and offset - current.offset >= size:
            yield replace(current, end=offset)
            current = ByteRange(offset, None, position)
        may_split = reason is None
        position += 1
    yield current


def records_of(
    stream: BinaryIO, preamble: bytes, part: ByteRange, names: Collection[str],
    content: str | None = None,
) -> Iterator[XmlRecord]:  # fmt: skip
    """Yield the records of a part, with their offsets in the file; positions are those in the part.

    Args:
        stream: at the beginning of the part.
        preamble: of the file; see :func:`preamble_of` for this and the others.
    """
    shift = part.offset - len(preamble) if part.offset else 0
    whole = resumed(preamble, stream) if part.offset else stream
    for record in read_records(whole, names, content):
        offset = record.offset + shift
        is_beyond = part.end is not None and offset >= part.end
        # A part ends before a record: what is open there is an element around that.
        if is_beyond or (part.end is not None and record.reason == "truncated_record"):
            return
        yield replace(record, offset=offset)


def _element(names: str) -> re.Pattern[bytes]:
    return re.compile(rb"<(?:[\w.-]{1,100}:)?(?:%s)[\s/>]" % names.encode())
