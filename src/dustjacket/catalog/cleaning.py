"""Convert a row of a listing to a book, or to the reason for its rejection.

Each rule is a function whose name is the reason for rejection; the first rule that matches decides.
Rules that need the whole listing are in :mod:`dustjacket.catalog.deduplicate`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from ftfy import fix_encoding

from dustjacket.catalog.step import CatalogParameters
from dustjacket.splits import normalise

# White space is no longer among them: one_line has replaced it with spaces.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MAX_GENRE_LENGTH = 200


@dataclass(frozen=True, slots=True)
class ListingFields:
    """The fields of a row, each on one line and in the correct encoding; missing ones are empty."""

    title: str
    author: str
    genre: str
    description: str
    asin: str
    filename: str
    image_url: str


@dataclass(frozen=True, slots=True)
class CatalogBook:
    """One book of the catalogue; ``author`` and ``description`` are None if unknown."""

    asin: str
    title: str
    author: str | None
    genre: str
    description: str | None
    image_url: str


def no_title(book: ListingFields, _: CatalogParameters) -> bool:
    """Whether the title is blank."""
    return not book.title


def punctuation_title(book: ListingFields, _: CatalogParameters) -> bool:
    """Whether the title has neither a letter nor a digit."""
    return not normalise(book.title)


def no_genre(book: ListingFields, _: CatalogParameters) -> bool:
    """Whether the genre is blank."""
    return not book.genre


def unknown_genre(book: ListingFields, parameters: CatalogParameters) -> bool:
    """Whether the genre is not in ``genres``, if that parameter is set."""
    return bool(parameters.genres) and book.genre not in parameters.genres


def control_characters(book: ListingFields, _: CatalogParameters) -> bool:
    """Whether title, author or genre contains a control character other than white space."""
    return bool(_CONTROL.search(book.title + book.author + book.genre))


def title_too_long(book: ListingFields, parameters: CatalogParameters) -> bool:
    """Whether the title is longer than ``max_title_length``."""
    return len(book.title) > parameters.max_title_length


def author_too_long(book: ListingFields, parameters: CatalogParameters) -> bool:
    """Whether the author is longer than ``max_title_length``."""
    return len(book.author) > parameters.max_title_length


def genre_too_long(book: ListingFields, _: CatalogParameters) -> bool:
    """Whether the genre is too long to be a name of a genre."""
    return len(book.genre) > _MAX_GENRE_LENGTH


RULES: tuple[Callable[[ListingFields, CatalogParameters], bool], ...] = (
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
    """Whether any field of a row is blank: the paper's only rule."""
    return not all(map(str.strip, values.values()))


def clean(
    values: Mapping[str, str], columns: Mapping[str, str], parameters: CatalogParameters
) -> CatalogBook | str:
    """Return the book that a row describes, or the reason for its rejection.

    Args:
        values: the row, by column.
        columns: column of each field.
    """
    if parameters.clean == "paper":
        if empty_field(values):
            return empty_field.__name__
        rules: tuple[Callable[[ListingFields, CatalogParameters], bool], ...] = ()
    else:
        rules = RULES
    book = ListingFields(
        *(
            repaired(values.get(columns.get(field, ""), ""))
            for field in ListingFields.__dataclass_fields__
        )
    )
    for rule in rules:
        if rule(book, parameters):
            return rule.__name__
    return CatalogBook(
        asin=restored_asin(book.asin, book.filename),
        title=book.title,
        author=book.author or None,
        genre=book.genre,
        description=book.description or None,
        image_url=book.image_url,
    )


def repaired(text: str) -> str:
    """Return ``text`` on one line, with mojibake from a wrong decoding repaired."""
    if not text.isascii():
        text = fix_encoding(text)
    return one_line(text)


def restored_asin(asin: str, filename: str) -> str:
    """Return ``asin`` with the leading zeros that it lost, taken from the cover's file name."""
    stem = PurePosixPath(filename).stem
    return stem if not asin or (stem and stem.lstrip("0") == asin.lstrip("0")) else asin


def one_line(text: str) -> str:
    """Return ``text`` trimmed, with every run of white space replaced by one space."""
    return " ".join(text.split())
