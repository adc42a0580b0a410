"""Write books as MARC 21 and as MARCXML."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pymarc import Field, Indicators, Leader, Record, Subfield, record_to_xml

from dustjacket.records.dates import alpha3_of

_LEADER = "00000nam a2200000 c 4500"
"""A monograph in UTF-8, described without ISBD punctuation."""
_FIXED = "260101s2026    xx            000 1 {language} d"
_ARTICLE = re.compile(r"(?:a|an|the)\s", re.IGNORECASE)
_COLLECTION = '<collection xmlns="http://www.loc.gov/MARC21/slim">'


def write_marc(file: Path, books: Iterable[Mapping[str, Any]]) -> None:
    """Write the exchange format, in UTF-8."""
    with file.open("wb") as stream:
        for record in map(_record, books):
            stream.write(record.as_marc())


def write_marcxml(file: Path, books: Iterable[Mapping[str, Any]]) -> None:
    """Write a collection."""
    with file.open("wb") as stream:
        stream.write(f'<?xml version="1.0" encoding="UTF-8"?>\n{_COLLECTION}\n'.encode())
        for record in map(_record, books):
            stream.write(record_to_xml(record) + b"\n")  # type: ignore[no-untyped-call]
        stream.write(b"</collection>\n")


def _record(book: Mapping[str, Any]) -> Record:
    record = Record()
    record.leader = Leader(_LEADER)
    record.fields = list(_fields(book))
    return record


def _fields(book: Mapping[str, Any]) -> Iterator[Field]:
    language = alpha3_of(book.get("language", "")) or "und"
    yield Field("001", data=book["record_id"])
    yield Field("008", data=_FIXED.format(language=language))
    for isbn in book.get("isbn", []):
        yield _field("020", "  ", a=isbn)
    for number, person in enumerate(book.get("contributors", [])):
        forenames, _, surname = person["name"].rpartition(" ")
        name = f"{surname}, {forenames}" if forenames else surname
        tag = "700" if number else "100"
        yield _field(tag, "1 " if forenames else "0 ", **{"a": name, "4": person["role"]})
    if title := book.get("title"):
        added = "1" if book.get("contributors") else "0"
        article = _ARTICLE.match(title)
        yield _field("245", f"{added}{article.end() if article else 0}", a=title)
    if description := book.get("description"):
        yield _field("520", "  ", a=description)
    for subject in book.get("subjects", []):
        is_own = subject["scheme"] == "own"
        yield _field("655" if is_own else "653", " 4" if is_own else "  ", a=subject["heading"])
    if image := book.get("image"):
        yield _field("856", "42", **{"3": "Cover image", "u": image})


def _field(tag: str, indicators: str, **subfields: str) -> Field:
    return Field(
        tag,
        Indicators(*indicators),
        [Subfield(code, " ".join(value.split())) for code, value in subfields.items()],
    )
