"""The rules by which a record of a listing is a book, or is rejected.

Each rule is a function whose name is the reason for rejection; the first rule that matches decides.
Rules that need the whole listing are in :mod:`dustjacket.catalog.decide`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from dustjacket.catalog.step import CatalogParameters
from dustjacket.identity.text import normalise
from dustjacket.records.columns import Columns
from dustjacket.records.erased import ERASED
from dustjacket.records.genres import genre_key
from dustjacket.records.options import RecordOptions
from dustjacket.records.record import BookRecord, record_of

# White space is no longer among them: the records' text has spaces only.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LETTER = re.compile("[0-9A-Za-z]")
_MAX_GENRE_LENGTH = 200
_INCOMPLETE = ("delete", "block_update")
"""Notifications whose records need no title: they say what becomes of an earlier record."""
Rule = Callable[[BookRecord, CatalogParameters, RecordOptions], bool]


def no_title(book: BookRecord, _: CatalogParameters, __: RecordOptions) -> bool:
    """Whether the title is blank."""
    return not book.title


def punctuation_title(book: BookRecord, _: CatalogParameters, __: RecordOptions) -> bool:
    """Whether the title has neither a letter nor a digit."""
    return not (_LETTER.search(book.title) or normalise(book.title))


def no_genre(book: BookRecord, _: CatalogParameters, __: RecordOptions) -> bool:
    """Whether there is no genre."""
    return not book.genre


def genre_too_long(book: BookRecord, _: CatalogParameters, __: RecordOptions) -> bool:
    """Whether the genre is too long to be a name of a genre."""
    return len(book.genre) > _MAX_GENRE_LENGTH


def unknown_genre(book: BookRecord, _: CatalogParameters, options: RecordOptions) -> bool:
    """Whether the genre is not in ``genres``, if that parameter is set."""
    accepted = options.accepted_genres
    return bool(accepted) and genre_key(book.genre) not in accepted


def title_too_long(book: BookRecord, parameters: CatalogParameters, _: RecordOptions) -> bool:
    """Whether the title is longer than ``max_title_length``."""
    return len(book.title) > parameters.max_title_length


def author_too_long(book: BookRecord, parameters: CatalogParameters, _: RecordOptions) -> bool:
    """Whether the author is longer than ``max_title_length``."""
    return len(book.author) > parameters.max_title_length


def control_characters(book: BookRecord, _: CatalogParameters, __: RecordOptions) -> bool:
    """Whether title, author or genre contains a control character other than white space."""
    text = book.title + book.author + book.genre
    return not text.isprintable() and bool(_CONTROL.search(text))


RULES: tuple[Rule, ...] = (
    no_title,
    punctuation_title,
    no_genre,
    genre_too_long,
    unknown_genre,
    title_too_long,
    author_too_long,
    control_characters,
)


def empty_field(values: Mapping[str, Any]) -> bool:
    """Whether any field of a row is blank: the paper's only rule."""
    return any(
        value is None or (isinstance(value, str) and not value.strip()) for value in values.values()
    )


def clean(
    values: Mapping[str, Any],
    columns: Columns,
    parameters: CatalogParameters,
    options: RecordOptions,
    enriched: Callable[[BookRecord], BookRecord] | None = None,
) -> BookRecord | str:
    """Return the book that a row describes, or the reason for its rejection.

    A notice that deletes a record or updates a part of it breaks no rule.

    Args:
        values: the row, by column.
        columns: the columns of each field.
        enriched: returns a record with what a second source has of it.
    """
    is_paper = parameters.clean == "paper"
    is_incomplete = is_paper and empty_field(values)
    if is_incomplete and not options.erased.names:
        return empty_field.__name__
    book = record_of(values, columns, options)
    if enriched:
        book = enriched(book)
    people = (person.name for person in book.contributors)
    if options.erased.has_book(book.title, book.author, book.isbn13, people):
        return ERASED
    if isinstance(book.image, str) and options.erased.has("url", book.image):
        book = replace(book, image=None)
    if is_incomplete:
        return empty_field.__name__
    if is_paper or (book.record_id and book.notification in _INCOMPLETE):
        return book
    for rule in RULES:
        if rule(book, parameters, options):
            return rule.__name__
    return book
