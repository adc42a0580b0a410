"""The metadata of a package file: terms of Dublin Core, and what refines them."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dustjacket.sources.xml import name_of

_MAX_TERMS = 2000
"""Terms that are read; a package file has fewer than a hundred."""


@dataclass(frozen=True, slots=True)
class Term:
    """One element of Dublin Core: its text, identifier and attributes by local name."""

    text: str
    identifier: str
    attributes: dict[str, str]


class Metadata:
    """Terms by lower-case local name, and properties by what they refine.

    EPUB 3 refines a term by ``meta refines``, EPUB 2 by attributes such as ``opf:role``.
    """

    def __init__(self, package: Any) -> None:
        self._terms: dict[str, list[Term]] = defaultdict(list)
        self._properties: dict[tuple[str, str], list[str]] = defaultdict(list)
        unique = package.get("unique-identifier")
        block = next((child for child in package if name_of(child).lower() == "metadata"), package)
        for _, element in zip(range(_MAX_TERMS), block.iter("{*}*"), strict=False):
            name = name_of(element).lower()
            if name == "meta":
                self._add_property(element)
            elif "purl.org/dc/elements" in str(element.tag) and (text := _text(element)):
                attributes = {str(k).rpartition("}")[2]: v for k, v in element.attrib.items()}
                self._terms[name].append(Term(text, element.get("id", ""), attributes))
        self.unique_identifier = next(
            (t.text for t in self.terms("identifier") if unique and t.identifier == unique), ""
        )

    def _add_property(self, meta: Any) -> None:
        name = meta.get("property") or meta.get("name") or ""
        text = meta.get("content") if meta.get("name") else _text(meta)
        if text:
            self._properties[meta.get("refines", "").lstrip("#"), name].append(text.strip())

    def terms(self, name: str) -> list[Term]:
        """Return the terms of Dublin Core of a name, in the order of the file."""
        return self._terms[name]

    def texts(self, name: str) -> Iterator[str]:
        """Yield the texts of the terms of a name."""
        return (term.text for term in self._terms[name])

    def meta(self, name: str) -> list[str]:
        """Return the texts of a property of the whole book, or of any term."""
        return [
            text for (_, key), texts in self._properties.items() if key == name for text in texts
        ]

    def all_refined(self, term: Term, name: str) -> list[str]:
        """Return the values of a property of a term."""
        texts = self._properties[term.identifier, name] if term.identifier else []
        own = term.attributes.get(name)
        return [*texts, *([own] if own else [])]

    def refined(self, term: Term, name: str) -> str:
        """Return the first value of a property of a term; empty if it has none."""
        return next(iter(self.all_refined(term, name)), "")

    def order(self, term: Term) -> int:
        """Return the declared place of a term among its like; those without one come last."""
        place = self.refined(term, "display-seq")
        return int(place) if place.isdecimal() else _MAX_TERMS


def _text(element: Any) -> str:
    return "".join(element.itertext()).strip()
