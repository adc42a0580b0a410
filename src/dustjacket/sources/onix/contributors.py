"""Contributors and titles of a product of ONIX."""

from lxml import etree

from dustjacket.sources.onix.codes import RELATORS, UNNAMED
from dustjacket.sources.onix.elements import text_of
from dustjacket.sources.onix.tags import NAMES

_NAME_PARTS = ("NamesBeforeKey", "PrefixToKey", "KeyNames", "NamesAfterKey", "SuffixToKey")
_WHOLE_NAMES = ("PersonNameInverted", "CorporateName", "CorporateNameInverted")
_LAST = 1 << 30
_TITLE_TYPES = {"01": 0, "00": 1, "": 1, "10": 2, "13": 3, "11": 4, "05": 5}
"""Types of titles (list 15), best first; others are titles of the work in another form."""
_LEVELS = {"01": 0, "": 0, "04": 1, "03": 2, "06": 3, "02": 4, "05": 5}
"""Levels of title elements (list 149), best first: the product, an item, then collections."""
_JOINED = ("'", "\N{RIGHT SINGLE QUOTATION MARK}", "-")

Contributor = tuple[int, str, list[str]]
"""Sequence number, name and MARC relator codes."""


def contributor_of(element: etree._Element) -> Contributor | None:
    """Return one contributor, or None if it has no name."""
    number, roles, parts = _LAST, [], {}
    for child in element:
        name = NAMES[child.tag]
        if name == "ContributorRole":
            roles.append(RELATORS.get(text_of(child), "oth"))
        elif name == "SequenceNumber":
            digits = text_of(child)
            number = int(digits) if digits.isdigit() and len(digits) < 6 else _LAST
        elif name not in parts:
            parts[name] = text_of(child)
    person = (
        parts.get("PersonName")
        or " ".join(filter(None, map(parts.get, _NAME_PARTS)))
        or next(filter(None, map(parts.get, _WHOLE_NAMES)), None)
        or UNNAMED.get(parts.get("UnnamedPersons", ""))
    )
    return (number, person, list(dict.fromkeys(roles)) or ["oth"]) if person else None


def in_order(contributors: list[Contributor]) -> list[dict[str, str]]:
    """Return contributors by sequence number, one entry for each role."""
    return [
        {"name": name, "role": role}
        for _, name, roles in sorted(contributors, key=lambda contributor: contributor[0])
        for role in roles
    ]


Title = tuple[int, str, str]
"""Rank (lower is better), title and subtitle."""


def title_of(detail: etree._Element) -> Title | None:
    """Return the title that a ``TitleDetail`` gives to the product, without its collection's.

    Where the product has only a number in its collection, its title is that of the collection and
    the number.
    """
    rank, elements = len(_TITLE_TYPES), []
    for child in detail:
        name = NAMES[child.tag]
        if name == "TitleType":
            rank = _TITLE_TYPES.get(text_of(child), rank)
        elif name == "TitleElement":
            elements.append(_title_element(child))
    elements.sort(key=lambda element: element[0])
    number = next((number for *_, number in elements if number), "")
    for level, title, subtitle, own_number in elements:
        if title:
            if level > 0 and number and not own_number:
                title = f"{title}, {number}"  # noqa: PLW2901
            return rank, title, subtitle
    return None


def _title_element(element: etree._Element) -> tuple[int, str, str, str]:
    parts: dict[str, str] = {}
    for child in element:
        parts.setdefault(NAMES[child.tag], text_of(child))
    title = parts.get("TitleText", "")
    if not title and (title := parts.get("TitleWithoutPrefix", "")):
        prefix = parts.get("TitlePrefix", "")
        blank = "" if not prefix or prefix.endswith(_JOINED) else " "
        title = f"{prefix}{blank}{title}"
    number = parts.get("PartNumber") or parts.get("YearOfAnnual") or ""
    level = _LEVELS.get(parts.get("TitleElementLevel", ""), len(_LEVELS))
    return level, title, parts.get("Subtitle", ""), number
