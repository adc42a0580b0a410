"""From a row of a listing to a book, or to the reason why it is none.

Each rule is a function whose name is the reason it rejects by; the first that holds decides. What
needs the whole listing is decided in :mod:`dustjacket.catalog.deduplicate`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from ftfy import fix_encoding

from dustjacket.catalog.step import CatalogParameters
from dustjacket.splits import Split, book_group, normalise, split_of

# White space aside, which one_line has made blanks of.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LONGEST_GENRE = 200


@dataclass(frozen=True, slots=True)
class Listed:
    """What a row says of a book, each on one line and in its right encoding; blank is empty."""

    title: str
    author: str
    genre: str
    description: str
    asin: str
    filename: str
    image_url: str


@dataclass(frozen=True, slots=True)
class Book:
    """One book of the catalogue; ``author`` and ``description`` are None where not known."""

    asin: str
    title: str
    author: str | None
    genre: str
    description: str | None
    image_url: str
    group: str
    split: Split


def no_title(book: Listed, _: CatalogParameters) -> bool:
    """Whether the title is blank."""
    return not book.title


def punctuation_title(book: Listed, _: CatalogParameters) -> bool:
    """Whether the title has neither a letter nor a digit."""
    return not normalise(book.title)


def no_genre(book: Listed, _: CatalogParameters) -> bool:
    """Whether the genre is blank."""
    return not book.genre


def unknown_genre(book: Listed, parameters: CatalogParameters) -> bool:
    """Whether the genre is none of those that are known, where they are told."""
    return bool(parameters.genres) and book.genre not in parameters.genres


def control_characters(book: Listed, _: CatalogParameters) -> bool:
    """Whether title, author or genre has a control character, which is no white space."""
    return bool(_CONTROL.search(book.title + book.author + book.genre))


def title_too_long(book: Listed, parameters: CatalogParameters) -> bool:
    """Whether the title is longer than books' titles are."""
    return len(book.title) > parameters.max_title_length


def author_too_long(book: Listed, parameters: CatalogParameters) -> bool:
    """Whether the author is longer than even titles are."""
    return len(book.author) > parameters.max_title_length


def genre_too_long(book: Listed, _: CatalogParameters) -> bool:
    """Whether the genre is too long to be one."""
    return len(book.genre) > _LONGEST_GENRE


RULES: tuple[Callable[[Listed, CatalogParameters], bool], ...] = (
    no_title,
    punctuation_title,
    no_genre,
    genre_too_long,
    unknown_genre,
    title_too_long,
    author_too_long,
    control_characters,
)


def empty_field(values: Mapping[str, str]) -> bool:
    """Whether any field of a row is blank: the paper's one rule."""
    return not all(map(str.strip, values.values()))


def clean(
    values: Mapping[str, str], columns: Mapping[str, str], parameters: CatalogParameters
) -> Book | str:
    """Return the book that a row describes, or the reason why it is rejected.

    Args:
        values: the row, by column.
        columns: which column holds what.
    """
    if parameters.clean == "paper":
        if empty_field(values):
            return empty_field.__name__
        rules: tuple[Callable[[Listed, CatalogParameters], bool], ...] = ()
    else:
        rules = RULES
    book = Listed(
        *(repaired(values.get(columns.get(what, ""), "")) for what in Listed.__dataclass_fields__)
    )
    for rule in rules:
        if rule(book, parameters):
            return rule.__name__
    group = book_group(book.title, book.author)
    return Book(
        asin=restored_asin(book.asin, book.filename),
        title=book.title,
        author=book.author or None,
        genre=book.genre,
        description=book.description or None,
        image_url=book.image_url,
        group=group,
        split=split_of(group),
    )


def repaired(text: str) -> str:
    """Return ``text`` on one line, its characters as they were before a wrong decoding, if any."""
    if not text.isascii():
        text = fix_encoding(text)
    return one_line(text)


def restored_asin(asin: str, filename: str) -> str:
    """Return ``asin`` with the leading zeros that the cover's file name still has."""
    stem = PurePosixPath(filename).stem
    return stem if not asin or (stem and stem.lstrip("0") == asin.lstrip("0")) else asin


def one_line(text: str) -> str:
    """Return ``text`` trimmed, with every run of white space as one blank."""
    return " ".join(text.split())
