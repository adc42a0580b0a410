"""One book's fields, from the values of a row of any source."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from dustjacket.records.columns import Columns
from dustjacket.records.contributors import (
    Contributor,
    author_text,
    authors_in,
    contributors_in,
    role_of,
)
from dustjacket.records.dates import date_of, language_of
from dustjacket.records.genre_table import ranked_genres
from dustjacket.records.genres import genre_key, own_genres
from dustjacket.records.isbn import isbn13_of, isbn_in, restored, unguarded
from dustjacket.records.options import DEFAULT_OPTIONS, RecordOptions
from dustjacket.records.subjects import Subject, subjects_in, subjects_of_columns
from dustjacket.records.text import line_of, prose_of, storable, trimmed
from dustjacket.records.values import is_container, is_missing, names_of, scalar

_CANONICAL_FIELDS = (
    "title", "subtitle", "contributors", "author", "author_keys", "subjects", "genre",
    "description", "isbn", "work_id", "record_id", "notification", "language", "published",
    "image", "text_and_data_mining", "rights", "publisher",
)  # fmt: skip
CANONICAL = Columns(
    {**{name: (name,) for name in _CANONICAL_FIELDS}, "identifier": ("isbn", "record_id")}
)
"""Columns of a trade format, whose rows have the names of fields as keys."""
_RESERVED = frozenset({"reserved", "1", "true", "yes", "prohibited", "1.0"})
_FREE = frozenset({"allowed", "0", "false", "no", "0.0", "permitted"})
_OTHER_ROLES = {"translator": "trl", "illustrator": "ill", "editor": "edt"}


class Correction(NamedTuple):
    """A person's decision on a book's genre: the genre listed before, who, when (ISO), and why."""

    listed: str
    who: str
    when: str
    why: str


@dataclass(frozen=True, slots=True)
class BookRecord:
    """The fields of one book, cleaned; texts are empty and others None if they are missing.

    Attributes:
        genres: best first; the first is the book's.
        identifier: of the edition in its source (column ``asin``): an ISBN as it stands there, or
            another identifier.
        image: as the source has it: a path, an address, bytes, or a list or object of these.
        training: whether models may be trained on it; false if text and data mining is reserved.
        unread: fields whose value is an object or list that holds no name.
        author_keys: of authors whose names are in another file of the source.
        joined: fields that another source gave, and the name of its file.
        conflicts: fields in which another source contradicts this one.
        correction: by which the first of ``genres`` was decided.
    """

    title: str
    subtitle: str
    author: str
    contributors: tuple[Contributor, ...]
    genres: tuple[str, ...]
    subjects: tuple[Subject, ...]
    description: str
    isbn13: str | None
    identifier: str
    work_id: str | None
    record_id: str | None
    notification: str | None
    language: str | None
    published: str | None
    publisher: str
    image: Any
    rights: str
    text_and_data_mining: str | None
    training: bool
    unread: tuple[str, ...] = ()
    author_keys: tuple[str, ...] = ()
    joined: tuple[tuple[str, str], ...] = ()
    conflicts: tuple[str, ...] = ()
    correction: Correction | None = None

    @property
    def genre(self) -> str:
        """The book's genre; empty if it has none."""
        return self.genres[0] if self.genres else ""


def record_of(
    values: Mapping[str, Any], columns: Columns, options: RecordOptions = DEFAULT_OPTIONS
) -> BookRecord:
    """Return the book that a row describes.

    Args:
        values: the row, by column.
        columns: as :func:`dustjacket.records.columns.columns_of` finds them, or ``CANONICAL``.
    """
    columns = columns.covering(values.keys())
    has = columns.fields
    row = _Row(values, columns, options.missing)
    contributors, author = _persons(row)
    subjects = _subjects(row) if columns.schemes or "subjects" in has else []
    mining = _mining(row.text("text_and_data_mining")) if "text_and_data_mining" in has else None
    genres = _genres(row, subjects, options)
    title = _title(row)
    identifier = _identifier(row)
    isbn13 = None
    if "isbn" in has:
        isbn13 = next(filter(None, map(isbn13_of, row.identifiers("isbn"))), None)
    if isbn13 is None and has.get("asin") and len(identifier) in (10, 13):
        isbn13 = isbn13_of(identifier)  # the ASIN of a printed book is its ISBN
    return BookRecord(
        title=title,
        subtitle=row.text("subtitle") if "subtitle" in has else "",
        author=author,
        contributors=tuple(contributors),
        genres=genres,
        subjects=tuple(subjects),
        description=row.prose("description") if "description" in has else "",
        isbn13=isbn13,
        identifier=identifier,
        work_id=_work_id(row) if "work_id" in has else None,
        record_id=(row.text("record_id") or None) if "record_id" in has else None,
        notification=(row.text("notification") or None) if "notification" in has else None,
        language=language_of(word)
        if "language" in has and (word := row.name("language"))
        else None,
        published=date_of(day) if "published" in has and (day := row.text("published")) else None,
        publisher=row.text("publisher") if "publisher" in has else "",
        image=_image(row) if "image" in has else None,
        rights=row.text("rights") if "rights" in has else "",
        text_and_data_mining=mining,
        training=mining != "reserved" or options.train_on_reserved,
        unread=_unread(row, title, author, genres),
        author_keys=_author_keys(row) if "author_keys" in has else (),
    )


