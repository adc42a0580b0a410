"""Traces of erased books in texts that have no columns: raw records, reports, reasons."""

import html
import re
from collections.abc import Iterable

from dustjacket.identity.persons import persons
from dustjacket.identity.text import normalise
from dustjacket.records.isbn import is_isbn, isbn13_of

_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|[bfnrt])")
_PICTURE = re.compile("base64,[A-Za-z0-9+/=]+")
_TAG = re.compile("<[^<>]*>")
_LEAST_TITLE = 4
"""Letters of a title that is looked for without an author; shorter ones are in every text."""


class Traces:
    """What betrays the erased books in a text; found in any case, spelling and punctuation.

    Each begins and ends where words of the text do.
    """

    def __init__(self, books: Iterable[tuple[str, str]], words: Iterable[str]) -> None:
        """Look for books, and for words: names of persons, ISBNs and addresses.

        Args:
            books: titles and authors; in a text, both must occur, but for the initials of authors.
        """
        self._all_of = {(_squeezed(title), *_names(author)) for title, author in books}
        self._all_of = {
            parts for parts in self._all_of if len(parts) > 1 or len(parts[0]) >= _LEAST_TITLE
        }
        for word in words:
            self._all_of.add((_squeezed(word),))
            if isbn := isbn13_of(word):
                tens = (f"{isbn[3:-1]}{check}" for check in "0123456789X")
                self._all_of |= {(_squeezed(ten),) for ten in tens if is_isbn(ten)}
            for name in persons(word) if " " in word else ():
                first, _, last = name.rpartition(" ")
                self._all_of |= {(_squeezed(name),), (_squeezed(f"{last} {first}"),)}
        self._all_of = {parts for parts in self._all_of if parts[0]}

    def are_in(self, text: str) -> bool:
        """Return whether a text names an erased book, person, ISBN or address."""
        if not self._all_of:
            return False
        texts = {_PICTURE.sub("", text)}
        texts |= {_ESCAPE.sub(_character, each) for each in texts}
        texts |= {_TAG.sub("", each) for each in texts}
        forms = [normalise(html.unescape(each)) for each in texts]
        squeezed = [(form, form.replace(" ", "")) for form in forms]
        return any(
            all(any(_is_in(part, *form) for form in squeezed) for part in parts)
            for parts in self._all_of
        )


def _is_in(part: str, words: str, squeezed: str) -> bool:
    if part not in squeezed:  # much faster than the pattern
        return False
    inner = r"\d" if part.isdecimal() else r"\S"
    return bool(re.search(rf"(?<!{inner}){' ?'.join(map(re.escape, part))}(?!{inner})", words))


def _names(author: str) -> list[str]:
    words = normalise(author).split()
    return [word for word in words if len(word) > 1] or words


def _character(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16)) if escape[1] else " "


def _squeezed(text: str) -> str:
    return normalise(text).replace(" ", "")
