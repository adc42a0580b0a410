"""The identity of a book, and its side of the train/validation/test split.

Of two keys, the strict one says what is one book, of which one record is published; the coarse one
which books might be one, so that they must be on one side of the split.
"""

import hashlib
from functools import lru_cache
from typing import Literal

from dustjacket.identity.persons import author_key, family_names
from dustjacket.identity.titles import coarse_title, strict_title

Split = Literal["train", "validation", "test"]

_TITLE_DIGITS, _PERSON_DIGITS = 12, 4


def strict_key(title: str | None, author: str | None) -> str:
    """Return the key that is equal for records of the same book, if it has an author.

    Equal for all editions and formats, and for all orders of its authors and their names. It
    consists of two parts, between which there is a point: the title's, and that of all authors,
    which is empty if there is none.

    >>> strict_key("Emma (Large Print)", "Austen, Jane") == strict_key("EMMA", "Jane Austen")
    True
    >>> strict_key("Emma (Vol. 2)", "Jane Austen") == strict_key("Emma", "Jane Austen")
    False
    """
    return f"{_digest(strict_title(title), _TITLE_DIGITS)}.{_strict_part(author or '')}"


def coarse_key(title: str | None, author: str | None) -> str:
    """Return the key of which records of one book have the title's part and a person's in common.

    The title's part is equal for all series, editions and subtitles of a book. It is followed by
    a part for each author's family name: first the first author's, then the others' in the order
    of their digits. :func:`dustjacket.identity.groups.groups_of` compares the keys of a table.

    >>> coarse_key("Dune (Dune, #1)", "Herbert, F.") == coarse_key("Dune: A Novel", "Frank Herbert")
    True
    """
    return _digest(coarse_title(title), _TITLE_DIGITS) + _coarse_part(author or "")


def book_group(title: str | None, author: str | None) -> str:
    """Return the group of a book that nothing else joins: 12 hexadecimal digits, or 16.

    They are those of its title and of its first author.
    """
    return coarse_key(title, author).replace(".", "")[: _TITLE_DIGITS + _PERSON_DIGITS]


def split_of(group: str, *, train: float = 0.70, validation: float = 0.15) -> Split:
    """Return the side of the split for ``group``: the same on every machine and in every run.

    A hash of the group decides, so adding books never moves another group. ``train`` and
    ``validation`` are therefore expected shares; actual ones differ slightly.
    """
    point = int(hashlib.sha256(f"split:{group}".encode()).hexdigest()[:13], 16) / 16**13
    if point < train:
        return "train"
    return "validation" if point < train + validation else "test"


def _digest(text: str, digits: int) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:digits]


@lru_cache(maxsize=1 << 16)
def _strict_part(author: str) -> str:
    key = author_key(author)
    return _digest(key, _TITLE_DIGITS) if key else ""


@lru_cache(maxsize=1 << 16)
def _coarse_part(author: str) -> str:
    first, *others = [_digest(name, _PERSON_DIGITS) for name in family_names(author)] or [""]
    return "".join(f".{part}" for part in (first, *sorted({*others} - {first})) if part)
