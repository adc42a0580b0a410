"""Traces of erased books in texts that have no columns: raw records, reports, reasons."""

import html
import re
from collections.abc import Iterable

from dustjacket.identity.persons import persons
from dustjacket.identity.text import normalise

_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_PICTURE = re.compile("base64,[A-Za-z0-9+/=]+")
_TAG = re.compile("<[^<>]*>")
_LEAST_TITLE = 4
"""Letters of a title that is looked for without an author; shorter ones are in every text."""


class Traces:
    """What betrays the erased books in a text; found in any case, spelling and punctuation."""

    def __init__(self, books: Iterable[tuple[str, str]], words: Iterable[str]) -> None:
        """Look for books, and for words: names of persons, ISBNs and addresses.

        Args:
            books: titles and authors; in a text, both must occur.
        """
        self._all_of = {
            (_squeezed(title), *normalise(author).split())
            for title, author in books
            if author or len(_squeezed(title)) >= _LEAST_TITLE
        }
        for word in words:
            self._all_of.add((_squeezed(word),))
            for name in persons(word) if " " in word else ():
                first, _, last = name.rpartition(" ")
                self._all_of |= {(_squeezed(name),), (_squeezed(f"{last} {first}"),)}
        self._all_of = {parts for parts in self._all_of if parts[0]}

    def are_in(self, text: str) -> bool:
        """Return whether a text names an erased book, person, ISBN or address."""
        if not self._all_of:
            return False
        plain = _PICTURE.sub("", text)
        if "\\u" in plain:
            plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), plain)
        forms = [plain, _TAG.sub("", plain)] if "<" in plain else [plain]
        squeezed = [_squeezed(html.unescape(form)) for form in forms]
        return any(
            all(part in form for part in parts) for form in squeezed for parts in self._all_of
        )


def _squeezed(text: str) -> str:
    return normalise(text).replace(" ", "")
