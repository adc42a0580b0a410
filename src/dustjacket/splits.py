"""The identity of a book, and its side of the train/validation/test split."""

import hashlib
import re
import unicodedata
from typing import Literal

Split = Literal["train", "validation", "test"]

# "C++", "C#" and "A+" are not "C" and "A"; after any longer word, a sign is punctuation.
_WORD = re.compile(r"[^\W\d_](?:\+\+|#|\+(?![^\W_]))|[^\W_]+")
_APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc", "'"))
_INNER_APOSTROPHE = re.compile(r"(?<=[^\W_])'(?=[^\W_])")


def without_accents(text: str) -> str:
    """Return ``text`` with compatible characters and without combining marks (Unicode's NFKD)."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def normalise(text: str | None) -> str:
    """Return ``text`` case-folded, without accents and punctuation, with single spaces.

    An apostrophe inside a word leaves no blank, so that "Children's" is "Childrens".

    >>> normalise("  Élan -- VITAL! ")
    'elan vital'
    >>> normalise("Don't learn C++ ('or C')")
    'dont learn c++ or c'
    """
    folded = without_accents(text or "").translate(_APOSTROPHES).casefold()
    if "'" in folded:
        folded = _INNER_APOSTROPHE.sub("", folded)
    return " ".join(_WORD.findall(folded))


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


# "Emma: 200th Anniversary Edition". Words such as "Teacher's" are none of these: another book.
_TRAILING_EDITION = re.compile(
    r"(?:\s*[:;,]|\s[\u2013\u2014-])\s+(?:(?:\d+(?:st|nd|rd|th)|first|second|third|fourth|fifth|"
    r"sixth|seventh|eighth|ninth|tenth|the|new|newly|and|fully|completely|anniversary|revised|"
    r"updated|expanded|enlarged|abridged|unabridged|illustrated|annotated|facsimile|deluxe|special|"
    r"limited|collector'?s|large[- ]print|paperback|hardcover|kindle|reprint)[,\s]+)+"
    r"(?:edition|ed\.?)\s*$",
    re.IGNORECASE,
)


def fold_editions(title: str) -> str:
    """Return ``title`` without text that names an edition or a format.

    That text is in brackets, or at the end behind a colon, comma or dash. Volumes and series stay,
    because "(Vol. 2)" is another book and "(Large Print)" is not.
    """
    if "(" in title or "[" in title:
        title = _BRACKETED_EDITION.sub(" ", title)
    return _TRAILING_EDITION.sub("", title.translate(_APOSTROPHES))


def title_key(title: str | None) -> str:
    """Return the words of a title in a form that is equal for all editions of a book."""
    return normalise(fold_editions(title or "")) or normalise(title)


# After a comma these are no given names.
_TITLES_OF_PERSONS = frozenset(
    {"jr", "sr", "ii", "iii", "iv", "dr", "md", "phd", "jd", "rn", "esq", "inc", "ltd", "llc", "ed",
     "eds", "editor", "editors", "author", "translator", "illustrator", "m d", "ph d"}
)  # fmt: skip


def author_key(author: str | None) -> str:
    """Return the normalised name of an author, given name first.

    Names in the order of a library's index have one comma: a family name, and a given name, which
    is a single word or has initials if the family name is longer. Persons are separated by ``;`` or
    ``&``. The words are not sorted: that would give nearly every book another group, and so move
    it to another side of the split.

    >>> author_key("Tolkien, J. R. R.") == author_key("J.R.R. Tolkien")
    True
    >>> author_key("Neil Gaiman, Terry Pratchett")
    'neil gaiman terry pratchett'
    """
    return normalise(" ".join(_given_name_first(name) for name in re.split("[;&]", author or "")))


def _given_name_first(name: str) -> str:
    family, comma, given = name.partition(",")
    words = normalise(given).split()
    if not comma or "," in given or not words or " ".join(words) in _TITLES_OF_PERSONS:
        return name
    has_initial = any(len(word) == 1 for word in words)
    if len(words) == 1 or has_initial or len(normalise(family).split()) == 1:
        return f"{given} {family}"
    return name


def book_group(title: str | None, author: str | None) -> str:
    """Return the key that all records of one book share: 16 hexadecimal digits.

    Records with the same :func:`title_key` and the same :func:`author_key` are the same book.

    >>> book_group("Emma (Large Print)", "Austen, Jane") == book_group("EMMA", "Jane Austen")
    True
    >>> book_group("Emma (Vol. 2)", "Jane Austen") == book_group("Emma", "Jane Austen")
    False
    """
    identity = f"{title_key(title)}\x1f{author_key(author)}"
    return hashlib.sha256(identity.encode()).hexdigest()[:16]


def strict_key(title: str | None, author: str | None) -> str:
    """Return the key that is equal for records of one book: one of them is published."""
    return book_group(title, author)


def coarse_key(title: str | None, author: str | None) -> str:
    """Return the key that decides the side of the split; see ``identity.groups.groups_of``."""
    return book_group(title, author)


def split_of(group: str, *, train: float = 0.70, validation: float = 0.15) -> Split:
    """Return the side of the split for ``group``: the same on every machine and in every run.

    A hash of the group decides, so adding books never moves another book. ``train`` and
    ``validation`` are therefore expected shares; actual ones differ slightly.
    """
    point = int(hashlib.sha256(f"split:{group}".encode()).hexdigest()[:13], 16) / 16**13
    if point < train:
        return "train"
    return "validation" if point < train + validation else "test"
