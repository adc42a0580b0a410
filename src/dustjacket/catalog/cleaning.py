"""From a row of a listing to a book, or to the reason why it is none.

Each rule is a function whose name is the reason it rejects by; the first that holds decides. What
needs the whole listing (``exact_duplicate``, ``rare_genre``) is decided where all of it is seen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from dustjacket.books import Split, book_group, normalise, split_of
from dustjacket.catalog.listing import ListingRow
from dustjacket.parameters import CatalogParameters


@dataclass(frozen=True)
class Book:
    """One book of the catalogue; ``author`` is None where the listing does not say."""

    asin: str
    title: str
    author: str | None
    genre: str
    image_url: str
    group: str
    split: Split


def header_row(row: ListingRow) -> bool:
    """Whether the row is the columns' names."""
    return row.position == 0 and row.asin.strip(" []").casefold() == "asin"


def no_title(row: ListingRow) -> bool:
    """Whether the title is blank."""
    return not row.title.strip()


def punctuation_title(row: ListingRow) -> bool:
    """Whether the title has neither a letter nor a digit."""
    return not normalise(row.title)


def title_too_long(row: ListingRow, longest: int) -> bool:
    """Whether the title has more than ``longest`` characters."""
    return len(one_line(row.title)) > longest


def no_genre(row: ListingRow) -> bool:
    """Whether the category is blank."""
    return not row.category.strip()


RULES: tuple[Callable[[ListingRow], bool], ...] = (
    header_row,
    no_title,
    punctuation_title,
    no_genre,
)


def clean(row: ListingRow, parameters: CatalogParameters) -> Book | str:
    """Return the book that ``row`` describes, or the reason why it is rejected."""
    for rule in RULES:
        if rule(row):
            return rule.__name__
    if title_too_long(row, parameters.max_title_length):
        return title_too_long.__name__
    title, author = one_line(row.title), one_line(row.author) or None
    group = book_group(title, author)
    return Book(
        asin=restored_asin(row.asin, row.filename),
        title=title,
        author=author,
        genre=one_line(row.category),
        image_url=row.image_url.strip(),
        group=group,
        split=split_of(group),
    )


def restored_asin(asin: str, filename: str) -> str:
    """Return ``asin`` with the leading zeros that the cover's file name still has."""
    asin, stem = asin.strip(), PurePosixPath(filename.strip()).stem
    return stem if stem.lstrip("0") == asin.lstrip("0") or not asin else asin


def one_line(text: str) -> str:
    """Return ``text`` trimmed, with every run of white space as one blank."""
    return " ".join(text.split())
