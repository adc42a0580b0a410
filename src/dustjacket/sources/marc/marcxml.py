"""Read MARCXML: a collection, one record, or answers of OAI-PMH and SRU that wrap records."""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from dustjacket.sources.csv import MAX_RECORD, ByteRange
from dustjacket.sources.marc.records import MarcField, MarcRecord
from dustjacket.sources.marc.values import row_of
from dustjacket.sources.tables import Format, ReadOptions, Shape, TableRow
from dustjacket.sources.xml import check_declarations, name_of, read_records

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


def _rows(stream: BinaryIO, _shape: Shape, _part: ByteRange) -> Iterator[TableRow]:
    for record in read_records(stream, ("record",), "leader|controlfield|datafield"):
        found = record.reason or read_marcxml(record.element)
        yield row_of(record.position, record.offset, record.raw[:MAX_RECORD], found)


def _matches(head: bytes, _name: str) -> bool:
    return _FIELD.search(head.replace(b"\0", b"")) is not None


def _shape(stream: BinaryIO, options: ReadOptions) -> Shape:
    check_declarations(stream, options.name)
    return Shape("marcxml", encoding_reason="declared in the file, or UTF-8")


MARCXML = Format("marcxml", (".xml", ".marcxml"), _matches, _shape, _rows, canonical=True)