def _unread(row: "_Row", title: str, author: str, genres: tuple[str, ...]) -> tuple[str, ...]:
    if title and author and genres:
        return ()
    read: dict[str, Any] = {"title": title, "author": author, "genre": genres}
    return tuple(
        field
        for field, value in read.items()
        if not value and any(is_container(found) and found for found in row.values(field))
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """The values of a row, by field."""

    by_column: Mapping[str, Any]
    columns: Columns
    missing: frozenset[str]

    def values(self, field: str) -> list[Any]:
        """Return the values of a field's columns that are not empty, best first."""
        columns = self.columns.fields.get(field)
        if not columns:  # as most fields of most tables
            return []
        if len(columns) == 1:  # as in trade formats
            value = self.by_column.get(columns[0])
            return [] if value is None or value == "" else [value]
        found = map(self.by_column.get, columns)
        return [value for value in found if value is not None and value != ""]

    def text(self, field: str) -> str:
        """Return a field's first text that is not missing, on one line."""
        for value in self.values(field):
            text = line_of(value if isinstance(value, str) else scalar(value))
            if not is_missing(text, self.missing):
                return text
        return ""

    def name(self, field: str) -> str:
        """Return the first name in a field's values, which may be lists or objects."""
        names = (line_of(name) for value in self.values(field) for name in names_of(value))
        return next((name for name in names if not is_missing(name, self.missing)), "")

    def prose(self, field: str) -> str:
        """Return a field's text in paragraphs; a list of texts gives one for each."""
        for value in self.values(field):
            is_text = isinstance(value, str) and value[:2] not in ('["', "['", '{"', "{'")
            texts = [value] if is_text else names_of(value)
            proses = [text for text in map(prose_of, texts) if not is_missing(text, self.missing)]
            if proses:
                return "\n\n".join(proses)
        return ""

    def identifiers(self, field: str) -> Iterator[str]:
        """Yield the identifiers in a field's values; those that a spreadsheet damaged are none."""
        for value in self.values(field):
            for name in names_of(value):
                text = unguarded(line_of(name))
                if not is_missing(text, self.missing):
                    yield text


def _title(row: _Row) -> str:
    for value in row.values("title"):
        if text := line_of(scalar(value)):
            return text
    return ""


def _author_keys(row: _Row) -> tuple[str, ...]:
    return tuple(name for keys in row.values("author_keys") for name in names_of(keys))


def _persons(row: _Row) -> tuple[list[Contributor], str]:
    """Return the contributors of a row, and the text of its author."""
    people = [
        person
        for value in row.values("contributors")
        for person in contributors_in(value, "aut", row.missing)
    ]
    for number in row.columns.people:
        role = role_of(row.text(f"role:{number}")) or "aut"
        for value in row.values(f"person:{number}"):
            people += contributors_in(value, role, row.missing)
    author = author_text(people) if row.columns.people else ""
    for value in [] if author else row.values("author"):
        authors, author = authors_in(value, row.missing)
        if author:
            people = people or list(authors)
            break
    for field, role in _OTHER_ROLES.items():
        if field not in row.columns.fields:
            continue
        for value in row.values(field):
            people += contributors_in(value, role, row.missing)
    people = list(dict.fromkeys(people)) if len(people) > 1 else people
    return people, author or author_text(people)


def _subjects(row: _Row) -> list[Subject]:
    of_feed = [s for value in row.values("subjects") for s in subjects_in(value, row.missing)]
    return of_feed + subjects_of_columns(row.by_column, row.columns, row.missing)


def _genres(row: _Row, subjects: list[Subject], options: RecordOptions) -> tuple[str, ...]:
    own: tuple[str, ...] = ()
    for value in row.values("genre"):
        if own := own_genres(value, row.columns.genre_column, options.depth, row.missing):
            break
    if options.list_genre == "last":
        own = own[::-1]
    genres = ranked_genres(own, subjects, options.schemes, options.depth, options.table)
    if options.accepted_genres:
        accepted = [genre for genre in genres if genre_key(genre) in options.accepted_genres]
        genres = (*accepted, *(genre for genre in genres if genre not in accepted))
    return genres


def _identifier(row: _Row) -> str:
    """Return the first sound identifier of an edition."""
    fields = row.columns.fields
    isbn_columns, asin_columns = fields.get("isbn", ()), fields.get("asin", ())
    for column in fields.get("identifier", ()):
        for name in names_of(row.by_column.get(column)):
            text = unguarded(line_of(name))
            if is_missing(text, row.missing):
                continue
            if (column in isbn_columns or column in asin_columns) and (isbn := isbn_in(text)):
                return isbn
            if column not in isbn_columns:
                return restored(text, row.text("filename"))
    return restored("", row.text("filename"))


def _work_id(row: _Row) -> str | None:
    text = row.text("work_id")
    return (text if ":" in text else f"own:{text}") if text else None


def _mining(text: str) -> str | None:
    word = text.casefold()
    return "reserved" if word in _RESERVED else "allowed" if word in _FREE else None


def _image(row: _Row) -> Any:
    for value in row.values("image"):
        if not isinstance(value, str):
            return value
        if not is_missing(text := trimmed(storable(value)), row.missing):
            return text
    return None
