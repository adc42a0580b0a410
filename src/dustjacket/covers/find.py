"""Find the covers of a source: a row for each, with the image file or the URL that it names."""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

import pyarrow as pa

from dustjacket.covers.image_names import books_of_names
from dustjacket.covers.locate import ImageFiles, has_isbn
from dustjacket.covers.packs import Packs
from dustjacket.covers.source import (
    CoverSource,
    Files,
    SourceEntry,
    shown_name,
    sorted_files,
)
from dustjacket.covers.step import CoversParameters
from dustjacket.covers.tables import (
    ROW_SCHEMA,
    CoverTable,
    NoTableError,
    book_columns,
    cover_table,
    place_columns,
    read_options,
    table_rows,
)
from dustjacket.covers.titles import books_by_isbn
from dustjacket.errors import BadInputError
from dustjacket.records.authors import AUTHORS_ALONE, read_authors
from dustjacket.records.erased import ERASED, Erased
from dustjacket.records.options import DEFAULT_OPTIONS, RecordOptions
from dustjacket.records.record import CANONICAL, BookRecord, record_of
from dustjacket.sources.encoding import raw_text
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.task_files import TaskFiles

CURE = (
    "give a table with a title column and an image column, or name them by title_column and "
    "image_column; or a folder of images named 'Title - Author.jpg'"
)
_BATCH_ROWS = 10_000
NOT_IN_CATALOG, OTHER_SIDE = "isbn_not_in_catalog", "not_the_front_cover"
_NO_IMAGE = ("missing_image", "no_image")


@dataclass(frozen=True)
class FoundCovers:
    """The rows of a source, and how they were found.

    Attributes:
        rows: in the columns of ``tables.ROW_SCHEMA``, sorted by position.
        columns: of each table by its name: the column that was taken for each field.
        passed_over: why other files are not used, by name.
        by_name: images that are named by their book, without a table.
    """

    rows: pa.Table
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    passed_over: dict[str, str] = field(default_factory=dict)
    by_name: int = 0


def find_covers(
    source: CoverSource,
    parameters: CoversParameters,
    packs: Packs,
    options: RecordOptions = DEFAULT_OPTIONS,
    at_most: int | None = None,
    catalog: Manifest | None = None,
) -> FoundCovers:
    """Return a row for each record of the source.

    Args:
        packs: take the images that are inside other files.
        at_most: rows to read; None: all.
        catalog: version whose books images are that are named by ISBN, unless a parameter names
            a listing.

    Raises:
        BadInputError: the source has neither a table of covers nor images that are named by their
            book, or it has a table that is not understood and no other.
    """
    files = sorted_files(source, read_options(parameters), packs, parameters.max_bytes)
    scratch = TaskFiles.of(source.store, packs.prefix.prefix)
    of_authors = (table for table in files.tables if table.shape.authors)
    authors = read_authors(of_authors, source.store, scratch)
    tables, problems = _tables(source, files, parameters)
    if tables:
        files.passed_over |= {name: str(problem) for name, problem in problems.items()}
        images = ImageFiles(files.nameable())
        # Of a feed, later messages replace what earlier ones say; all others keep their order.
        tables.sort(key=lambda table: table.shape.sent)
        latest: dict[str, dict[str, Any]] = {}
        rows: Iterator[dict[str, Any]] = _numbered(
            table_rows(source.store, table, images, files.images, packs, options, latest, authors)
            for table in tables
        )
        used = {shown_name(table.file.name): table.fields for table in tables}
        rows = islice(rows, at_most)
        records = {shown_name(table.file.name) for table in tables if table.columns is CANONICAL}
        if records:
            rows = _without_alone(_last_records(rows), records, files.passed_over)
        return FoundCovers(_arrow(rows), used, _shown(files.passed_over))
    if problems:
        raise BadInputError(
            f"covers {source.address!r}: {next(iter(problems.values()))}; or {CURE}"
        )
    if not files.named:
        raise BadInputError(f"covers {source.address!r} has no table of covers: {CURE}")
    has_titles = bool(parameters.catalog or catalog)
    by_isbn = [name for name in files.named if has_titles and has_isbn(name)]
    by_title = [name for name in files.named if not (has_titles and has_isbn(name))]
    try:
        named = books_of_names(by_title, source.address)
    except BadInputError as error:
        others = "".join(
            f"; {shown_name(name)!r} is {reason}"
            for name, reason in list(files.passed_over.items())[:3]
        )
        raise BadInputError(f"{error}{others}") from None
    values = dict(zip(by_title, named, strict=True))
    books: dict[str, BookRecord | str] = {
        name: record_of(value, CANONICAL, options) for name, value in values.items()
    }
    fronts = ImageFiles(by_isbn).by_isbn
    found = books_by_isbn(fronts.keys(), parameters, source.store, catalog, options)
    books |= {name: found[isbn] for isbn, name in fronts.items() if isbn in found}
    books |= dict.fromkeys(_erased_names(books, options.erased), ERASED)
    books |= {name: ERASED for isbn, name in fronts.items() if options.erased.has("isbn", isbn)}
    sides = set(by_isbn) - set(fronts.values())
    rows = (
        _row_of_image(
            position,
            files.images[name],
            books.get(name) or (OTHER_SIDE if name in sides else NOT_IN_CATALOG),
        )
        for position, name in enumerate(files.named)
    )
    return FoundCovers(_arrow(rows), {}, _shown(files.passed_over), by_name=len(files.named))


