"""Rows of covers, from the tables of a source."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa

from dustjacket.covers.image_values import image_in
from dustjacket.covers.locate import ImageFiles, address_reason, is_safe_path
from dustjacket.covers.packs import Packs
from dustjacket.covers.source import SourceEntry, shown_name
from dustjacket.covers.step import CoversParameters
from dustjacket.errors import BadInputError
from dustjacket.identity.text import normalise
from dustjacket.records.authors import AuthorNames
from dustjacket.records.columns import Columns, columns_of
from dustjacket.records.erased import ERASED
from dustjacket.records.options import RecordOptions
from dustjacket.records.record import CANONICAL, BookRecord, record_of
from dustjacket.sources.encoding import raw_text
from dustjacket.sources.files import SourceFile, is_web
from dustjacket.sources.find import SourceTable
from dustjacket.sources.formats import FORMATS, read_rows
from dustjacket.sources.onix.deltas import BLOCK_UPDATE, WITHOUT_RECORD, applied
from dustjacket.sources.streams import corrupt_as_bad_input, opened
from dustjacket.sources.tables import ReadOptions, Shape, key_of
from dustjacket.splits import coarse_key, strict_key
from dustjacket.storage.store import Store

MAX_TITLE_LENGTH = 1000
ROW_SCHEMA = pa.schema(
    [
        ("position", pa.int64()),
        ("source_file", pa.string()),
        ("raw", pa.string()),
        ("title", pa.string()),
        ("author", pa.string()),
        ("category", pa.string()),
        ("image", pa.string()),
        ("url", pa.string()),
        ("isbn13", pa.string()),
        ("work_id", pa.string()),
        ("rights", pa.string()),
        ("training", pa.bool_()),
        ("strict", pa.string()),
        ("coarse", pa.string()),
        ("file", pa.binary()),
        ("offset", pa.int64()),
        ("length", pa.int64()),
        ("reason", pa.string()),
    ]
)
"""One row for each record, with where to find its image, or the reason to reject it.

``position`` is unique in the source and in its order. One of ``file``, ``url`` and ``reason`` is
set. ``file`` is a key: of an object of the source or, where ``offset`` and ``length`` are set, of a
pack that holds the image there. ``strict`` and ``coarse``: see :mod:`dustjacket.splits`.
"""
_PARAMETERS = {
    "title": "title_column",
    "author": "author_column",
    "image": "image_column",
    "genre": "category_column",
}
_SAMPLE_ROWS = 200
_MAY_BE_NOTES = (".txt",)


class NoTableError(BadInputError):
    """A text that has not the structure of a table, such as a note beside images."""


@dataclass(frozen=True)
class CoverTable:
    """A file of the source that is a table of covers, and its columns."""

    file: SourceFile
    shape: Shape
    columns: Columns

    @property
    def fields(self) -> dict[str, str]:
        """The column that was taken for each field, as in the file."""
        names = {key_of(name): name for name in self.shape.columns}
        found = ((field, self.columns.first(field)) for field in (*_PARAMETERS, "isbn"))
        return {field: names.get(column, column) for field, column in found if column}


def read_options(parameters: CoversParameters) -> ReadOptions:
    """Return how the tables of a source are to be read."""
    named = frozenset(map(key_of, _overrides(parameters).values()))
    return ReadOptions("", parameters.separator, parameters.encoding, named)


def _overrides(parameters: CoversParameters) -> dict[str, str]:
    named = {field: getattr(parameters, parameter) for field, parameter in _PARAMETERS.items()}
    return {field: name for field, name in named.items() if name}


def cover_table(store: Store, table: SourceTable, parameters: CoversParameters) -> CoverTable:
    """Return a table of a source as a table of covers: with titles, and with images or ISBNs.

    Raises:
        NoTableError: it is a text without columns.
        BadInputError: it is no such table; the message lists its columns.
    """
    file, shape = table.file, table.shape
    if FORMATS[shape.format].canonical:
        # An EPUB gives the bytes of its cover only where they are used.
        return CoverTable(file, replace(shape, used=frozenset(CANONICAL.fields)), CANONICAL)
    where = repr(shown_name(file.name))
    with corrupt_as_bad_input(file), opened(file, store) as stream:
        rows = islice(read_rows(stream, shape), _SAMPLE_ROWS)
        read = list(rows)
    sample = [row.values for row in read if not row.reason]
    may_be_notes = file.name.lower().endswith(_MAY_BE_NOTES) or "." not in file.name
    if may_be_notes and 2 * len(sample) <= len(read):
        raise NoTableError("a text without columns")
    names = list(dict.fromkeys([*shape.keys, *(name for row in sample for name in row)]))
    columns = columns_of(
        names,
        _overrides(parameters),
        ("title",),
        where=where,
        parameters=_PARAMETERS,
        sample=sample,
    )
    if not columns.image and "isbn" not in columns:
        listed = ", ".join(names[:20])
        raise BadInputError(
            f"{where} has no image column and no isbn column, but {len(names)} columns ({listed}): "
            "set image_column to one of them"
        )
    if shape.format == "parquet":  # which reads columns apart; any of them may hold images
        shape = replace(shape, used=frozenset(chain.from_iterable(columns.fields.values())))
    return CoverTable(file, shape, columns)


def table_rows(
    store: Store,
    table: CoverTable,
    images: ImageFiles,
    places: Mapping[str, SourceEntry],
    packs: Packs,
    options: RecordOptions,
    latest: dict[str, dict[str, Any]],
    authors: AuthorNames | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table in ``ROW_SCHEMA``; positions are those in the table.

    Args:
        images: the files that rows may name.
        places: of those files, by name, once ``images`` has found them.
        packs: take the images that are in the table itself.
        latest: records of a feed so far, which later ones may update in part.
        authors: whose names the rows give by key.
    """
    folder = PurePosixPath(table.file.name).parent.as_posix()
    with corrupt_as_bad_input(table.file), opened(table.file, store) as stream:
        for record in read_rows(stream, table.shape):
            row: dict[str, Any] = {
                "position": record.position,
                "source_file": shown_name(table.file.name),
                "raw": raw_text(record.raw),
            }
            if record.reason:
                yield row | {"reason": record.reason}
                continue
            values = record.values
            if table.columns is CANONICAL:
                values = applied(latest, values)
            book = record_of(values, table.columns, options)
            if authors:
                book = authors.named(book)
            erased = row | {"reason": ERASED, "record_id": book.record_id}
            if options.erased.has_book(book.title, book.author, book.isbn13):
                yield erased
                continue
            row |= book_columns(book)
            if not book.title and record.values.get("notification") == BLOCK_UPDATE:
                row["reason"] = WITHOUT_RECORD
            row |= {"record_id": book.record_id, "notification": book.notification}
            if row["reason"] is None:
                image = image_in(book.image)
                row |= _image_columns(image, book.isbn13, folder, images, places, packs)
            yield erased if options.erased.has("url", row.get("url")) else row


