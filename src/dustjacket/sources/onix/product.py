"""Make the values of a row from one product of ONIX, in one pass over its elements."""

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

from lxml import etree

from dustjacket.sources.onix.codes import WORK_SCHEMES, iso_date
from dustjacket.sources.onix.deltas import BLOCK_UPDATE, DELETE, NEW, RESERVATION, UPDATE
from dustjacket.sources.onix.description import describe
from dustjacket.sources.onix.elements import fields_of, html_of, text_of
from dustjacket.sources.onix.rights import may_reserve, reservation_of
from dustjacket.sources.onix.tags import NAMES

Header = Mapping[str, str]
Values = dict[str, Any]

_MAIN_BLOCKS = {"DescriptiveDetail", "CollateralDetail", "PublishingDetail"}
_FULL_RECORD, _DELETE, _TESTS = ("", "01", "02", "03"), "05", ("88", "89")
_IDENTITY = ("RecordReference", "NotificationType", "ProductIdentifier")
_ISBN_TYPES = ("15", "03", "02")
_BOOKLAND = ("978", "979")
_TEXTS = {"03": 0, "02": 1}
"""Descriptions, and short ones."""
_DATES = {"01": 0, "19": 1, "11": 2}
"""Publishing dates: of the product, of its printed counterpart, of its first edition."""
_PUBLISHER, _MANIFESTATION = ("", "01"), ("", "01")
_FRONT_COVER, _PICTURE = "01", ("", "03")
_HEIGHT, _WIDTH, _FILE_NAME, _EXACT_SIZE = "02", "03", "04", "07"


def values_of(product: etree._Element, raw: bytes, header: Header) -> Values | str:
    """Return the values of a product by canonical name, or the reason for its rejection.

    Values that a full record lacks are missing. A block update has a key for each field of its
    blocks, and for no other.

    Args:
        raw: the product's bytes.
        header: ``language``, ``sender`` and ``sent`` of the message, each optional.
    """
    values: Values = {}
    identity: dict[str, list[str]] = {}
    blocks = set()
    for child in product:
        name = NAMES[child.tag]
        if read := _BLOCKS.get(name):
            blocks.add(name)
            read(child, values, header)
        elif name in _IDENTITY:
            _identify(child, name, identity)
    (notification,) = identity.pop("NotificationType", ("",))
    if notification in _TESTS:
        return "test_record"
    if not identity:
        return "no_identifier"
    if reference := identity.get("RecordReference"):
        values["record_id"] = reference[0]
    if isbns := _isbns(identity):
        values["isbn"] = isbns
    if may_reserve(raw) and (reservation := reservation_of(product)):
        values[RESERVATION] = reservation
    values["notification"] = _notification(notification, blocks)
    _complete(values, blocks, header)
    return values


def _identify(element: etree._Element, name: str, identity: dict[str, list[str]]) -> None:
    if name == "ProductIdentifier":
        parts = fields_of(element)
        if number := parts.get("IDValue"):
            identity.setdefault(parts.get("ProductIDType", ""), []).append(number)
    elif text := text_of(element):
        identity[name] = [text]


def _complete(values: Values, blocks: Set[str], header: Header) -> None:
    """Set what the message says of all its products, and what a block update takes away."""
    kind = values["notification"]
    if kind == BLOCK_UPDATE:
        for block in blocks:
            for name in _FIELDS[block]:
                values.setdefault(name, None)
    elif kind != DELETE and header.get("language"):
        values.setdefault("language", header["language"])
    if header.get("sent"):
        values["sent"] = header["sent"]


def _isbns(identity: Mapping[str, Sequence[str]]) -> list[str]:
    return [
        number
        for kind in _ISBN_TYPES
        for number in identity.get(kind, ())
        if kind != "03" or number.startswith(_BOOKLAND)
    ]


def _notification(code: str, blocks: Set[str]) -> str:
    if code in _FULL_RECORD:
        return NEW
    if code == _DELETE:
        return DELETE
    # Code 04 replaces blocks; senders of older records use it for whole ones. Others hold none.
    return UPDATE if blocks >= _MAIN_BLOCKS else BLOCK_UPDATE


def _descriptive(block: etree._Element, values: Values, _: Header) -> None:
    describe(block, values)


