"""Read MARC 21 as text (``.mrk``), as MarcEdit and MARCMaker write it: a field a line."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from dustjacket.sources.csv import MAX_RECORD, ByteRange
from dustjacket.sources.encoding import decode
from dustjacket.sources.marc.marc21 import MAX_MARC_RECORD
from dustjacket.sources.marc.records import MarcField, MarcRecord
from dustjacket.sources.marc.values import row_of
from dustjacket.sources.tables import Format, ReadOptions, Shape, TableRow

_HEAD = 64 << 10
_LEADER = re.compile(rb"(?m)^(?:\xef\xbb\xbf)?=(?:LDR|000)  ?[\d ]{5}")
_FIELD = re.compile(r"=(\w{3})[ \t]{1,2}(.*)", re.DOTALL)
_MNEMONIC = re.compile(r"\{(dollar|lcub|rcub|bsol|verbar)\}")
_CHARACTERS = {"dollar": "$", "lcub": "{", "rcub": "}", "bsol": "\\", "verbar": "|"}
_BLANKS = str.maketrans("\\#", "  ")
_LONGEST_LINE = 1 << 20


def read_marc_text(body: bytes) -> MarcRecord | str:
    """Return one record, or the reason for its rejection.

    Blanks are written as backslashes, in indicators also as ``#``. A line that begins no field goes
    on with the one before.
    """
    fields: list[tuple[str, str]] = []
    for line in decode(body).splitlines():
        if found := _FIELD.fullmatch(line):
            fields.append((found[1], found[2]))
        elif fields and line.strip():
            fields[-1] = (fields[-1][0], f"{fields[-1][1]} {line.strip()}")
    if not fields or fields[0][0] not in ("LDR", "000"):
        return "broken_leader"
    leader, others = fields[0][1].replace("\\", " "), fields[1:]
    if not others:
        return "no_marc_fields"
    return MarcRecord(f"{leader:24}", tuple(_field(tag, data) for tag, data in others))


def _field(tag: str, data: str) -> MarcField:
    if tag.startswith("00"):
        return MarcField(tag, data=data.replace("\\", " "))
    indicators, *subfields = data.split("$")
    return MarcField(
        tag,
        indicators=f"{indicators[:2].translate(_BLANKS):2}",
        subfields=tuple(
            (part[0], _MNEMONIC.sub(lambda found: _CHARACTERS[found[1]], part[1:]))
            for part in subfields
            if part
        ),
    )


def _records(stream: BinaryIO) -> Iterator[tuple[int, bytes, bool]]:
    """Yield offset and bytes of every record, and whether it is too long; blank lines end one."""
    lines: list[bytes] = []
    start = offset = size = 0
    while line := stream.readline(_LONGEST_LINE):
        if lines and (not line.strip() or _LEADER.match(line)):
            yield start, b"".join(lines), size > MAX_MARC_RECORD
            lines, size = [], 0
        if line.strip():
            start = start if lines else offset
            size += len(line)
            if size <= MAX_MARC_RECORD or not lines:
                lines.append(line)
        offset += len(line)
    if lines:
        yield start, b"".join(lines), size > MAX_MARC_RECORD


def _rows(stream: BinaryIO, _shape: Shape, _part: ByteRange) -> Iterator[TableRow]:
    for position, (offset, body, is_too_long) in enumerate(_records(stream)):
        found = (
            "record_too_long" if is_too_long else read_marc_text(body.removeprefix(b"\xef\xbb\xbf"))
        )
        yield row_of(position, offset, body[:MAX_RECORD], found)


def _matches(head: bytes, _name: str) -> bool:
    return _LEADER.search(head[:_HEAD]) is not None


def _shape(_stream: BinaryIO, _options: ReadOptions) -> Shape:
    return Shape("marc_text", encoding_reason="UTF-8, or found for each record")


MARC_TEXT = Format("marc_text", (".mrk",), _matches, _shape, _rows, canonical=True)
