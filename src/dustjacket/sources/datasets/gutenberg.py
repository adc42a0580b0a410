"""The catalogue of Project Gutenberg (``pg_catalog.csv``)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, BinaryIO

from dustjacket.sources.csv import ByteRange
from dustjacket.sources.tables import Format, ReadOptions, Shape, TableRow, Value
from dustjacket.sources.text_tables import CSV

_HEADER = re.compile(rb'^(?:\xef\xbb\xbf)?"?Text#"?,"?Type"?,"?Issued"?,"?Title"?,', re.IGNORECASE)
_ROLE = re.compile(r"\s?\[([^\[\]]+)\]$")
_OF_LIFE = re.compile(r"[\d?]")
_SHELF = re.compile(r"^(?:Browsing|Category):\s*")
_ROLES = {
    "translator": "trl", "illustrator": "ill", "editor": "edt", "contributor": "ctb",
    "author of introduction, etc.": "aui", "compiler": "com", "commentator": "cwt",
    "annotator": "ann", "photographer": "pht", "adapter": "adp",
}  # fmt: skip


def _parts(value: Any) -> list[str]:
    parts = str(value or "").split(";")
    return [text for part in parts if (text := " ".join(part.split()))]


def contributor_of(text: str) -> dict[str, str]:
    """Return name and role of an author as the catalogue writes one.

    >>> contributor_of("Garnett, Constance, 1861-1946 [Translator]")
    {'name': 'Constance Garnett', 'role': 'trl'}
    """
    role = _ROLE.search(text)
    name = _ROLE.sub("", text)
    before, comma, last = name.rpartition(",")
    if comma and _OF_LIFE.search(last):  # years of birth and death
        name = before
    surname, comma, forenames = name.partition(", ")
    if comma and "," not in forenames:
        name = f"{forenames} {surname}"
    return {"name": name, "role": _ROLES.get(role[1].lower(), "ctb") if role else "aut"}


def values_of(row: Mapping[str, Any]) -> dict[str, Value]:
    """Return the canonical fields of a row of the catalogue."""
    title, *subtitle = [
        line for text in str(row.get("title") or "").splitlines() if (line := text.strip())
    ] or [""]
    shelves = _parts(row.get("bookshelves"))
    categories = [shelf for shelf in shelves if _SHELF.match(shelf)]
    number = str(row.get("text#") or "").strip()
    return {
        "title": title.rstrip(" :"),
        "subtitle": " ".join(subtitle).lstrip(": "),
        "contributors": [contributor_of(text) for text in _parts(row.get("authors"))],
        "genre": list(dict.fromkeys(_SHELF.sub("", shelf) for shelf in categories or shelves)),
        "subjects": [
            {"scheme": scheme, "code": code, "heading": heading, "main": False}
            for scheme, code, heading in [
                *(("lcsh", None, text) for text in _parts(row.get("subjects"))),
                *(("lcc", text, None) for text in _parts(row.get("locc"))),
            ]
        ],
        "language": next(iter(_parts(row.get("language"))), ""),
        "published": str(row.get("issued") or "").strip(),
        "record_id": f"gutenberg:{number}" if number else "",
    }


def _rows(stream: BinaryIO, shape: Shape, part: ByteRange) -> Iterator[TableRow]:
    for row in CSV.rows(stream, replace(shape, used=None), part):
        if row.reason:
            yield row
        elif str(row.values.get("type", "")).strip().lower() != "text":
            yield replace(row, values={}, reason="not_a_book")
        else:
            values = values_of(row.values)
            yield replace(row, values={name: value for name, value in values.items() if value})


def _matches(head: bytes, _name: str) -> bool:
    return _HEADER.match(head) is not None


def _shape(stream: BinaryIO, options: ReadOptions) -> Shape:
    return replace(CSV.shape(stream, options), format="gutenberg")


GUTENBERG = Format("gutenberg", (), _matches, _shape, _rows, CSV.split, canonical=True)
