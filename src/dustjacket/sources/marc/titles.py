"""Titles of MARC 21: without ISBD punctuation, and in the script of the book."""

import re
import unicodedata
from dataclasses import replace
from typing import Any

from dustjacket.sources.marc.records import MarcField, MarcRecord

_NON_SORTING = str.maketrans("", "", "\x88\x89\x98\x9c")
_ISBD = "/:;=,"
_FULL_STOP = re.compile(r"(?<=[^\W\d_]{3})\.$|(?<=[\])\d])\.$")
"""A full stop after a word, a bracket or a number; after one or two letters it abbreviates."""
_LINK = re.compile(r"(\d{3})-(\d{2})")


def linked_scripts(record: MarcRecord) -> dict[str, MarcField]:
    """Return the fields 880 by what they link to, such as ``245-01``.

    A field that links to none (``245-00``) counts for the first one of its tag.
    """
    fields: dict[str, MarcField] = {}
    for field in record.all("880"):
        link = _LINK.match(field.first("6"))
        if link:
            fields.setdefault(link[0], MarcField(link[1], "", field.indicators, field.subfields))
    return fields


def in_other_script(field: MarcField, scripts: dict[str, MarcField]) -> MarcField | None:
    """Return the field 880 that a field links to."""
    link = _LINK.match(field.first("6"))
    return scripts.get(f"{field.tag}-{link[2]}") if link and link[1] == "880" else None


def of_the_book(field: MarcField, scripts: dict[str, MarcField]) -> MarcField:
    """Return the form of a field that stands on the book: the one that is not in Latin letters."""
    other = in_other_script(field, scripts)
    if other is None or _is_latin(other):
        return field
    return other if other.indicators.strip() else replace(other, indicators=field.indicators)


def _is_latin(field: MarcField) -> bool:
    letters = [c for c in "".join(field.all("abcnp")) if c.isalpha()]
    latin = sum(unicodedata.name(c, "").startswith("LATIN") for c in letters)
    return latin * 2 >= len(letters)


def titles_of(record: MarcRecord, scripts: dict[str, MarcField]) -> dict[str, Any]:
    """Return ``title``, ``subtitle`` and, of a book in two scripts, ``other_title``.

    The title is in the script of the book; its romanisation or its original is ``other_title``.
    """
    field = next(record.all("245"), None) or scripts.get("245-00")
    if field is None:
        return {}
    of_book = of_the_book(field, scripts)
    title, subtitle = _title(of_book)
    other = field if of_book is not field else in_other_script(field, scripts)
    return {"title": title, "subtitle": subtitle, "other_title": _title(other)[0] if other else ""}


def _title(field: MarcField) -> tuple[str, str]:
    """Return title with its parts, and subtitle; the statement of responsibility is left out."""
    title, subtitle, before, after_number = "", "", "", False
    for code, value in field.subfields:
        raw = value.translate(_NON_SORTING).strip()
        text = without_isbd(raw)
        if code not in "abnp" or not text:
            continue
        if code == "a" and not title:
            title = text
        elif code in "np" and title:
            title += f"{', ' if code == 'p' and after_number else '. '}{text}"
        # After "=" follows the title in another language, after ";" another work's title.
        elif code == "b" and not subtitle and not before.endswith(("=", ";")):
            subtitle = text.partition(" = ")[0]
        after_number, before = code == "n", raw
    return (title, subtitle) if title else (subtitle, "")


def without_isbd(text: str) -> str:
    """Return a text without the punctuation of ISBD at its end.

    >>> without_isbd("The pragmatic programmer :"), without_isbd("Dr. Who and Co.")
    ('The pragmatic programmer', 'Dr. Who and Co.')
    """
    end = len(text)
    while end and (
        text[end - 1].isspace()
        or text[end - 1] in _ISBD
        or (text[end - 1] == "." and end > 1 and text[end - 2].isspace())
    ):
        end -= 1
    text = text[:end].lstrip()
    return text if text.endswith("...") else _FULL_STOP.sub("", text)
