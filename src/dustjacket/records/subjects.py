"""Subjects of a book by scheme."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from dustjacket.records.column_names import CODED_SCHEMES
from dustjacket.records.columns import Columns
from dustjacket.records.text import line_of
from dustjacket.records.values import is_missing, items_of, names_of, scalar

_CODE = re.compile(r"[A-Za-z]{1,3}[0-9A-Za-z]{0,8}|[0-9]{1,6}")
_BISAC = re.compile(r"([A-Za-z]{3})[0-9]{6}")
_CODE_AND_HEADING = re.compile(r"^(\S{1,12})\s*[:\u2013-]?\s+(\S.*)$")


@dataclass(frozen=True, slots=True)
class Subject:
    """One subject of a book; ``code`` or ``heading`` is empty where the source has only the other.

    Attributes:
        scheme: ``bisac``, ``thema``, ``bic``, ``wgs``, ``clil``, ``nur``, ``lcsh``, ``keywords`` …
        main: whether the source marks it as the main one.
    """

    scheme: str
    code: str
    heading: str
    main: bool = False


def subjects_in(value: Iterable[Any], missing: frozenset[str]) -> list[Subject]:
    """Return subjects that are objects with scheme, code, heading (or term) and main."""
    found = [
        _of_feed(
            scalar(item.get("scheme")),
            scalar(item.get("code")),
            scalar(item.get("heading") or item.get("term")),
            bool(item.get("main")),
        )
        for item in items_of(value)
        if isinstance(item, dict) and item.get("scheme")
    ]
    return [
        subject
        for subject in dict.fromkeys(found)
        if not is_missing(subject.code or subject.heading, missing)
    ]


@lru_cache(maxsize=1 << 14)
def _of_feed(scheme: str, code: str, heading: str, main: bool) -> Subject:
    # The records of a feed share their subjects.
    return Subject(scheme.strip().casefold(), line_of(code), line_of(heading), main)


def subjects_of_columns(
    values: Mapping[str, Any], columns: Columns, missing: frozenset[str]
) -> list[Subject]:
    """Return the subjects in columns named after schemes, such as ``Thema 1`` … ``Thema 5``.

    The first of a scheme is its main subject. A value is a code, a heading, or a code and a
    heading; ``;`` and ``|`` separate several.
    """
    found: list[Subject] = []
    for scheme in columns.schemes:
        is_first = scheme in CODED_SCHEMES
        for column in columns.fields[f"subject:{scheme}"]:
            for name in names_of(values.get(column)):
                for text in map(line_of, re.split("[;|]", name)):
                    if not is_missing(text, missing):
                        found.append(_subject(scheme, text, is_first))
                        is_first = False
    return list(dict.fromkeys(found))


def _subject(scheme: str, text: str, is_main: bool) -> Subject:
    if scheme not in CODED_SCHEMES:
        return Subject(scheme, "", text, is_main)
    if _is_code(scheme, text):
        return Subject(scheme, text.upper(), "", is_main)
    both = _CODE_AND_HEADING.match(text)
    if both and _is_code(scheme, both[1]):
        return Subject(scheme, both[1].upper(), both[2], is_main)
    return Subject(scheme, "", text, is_main)


def _is_code(scheme: str, text: str) -> bool:
    if scheme == "bisac":
        return bool(_BISAC.fullmatch(text))
    if scheme in ("thema", "bic"):
        return bool(_CODE.fullmatch(text)) and (text.isupper() or text.isdigit())
    return text.isdigit()
