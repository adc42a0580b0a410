"""The block of a product that describes it: title, contributors, language, subjects."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from dustjacket.sources.onix.codes import SCHEMES
from dustjacket.sources.onix.contributors import (
    Contributor,
    Title,
    contributor_of,
    in_order,
    title_of,
)
from dustjacket.sources.onix.elements import fields_of, text_of
from dustjacket.sources.onix.tags import NAMES

_OLD_MAIN_SUBJECTS = {"BASICMainSubject": "bisac", "BICMainSubject": "bic"}
_OF_TEXT = ("", "01")


@dataclass
class _Described:
    """What a block of description holds, before the best of it is chosen."""

    values: dict[str, Any]
    titles: list[Title] = field(default_factory=list)
    contributors: list[Contributor] = field(default_factory=list)
    subjects: list[dict[str, Any]] = field(default_factory=list)
    statement: str = ""


def describe(block: etree._Element, values: dict[str, Any]) -> None:
    """Set the values that a ``DescriptiveDetail`` gives."""
    found = _Described(values)
    for child in block:
        name = NAMES[child.tag]
        if read := _DESCRIPTIONS.get(name):
            read(child, found)
        elif name in _OLD_MAIN_SUBJECTS:
            code = text_of(child)
            found.subjects.append(_subject(_OLD_MAIN_SUBJECTS[name], code, "", is_main=True))
    if found.titles:
        _, values["title"], subtitle = min(found.titles, key=lambda title: title[0])
        if subtitle:
            values["subtitle"] = subtitle
    if found.contributors:
        values["contributors"] = in_order(found.contributors)
    elif found.statement:
        values["author"] = found.statement
    if found.subjects:
        values["subjects"] = found.subjects


def _add_title(element: etree._Element, found: _Described) -> None:
    if title := title_of(element):
        found.titles.append(title)


def _add_contributor(element: etree._Element, found: _Described) -> None:
    if contributor := contributor_of(element):
        found.contributors.append(contributor)


def _add_statement(element: etree._Element, found: _Described) -> None:
    found.statement = text_of(element)


def _add_subject(element: etree._Element, found: _Described) -> None:
    found.subjects += _subjects(fields_of(element))


def _add_main_subject(element: etree._Element, found: _Described) -> None:
    found.subjects += _subjects({"MainSubject": "", **fields_of(element)})


def _add_language(element: etree._Element, found: _Described) -> None:
    parts = fields_of(element)
    if parts.get("LanguageRole", "") in _OF_TEXT and parts.get("LanguageCode"):
        found.values.setdefault("language", parts["LanguageCode"])


def _add_licence(element: etree._Element, found: _Described) -> None:
    if rights := fields_of(element).get("EpubLicenseName"):
        found.values["rights"] = rights


def _subjects(parts: Mapping[str, str]) -> list[dict[str, Any]]:
    number = parts.get("SubjectSchemeIdentifier") or parts.get("MainSubjectSchemeIdentifier", "")
    scheme = SCHEMES.get(number, number)
    code, heading = parts.get("SubjectCode", ""), parts.get("SubjectHeadingText", "")
    if scheme == "keywords":
        words = (word.strip() for word in (heading or code).split(";"))
        return [_subject(scheme, "", word, is_main=False) for word in words if word]
    if not code and not heading:
        return []
    return [_subject(scheme, code, heading, is_main="MainSubject" in parts)]


def _subject(scheme: str, code: str, heading: str, *, is_main: bool) -> dict[str, Any]:
    return {"scheme": scheme, "code": code or None, "heading": heading or None, "main": is_main}


_DESCRIPTIONS: Mapping[str, Callable[[etree._Element, _Described], None]] = {
    "TitleDetail": _add_title,
    "Contributor": _add_contributor,
    "ContributorStatement": _add_statement,
    "Language": _add_language,
    "Subject": _add_subject,
    "MainSubject": _add_main_subject,
    "EpubLicense": _add_licence,
}
