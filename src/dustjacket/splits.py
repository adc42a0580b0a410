"""The identity of a book, and its side of the train/validation/test split."""

import hashlib
import re
import unicodedata
from typing import Literal

Split = Literal["train", "validation", "test"]

_NOT_WORD = re.compile(r"[\W_]+")


def normalise(text: str | None) -> str:
    """Return ``text`` case-folded, without accents and punctuation, with single spaces.

    >>> normalise("  Élan -- VITAL! ")
    'elan vital'
    """
    bare = text or ""
    if not bare.isascii():
        decomposed = unicodedata.normalize("NFKD", bare)
        bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    return _NOT_WORD.sub(" ", bare.casefold()).strip()


# Words that name an edition or a format of the same book: "(Penguin Classics)", "[Large Print]".
_EDITION = (
    r"\b(?:edition|editions|ed|reprint|revised|updated|expanded|abridged|unabridged|illustrated|"
    r"annotated|facsimile|anniversary|deluxe|collectors?|paperback|hardcover|hardback|softcover|"
    r"library binding|board book|mass market|spiral[- ]bound|kindle|e-?book|audio ?book|audio|"
    r"audio cd|cd|cds|dvd|cassette|large print|classics|import)\b"
)
_VOLUME = r"\b(?:vol|vols|volume|book|part|no|number|issue|series)\b"
_BRACKETED_EDITION = re.compile(
    rf"[(\[](?=[^()\[\]]*{_EDITION})(?![^()\[\]]*{_VOLUME})[^()\[\]]*[)\]]", re.IGNORECASE
)


def fold_editions(title: str) -> str:
    """Return ``title`` without bracketed text that names an edition or a format.

    Volumes and series stay, because "(Vol. 2)" is another book and "(Large Print)" is not.
    """
    if "(" not in title and "[" not in title:
        return title
    return _BRACKETED_EDITION.sub(" ", title)


def book_group(title: str | None, author: str | None) -> str:
    """Return the key that all records of one book share: 16 hexadecimal digits.

    Records with the same normalised title, apart from edition and format, and the same normalised
    author are the same book.

    >>> book_group("Emma (Large Print)", "Jane Austen") == book_group("EMMA", "Jane Austen")
    True
    >>> book_group("Emma (Vol. 2)", "Jane Austen") == book_group("Emma", "Jane Austen")
    False
    """
    folded = normalise(fold_editions(title or "")) or normalise(title)
    identity = f"{folded}\x1f{normalise(author)}"
    return hashlib.sha256(identity.encode()).hexdigest()[:16]


def split_of(group: str, *, train: float = 0.70, validation: float = 0.15) -> Split:
    """Return the side of the split for ``group``: the same on every machine and in every run.

    A hash of the group decides, so adding books never moves another book. ``train`` and
    ``validation`` are therefore expected shares; actual ones differ slightly.
    """
    point = int(hashlib.sha256(f"split:{group}".encode()).hexdigest()[:13], 16) / 16**13
    if point < train:
        return "train"
    return "validation" if point < train + validation else "test"