def _erased_names(books: Mapping[str, BookRecord | str], erased: Erased) -> list[str]:
    return [
        name
        for name, book in books.items()
        if isinstance(book, BookRecord) and erased.has_book(book.title, book.author, book.isbn13)
    ]


def _shown(passed_over: dict[str, str]) -> dict[str, str]:
    return {shown_name(name): reason for name, reason in passed_over.items()}


def _tables(
    source: CoverSource, files: Files, parameters: CoversParameters
) -> tuple[list[CoverTable], dict[str, BadInputError]]:
    """Return the tables of covers, and why other tables are none, by name."""
    tables, problems = [], dict(files.refused)
    for table in files.tables:
        if table.shape.authors == "all":
            files.passed_over[table.file.name] = AUTHORS_ALONE
            continue
        try:
            tables.append(cover_table(source.store, table, parameters))
        except NoTableError as error:
            files.passed_over[table.file.name] = str(error)
        except BadInputError as error:
            problems[table.file.name] = error
    return tables, problems


def _row_of_image(position: int, entry: SourceEntry, book: BookRecord | str) -> dict[str, Any]:
    """Return the row of an image that its name gives a book, or a reason to reject it."""
    if book == ERASED:
        return {"position": position, "source_file": "", "reason": ERASED}
    name = shown_name(entry.name)
    row = {"position": position, "source_file": name, "image": name}
    row["raw"] = raw_text(name.encode())
    if isinstance(book, str):
        return row | {"reason": book}
    row |= book_columns(book)
    return row if row["reason"] else row | place_columns(entry)


def _numbered(tables: Iterable[Iterator[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """Yield the rows of all tables; positions go on from table to table."""
    start = 0
    for rows in tables:
        last = -1
        for row in rows:
            last = row["position"]
            yield row | {"position": start + last}
        start += last + 1


def _last_records(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Return rows, of which earlier ones with the same record id are ``replaced`` or ``deleted``.

    Of a feed of changes the last record of each id counts; see ``catalog.decide``.
    """
    listed = list(rows)
    last: dict[str, dict[str, Any]] = {}
    for row in listed:
        record_id, notification = row.get("record_id"), row.get("notification")
        if record_id is None:
            continue
        if earlier := last.get(record_id):
            earlier["reason"] = "deleted" if notification == "delete" else "replaced"
        if notification == "delete":
            row["reason"] = "delete_notice"
            last.pop(record_id, None)
        elif not row.get("reason"):
            last[record_id] = row
    yield from listed


def _without_alone(
    rows: Iterable[dict[str, Any]], records: Set[str], passed_over: dict[str, str]
) -> Iterator[dict[str, Any]]:
    """Yield the rows but those of files of records whose covers are elsewhere.

    Where a table names the images of a source, package files and feeds beside it, none of whose
    covers are in the source, are passed over: they describe the same books.

    Args:
        records: names of the files of records.
        passed_over: takes why these are not used.
    """
    listed = list(rows)
    placed = {row["source_file"] for row in listed if row.get("file") or row.get("url")}
    for row in listed:
        name = row["source_file"]
        if placed - records and name in records - placed and row.get("reason") in _NO_IMAGE:
            passed_over[name] = "none of its covers is in the source"
        else:
            yield row


def _arrow(rows: Iterable[dict[str, Any]]) -> pa.Table:
    batches: list[pa.RecordBatch] = []
    batch: list[dict[str, Any]] = []
    for row in chain(rows, [None]):
        if row is not None:
            batch.append(row)
        if batch and (row is None or len(batch) == _BATCH_ROWS):
            batches.append(pa.RecordBatch.from_pylist(batch, schema=ROW_SCHEMA))
            batch = []
    return pa.Table.from_batches(batches, schema=ROW_SCHEMA)
