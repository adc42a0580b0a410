"""Who made a book, by role, and the text of its author."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from dustjacket.records.text import line_of
from dustjacket.records.values import is_missing, items_of, kept_for_short_texts, names_of

ROLE_WORDS: Mapping[str, str] = {
    word: role
    for role, words in {
        "aut": "author autor auteur autore writer verfasser schrijver 著 作者 著者",
        "trl": "translator translated übersetzer traducteur traductor traduttore vertaler tradutor"
        " 译 訳 译者 訳者",
        "ill": "illustrator illustrated illustrateur ilustrador illustratore illustrations 绘 絵",
        "edt": "editor edited herausgeber hrsg éditeur curatore redacteur 编 編",
        "nrt": "narrator reader sprecher narrateur narrador narratore",
        "aui": "introduction foreword preface",
    }.items()
    for word in words.split()
}
"""MARC relator codes, by the word for a role."""
AUTHOR_ROLES = ("aut", "edt", "com", "cre", "art")
"""Roles that may stand as the author, best first; translators and illustrators never do."""
_ROLE = re.compile(r"\s*[\[(]([^\[\]()]{1,40})[\])]\s*$")
# Without one of these a value is one name.
_SPECIAL = re.compile(r"[\[{(;|&\uff1b\uff5c]")
_RELATOR = re.compile("[a-z]{3}")
_AND = re.compile(r"\s+&\s+|\s*[;|\uff1b\uff5c]\s*")


@dataclass(frozen=True, slots=True)
class Contributor:
    """A person or body, and a role as a MARC relator code (``aut``, ``trl``, ``ill`` …)."""

    name: str
    role: str


def contributors_in(value: Any, role: str, missing: frozenset[str]) -> list[Contributor]:
    """Return the contributors that a value names, in their order.

    Args:
        value: a text, an object with a name, or a list of these; ``;`` and ``|`` separate names in
            a text, and ``&`` too.
        role: of those whose role is not given.
        missing: case-folded words for a missing value.
    """
    if isinstance(value, str) and not _SPECIAL.search(value):
        name = line_of(value)
        return [] if is_missing(name, missing) else [Contributor(name, role)]
    items = items_of(value)
    is_text = items == [value]
    found: list[Contributor] = []
    for item in items:
        own_role = role
        if isinstance(item, dict) and (plain := _plain(item)):
            found += [] if is_missing(plain.name, missing) else [plain]
            continue
        if isinstance(item, Mapping):
            folded = {str(key).casefold(): text for key, text in item.items()}
            roles = names_of(folded.get("role") or folded.get("roles"))
            own_role = (role_of(roles[0]) if roles else None) or role
        for name in map(line_of, names_of(item)):
            for part in _AND.split(name) if is_text and not isinstance(item, Mapping) else [name]:
                given = _ROLE.search(part)
                code = role_in_words(given[1]) if given else None
                person = part[: given.start()] if given and code else part
                if not is_missing(person, missing):
                    found.append(Contributor(person, code or own_role))
    return list(dict.fromkeys(found))


@kept_for_short_texts(1 << 15)
def authors_in(value: Any, missing: frozenset[str]) -> tuple[tuple[Contributor, ...], str]:
    """Return the contributors in a value of an author column, and its text; both may be empty."""
    authors = contributors_in(value, "aut", missing)
    written = as_written(value, missing)
    return tuple(authors), author_text(authors) if written is None else written


def _plain(item: dict[str, Any]) -> Contributor | None:
    """Return the contributor of an object as trade formats have it, or None if it is another."""
    name, role = item.get("name"), item.get("role")
    if len(item) == 2 and isinstance(name, str) and isinstance(role, str):
        return _of_feed(name, role)
    return None


@lru_cache(maxsize=1 << 14)
def _of_feed(name: str, role: str) -> Contributor | None:
    # The records of a feed share their contributors.
    person = line_of(name) if _RELATOR.fullmatch(role) else ""
    return Contributor(person, role) if person and not _SPECIAL.search(person) else None


def role_in_words(text: str) -> str | None:
    """Return the relator code of the first word that names a role, or None."""
    words = re.findall(r"\w+", text.casefold())
    return next((ROLE_WORDS[word] for word in words if word in ROLE_WORDS), None)


def role_of(text: str) -> str | None:
    """Return the relator code of a role in words or as a code, or None if it is not known.

    >>> role_of("Translator"), role_of("trl"), role_of("1965")
    ('trl', 'trl', None)
    """
    code = text.strip().casefold()
    is_code = len(code) == 3 and code.isascii() and code.isalpha()
    return code if is_code else role_in_words(text)


def author_text(contributors: Sequence[Contributor]) -> str:
    """Return the names of the authors in one text; of editors and so on where there are none.

    Names are separated by a comma, or by a semicolon if one of them has a comma.
    """
    for role in AUTHOR_ROLES:
        if names := [person.name for person in contributors if person.role == role]:
            return ("; " if any("," in name for name in names) else ", ").join(names)
    return ""


def as_written(value: Any, missing: frozenset[str]) -> str | None:
    """Return an author column's text as the file has it, or None if it is a list of some form."""
    if not isinstance(value, str):
        return None
    text = line_of(value)
    if _SPECIAL.search(text) and ("|" in text or _ROLE.search(text) or items_of(value) != [value]):
        return None
    return "" if is_missing(text, missing) else text
