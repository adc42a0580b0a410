"""Books of images that are named by ISBN, from a catalogue or another listing."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from dustjacket.covers.step import CoversParameters
from dustjacket.errors import BadInputError
from dustjacket.records.columns import Columns, columns_of
from dustjacket.records.options import RecordOptions
from dustjacket.records.record import CANONICAL, BookRecord, record_of
from dustjacket.sources.files import SourceFile
from dustjacket.sources.find import SourceTable, find_tables, stage_tables
from dustjacket.sources.formats import FORMATS, read_rows
from dustjacket.sources.onix.deltas import applied
from dustjacket.sources.streams import corrupt_as_bad_input, opened
from dustjacket.sources.tables import ReadOptions
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

_BOOKS = "books/"
_SAMPLE_ROWS = 200


def books_by_isbn(
    isbns: Collection[str],
    parameters: CoversParameters,
    store: Store,
    catalog: Manifest | None,
    options: RecordOptions,
) -> dict[str, BookRecord]:
    """Return the books with the given ISBN-13, from the parameter ``catalog`` or a version.

    Of several records of a table the first counts, of a feed the last.

    Args:
        catalog: version to read if the parameter names no listing.

    Raises:
        BadInputError: the listing has no column of titles or of ISBNs.
        CorruptVersionError: a file of the version has changed.
    """
    books: dict[str, BookRecord] = {}
    for record, is_feed in _records(parameters, store, catalog, options):
        isbn = record.isbn13
        if isbn is None or isbn not in isbns:
            continue
        if record.notification == "delete":
            books.pop(isbn, None)
        elif is_feed or isbn not in books:
            books[isbn] = record
    return books


def _records(
    parameters: CoversParameters, store: Store, catalog: Manifest | None, options: RecordOptions
) -> Iterator[tuple[BookRecord, bool]]:
    if parameters.catalog:
        source = parameters.catalog
        files = stage_tables(source, store)
    elif catalog:
        source = f"{catalog.kind}/{catalog.version}"
        store.verified_uris(catalog, _BOOKS)
        files = [
            SourceFile(entry.path, store.bucket, catalog.prefix + entry.path, entry.size)
            for entry in catalog.files
            if entry.path.startswith(_BOOKS)
        ]
    else:
        return
    found = find_tables(files, source, store, ReadOptions())
    latest: dict[str, dict[str, Any]] = {}
    for table in sorted(found.tables, key=lambda table: table.shape.sent):
        columns = _columns(table, store)
        with corrupt_as_bad_input(table.file), opened(table.file, store) as stream:
            for row in read_rows(stream, table.shape):
                if row.reason:
                    continue
                values = applied(latest, row.values)
                record = record_of(values, columns, options)
                if values.get("training") is False:  # as a catalogue says
                    record = replace(record, training=options.train_on_reserved)
                yield record, columns is CANONICAL


def _columns(table: SourceTable, store: Store) -> Columns:
    shape = table.shape
    if FORMATS[shape.format].canonical:
        return CANONICAL
    with corrupt_as_bad_input(table.file), opened(table.file, store) as stream:
        rows = islice(read_rows(stream, shape), _SAMPLE_ROWS)
        sample = [row.values for row in rows if not row.reason]
    where = f"the catalogue {table.file.name!r}"
    columns = columns_of(shape.keys, {}, ("title",), where=where, sample=sample)
    if "isbn" not in columns and "asin" not in columns:
        raise BadInputError(
            f"{where} has no column of ISBNs, by which images are named: name another with catalog"
        )
    return columns