def _collateral(block: etree._Element, values: Values, _: Header) -> None:
    best, largest = len(_TEXTS), -1
    for child in block:
        name = NAMES[child.tag]
        if name == "TextContent":
            kind, text = _text_content(child)
            rank = _TEXTS.get(kind, best)
            if text is not None and rank < best:
                best, values["description"] = rank, html_of(text)
        elif name == "SupportingResource":
            for size, link in _versions(child):
                if size > largest:
                    largest, values["image"] = size, link


def _text_content(element: etree._Element) -> tuple[str, etree._Element | None]:
    kind, text = "", None
    for child in element:
        name = NAMES[child.tag]
        if name == "TextType":
            kind = text_of(child)
        elif name == "Text" and text is None:
            text = child
    return kind, text


def _versions(resource: etree._Element) -> list[tuple[int, str]]:
    """Return the size and the address of each version of a front cover; of others nothing."""
    parts: dict[str, str] = {}
    versions = []
    for child in resource:
        name = NAMES[child.tag]
        if name == "ResourceVersion":
            versions.append(child)
        elif name in {"ResourceContentType", "ResourceMode"}:
            parts[name] = text_of(child)
    if parts.get("ResourceContentType") != _FRONT_COVER:
        return []
    if parts.get("ResourceMode", "") not in _PICTURE:
        return []
    return [found for version in versions if (found := _version(version))]


def _version(element: etree._Element) -> tuple[int, str] | None:
    link, features = "", {}
    for child in element:
        name = NAMES[child.tag]
        if name == "ResourceLink" and not link:
            link = text_of(child)
        elif name == "ResourceVersionFeature":
            parts = fields_of(child)
            features[parts.get("ResourceVersionFeatureType", "")] = parts.get("FeatureValue", "")
    link = link or features.get(_FILE_NAME, "")
    pixels = [_number(features.get(side, "")) for side in (_HEIGHT, _WIDTH)]
    size = (pixels[0] * (pixels[1] or pixels[0])) or _number(features.get(_EXACT_SIZE, ""))
    return (size, link) if link else None


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _publishing(block: etree._Element, values: Values, _: Header) -> None:
    imprint, best = "", len(_DATES)
    for child in block:
        name = NAMES[child.tag]
        if name == "PublishingDate":
            parts = fields_of(child)
            rank = _DATES.get(parts.get("PublishingDateRole", ""), best)
            if rank < best and (date := _date(child, parts)):
                best, values["published"] = rank, date
        elif name == "Publisher":
            parts = fields_of(child)
            if parts.get("PublishingRole", "") in _PUBLISHER and parts.get("PublisherName"):
                values.setdefault("publisher", parts["PublisherName"])
        elif name == "Imprint":
            imprint = imprint or fields_of(child).get("ImprintName", "")
    if imprint:
        values.setdefault("publisher", imprint)


def _date(element: etree._Element, parts: Mapping[str, str]) -> str | None:
    form = parts.get("DateFormat", "")
    if len(element) and NAMES[element[-1].tag] == "Date":  # the last element, by the standard
        form = element[-1].get("dateformat", form)
    return iso_date(parts.get("Date", ""), form)


def _related(block: etree._Element, values: Values, header: Header) -> None:
    for child in block:
        if NAMES[child.tag] != "RelatedWork" or "work_id" in values:
            continue
        relation, found = "", ""
        for part in child:
            name = NAMES[part.tag]
            if name == "WorkRelationCode":
                relation = text_of(part)
            elif name == "WorkIdentifier" and not found:
                found = _work_id(fields_of(part), header)
        if found and relation in _MANIFESTATION:
            values["work_id"] = found


def _work_id(parts: Mapping[str, str], header: Header) -> str:
    number, kind = parts.get("IDValue", ""), parts.get("WorkIDType", "")
    scheme = WORK_SCHEMES.get(kind) or parts.get("IDTypeName") or header.get("sender") or kind
    return f"{scheme}:{number}" if number else ""


_BLOCKS: Mapping[str, Callable[[etree._Element, Values, Header], None]] = {
    "DescriptiveDetail": _descriptive,
    "CollateralDetail": _collateral,
    "PublishingDetail": _publishing,
    "RelatedMaterial": _related,
}
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "DescriptiveDetail": (
        "title", "subtitle", "contributors", "author", "language", "subjects", "rights",
    ),
    "CollateralDetail": ("description", "image"),
    "PublishingDetail": ("published", "publisher"),
    "RelatedMaterial": ("work_id",),
}  # fmt: skip
"""Fields that an update of a block replaces."""
