"""Read MARCXML: a collection, one record, or answers of OAI-PMH and SRU that wrap records."""

import io
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from dustjacket.sources.csv import MAX_RECORD, ByteRange
from dustjacket.sources.marc.records import MarcField, MarcRecord
from dustjacket.sources.marc.values import row_of
from dustjacket.sources.tables import Format, ReadOptions, Shape, TableRow
from dustjacket.sources.xml import check_declarations, name_of
from dustjacket.sources.xml_parts import preamble_of, records_of, split_records

_HEAD = 1 << 20
_NAMES, _CONTENT = ("record",), "leader|controlfield|datafield"
_FIELD = re.compile(rb"<(?:[\w.-]{1,100}:)?(?:datafield|controlfield)\s")


def read_marcxml(element: Any) -> MarcRecord | str:
    """Return the record of an element, with or without namespace, or the reason to reject it."""
    leader, fields = "", []
    for child in element:
        name = name_of(child)
        if name == "leader":
            leader = child.text or ""
        elif name == "controlfield":
            fields.append(MarcField(child.get("tag", ""), data=child.text or ""))
        elif name == "datafield":
            fields.append(
                MarcField(
                    child.get("tag", ""),
                    indicators=f"{child.get('ind1') or ' ':.1}{child.get('ind2') or ' ':.1}",
                    subfields=tuple(
                        (subfield.get("code", ""), subfield.text or "")
                        for subfield in child
                        if name_of(subfield) == "subfield" and subfield.get("code")
                    ),
                )
            )
    return MarcRecord(f"{leader:24}", tuple(fields)) if fields else "no_marc_fields"


def _rows(stream: BinaryIO, shape: Shape, part: ByteRange) -> Iterator[TableRow]:
    for record in records_of(stream, shape.preamble, part, _NAMES, _CONTENT):
        found = record.reason or read_marcxml(record.element)
        position = part.position + record.position
        yield row_of(position, record.offset, record.raw[:MAX_RECORD], found)


def _parts(stream: BinaryIO, shape: Shape, size: int) -> Iterator[ByteRange]:
    return split_records(stream, shape.preamble, size, _NAMES, _NAMES[0], _CONTENT)


def _matches(head: bytes, _name: str) -> bool:
    return _FIELD.search(head.replace(b"\0", b"")) is not None


def _shape(stream: BinaryIO, options: ReadOptions) -> Shape:
    head = stream.read(_HEAD)
    check_declarations(io.BytesIO(head), options.name)
    preamble = preamble_of(head, _NAMES, _NAMES[0], _CONTENT)
    return Shape("marcxml", encoding_reason="declared in the file, or UTF-8", preamble=preamble)


MARCXML = Format("marcxml", (".xml", ".marcxml"), _matches, _shape, _rows, _parts, canonical=True)
