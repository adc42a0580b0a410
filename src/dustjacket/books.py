"""What makes two records the same book, and which side of the split a book is on."""

import hashlib
import re
import unicodedata
from typing import Literal

Split = Literal["train", "validation", "test"]

_NOT_WORD = re.compile(r"[\W_]+")


def normalise(text: str | None) -> str:
    """Return ``text`` case-folded, without accents, punctuation or doubled blanks."""
    decomposed = unicodedata.normalize("NFKD", text or "")
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    return _NOT_WORD.sub(" ", bare.casefold()).strip()


def book_group(title: str | None, author: str | None) -> str:
    """Return the key shared by all records of one book: 16 hexadecimal digits."""
    identity = f"{normalise(title)}\x1f{normalise(author)}"
    return hashlib.sha256(identity.encode()).hexdigest()[:16]


def split_of(group: str, *, train: float = 0.70, validation: float = 0.15) -> Split:
    """Return the side of the split that ``group`` is on; the same on every machine, for ever.

    Shares are expectations over many groups: a hash decides, so a new book never moves an old one.
    """
    point = int(hashlib.sha256(f"split:{group}".encode()).hexdigest()[:13], 16) / 16**13
    if point < train:
        return "train"
    return "validation" if point < train + validation else "test"
