"""Places in the bytes of an XML record, so that elements can be added and the rest stays."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

_TAG = re.compile(rb"""<(?:[^>"']|"[^"]*"|'[^']*')*>""")


@dataclass(frozen=True, slots=True)
class Element:
    """An element of a record: where its bytes are, and the elements directly in it."""

    name: str
    attributes: Mapping[str, str]
    start: int
    end: int = 0
    closing: int = 0
    children: list["Element"] = field(default_factory=list)

    @property
    def local(self) -> str:
        """The name without prefix."""
        return self.name.rpartition(":")[2]

    @property
    def prefix(self) -> str:
        """The prefix with its colon, or nothing."""
        return self.name[: len(self.name) - len(self.local)]


def elements_of(record: bytes, depth: int) -> Element | None:
    """Return the root element of a record, with elements down to ``depth`` levels below it.

    Text after the element is left out. None: the record is not well-formed.
    """
    # A byte is a character in Latin-1. Other encodings that XML files have write tags as ASCII.
    parser = expat.ParserCreate("iso-8859-1")
    parser.UseForeignDTD(True)  # so that an entity of HTML, such as &nbsp;, is no error
    open_: list[Element] = []
    root: list[Element] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        open_.append(Element(name, attributes, parser.CurrentByteIndex))

    def end(_: str) -> None:
        element, closing = open_.pop(), parser.CurrentByteIndex
        tag = _TAG.match(record, closing)
        whole = Element(
            element.name, element.attributes, element.start,
            tag.end() if tag else len(record), closing, element.children,
        )  # fmt: skip
        if not open_:
            root.append(whole)
            raise _RootEndedError
        if len(open_) <= depth:
            open_[-1].children.append(whole)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(record, True)
    except _RootEndedError:
        return root[0]
    except expat.ExpatError:
        return None
    return None


class _RootEndedError(Exception):
    pass


Edit = tuple[int, int, bytes]
"""Where bytes of a record begin and end, and what takes their place."""


def removal(record: bytes, element: Element) -> Edit:
    """Return the edit that removes an element and the white space before it."""
    return _blank_before(record, element.start), element.end, b""


def edited(record: bytes, edits: Iterable[Edit]) -> bytes:
    """Return a record after edits that do not overlap; of those at one place the last is first."""
    for start, end, text in sorted(edits, key=lambda edit: edit[:2], reverse=True):
        record = record[:start] + text + record[end:]
    return record


def indent_before(record: bytes, start: int) -> bytes:
    """Return the white space before a place of a record."""
    return record[_blank_before(record, start) : start]


def _blank_before(record: bytes, start: int) -> int:
    return len(record[:start].rstrip(b" \t\r\n"))