def book_columns(book: BookRecord) -> dict[str, Any]:
    """Return the columns of ``ROW_SCHEMA`` that depend on the book."""
    title, author = book.title, book.author
    return {
        "title": title or None,
        "author": author or None,
        "category": book.genre or None,
        "isbn13": book.isbn13,
        "work_id": book.work_id,
        "rights": book.rights or None,
        "training": book.training,
        "strict": strict_key(title, author),
        "coarse": coarse_key(title, author),
        "reason": _title_reason(title),
    }


def _title_reason(title: str) -> str | None:
    if not title:
        return "no_title"
    if len(title) > MAX_TITLE_LENGTH:
        return "title_too_long"
    return None if normalise(title) else "punctuation_title"


def _image_columns(
    image: str | bytes | None,
    isbn13: str | None,
    folder: str,
    images: ImageFiles,
    places: Mapping[str, SourceEntry],
    packs: Packs,
) -> dict[str, Any]:
    if isinstance(image, bytes):
        name, offset, length = packs.add(image)
        return {"file": name.encode(), "offset": offset, "length": length}
    if image is None:
        file = images.by_isbn.get(isbn13) if isbn13 else None
        if file is None:
            return {"reason": "missing_image" if isbn13 and images.by_isbn else "no_image"}
        return {"image": shown_name(file)} | place_columns(places[file])
    if is_web(image):
        return {"url": image}
    shown = {"image": shown_name(image)}
    if not is_safe_path(image):
        return shown | {"reason": address_reason(image) or "unsafe_path"}
    if file := images.find(image, folder):
        return shown | place_columns(places[file])
    return shown | {"reason": address_reason(image) or "missing_image"}


def place_columns(entry: SourceEntry) -> dict[str, Any]:
    """Return the columns of ``ROW_SCHEMA`` that say where the bytes of a file are."""
    columns: dict[str, Any] = {"file": entry.file.key.encode("utf-8", "surrogateescape")}
    if entry.part.end is not None:
        columns |= {"offset": entry.part.offset, "length": entry.part.end - entry.part.offset}
    return columns
