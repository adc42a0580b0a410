"""ONIX for Books as a format of tables: a product is a row."""

import codecs
import io
import re
from collections.abc import Iterator
from typing import BinaryIO

from lxml import etree

from dustjacket.errors import BadInputError
from dustjacket.sources.csv import MAX_RECORD, ByteRange
from dustjacket.sources.onix.codes import sent_at
from dustjacket.sources.onix.elements import fields_of
from dustjacket.sources.onix.product import Header, values_of
from dustjacket.sources.onix.tags import NAMES
from dustjacket.sources.tables import Format, ReadOptions, Shape, TableRow
from dustjacket.sources.xml import check_declarations, read_records
from dustjacket.sources.xml_parts import preamble_of, records_of, split_records

_HEAD_BYTES = 1 << 20
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, "<?".encode("utf-16-le"))
_NAMES = ("Product", "product", "Header", "header")
_PRODUCT = "[Pp]roduct"
_ROOT = re.compile(
    rb"(?:\s|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>)*"
    rb"<(?:[\w.-]{1,100}:)?(ONIX[Mm]essage|[Pp]roduct)(?=[\s/>])([^>]*)>",
    re.DOTALL,
)
_OF_PRODUCT = re.compile(
    rb"<(?:[\w.-]{1,100}:)?"
    rb"(?:RecordReference|a001|ProductIdentifier|productidentifier|DescriptiveDetail)[\s>]"
)
_RELEASE = re.compile(rb"""\srelease\s*=\s*["']\s*([\d.]+)""")
_OF_RELEASE_2 = re.compile(
    rb"editeur\.org/onix/2|<(?:Title|title|DistinctiveTitle|b028|OtherText|othertext|MediaFile|"
    rb"mediafile|BASICMainSubject|b064|SupplyDetail|supplydetail)[\s>]"
)
_OF_RELEASE_3 = re.compile(
    rb"editeur\.org/onix/3|<(?:[\w.-]{1,100}:)?"
    rb"(?:Descriptive|Publishing|Collateral|descriptive|publishing|collateral)[Dd]etail[\s>]"
)


def is_onix(head: bytes, _: str) -> bool:
    """Return whether a file is a message of ONIX, or a product of one, by its first bytes."""
    head = _plain(head)
    root = _ROOT.match(head)
    return bool(root and (root[1].startswith(b"ONIX") or _OF_PRODUCT.search(head)))


def shape_of_onix(stream: BinaryIO, options: ReadOptions) -> Shape:
    """Return the shape of a file of ONIX 3.

    Raises:
        BadInputError: the file is of another release, or declares entities.
    """
    start = stream.read(_HEAD_BYTES)
    check_declarations(io.BytesIO(start), options.name)
    head = _plain(start)
    root = _ROOT.match(head)
    release = _RELEASE.search(root[2]) if root else None
    number = release[1].decode() if release else ""
    if not number and _OF_RELEASE_2.search(head) and not _OF_RELEASE_3.search(head):
        number = "2.1"
    if number and not number.startswith("3"):
        raise BadInputError(
            f"{options.name!r} is ONIX {number}: give ONIX 3.0 or 3.1, which every sender of ONIX "
            "can export (2.1 has not been supported since 2014)"
        )
    first = next(read_records(io.BytesIO(start), _NAMES), None)
    header = first.element if first else None
    is_header = header is not None and NAMES[header.tag] == "Header"
    sent = _header(header).get("sent", "") if is_header else ""
    return Shape("onix", sent=sent, preamble=preamble_of(start, _NAMES, _PRODUCT))


def rows_of_onix(stream: BinaryIO, shape: Shape, part: ByteRange) -> Iterator[TableRow]:
    """Yield the products of a file, whose values have canonical names.

    The file may hold several messages, or a product alone. A product that is malformed, has no
    identifier or is a test has a reason, and costs itself only. ``raw`` is cut after
    ``MAX_RECORD`` bytes.
    """
    header: Header = {}
    position = part.position
    for record in records_of(stream, shape.preamble, part, _NAMES):
        element = record.element
        if element is not None and NAMES[element.tag] == "Header":
            header = _header(element)
            continue
        raw = record.raw
        values = record.reason if element is None else values_of(element, raw, header)
        if isinstance(values, dict):
            yield TableRow(position, record.offset, raw[:MAX_RECORD], values)
        else:
            yield TableRow(position, record.offset, raw[:MAX_RECORD], {}, values)
        position += 1


def _parts(stream: BinaryIO, shape: Shape, size: int) -> Iterator[ByteRange]:
    return split_records(stream, shape.preamble, size, _NAMES, _PRODUCT)


def _header(element: etree._Element) -> Header:
    parts = fields_of(element)
    sender = next((fields_of(child) for child in element if NAMES[child.tag] == "Sender"), {})
    header = {
        "language": parts.get("DefaultLanguageOfText"),
        "sender": sender.get("SenderName"),
        "sent": sent_at(parts.get("SentDateTime", "")),
    }
    return {name: text for name, text in header.items() if text}


def _plain(head: bytes) -> bytes:
    if head.startswith(_UTF16):
        return head.decode("utf-16", "ignore").encode()
    return head.removeprefix(codecs.BOM_UTF8)


ONIX = Format(
    name="onix",
    endings=(".xml", ".onix", ".onx"),
    matches=is_onix,
    shape=shape_of_onix,
    rows=rows_of_onix,
    split=_parts,
    canonical=True,
)
"""ONIX for Books 3.0 and 3.1."""
