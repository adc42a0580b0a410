"""Read what joins a listing: names of authors by key, a second source, and corrections."""

from collections.abc import Iterator
from dataclasses import dataclass

from dustjacket.catalog.chunks import ListingFiles, find_chunks, find_files
from dustjacket.catalog.corrections import OWN_COLUMNS, Corrections, read_corrections
from dustjacket.catalog.enrich import Enrichment
from dustjacket.catalog.parse import rows_of
from dustjacket.catalog.step import CatalogParameters
from dustjacket.errors import BadInputError
from dustjacket.records.authors import AuthorNames, read_authors
from dustjacket.records.options import RecordOptions
from dustjacket.records.record import BookRecord, record_of
from dustjacket.storage.store import Store
from dustjacket.storage.task_files import TaskFiles


@dataclass(frozen=True)
class Joins:
    """What other files give to records: names of authors, missing fields, corrected genres."""

    authors: AuthorNames | None = None
    enrichment: Enrichment | None = None
    corrections: Corrections | None = None

    def joined(self, record: BookRecord) -> BookRecord:
        """Return a record with what other files have of it."""
        if self.authors:
            record = self.authors.named(record)
        if self.enrichment:
            record = self.enrichment.joined(record)
        return self.corrections.corrected(record) if self.corrections else record


def read_joins(
    files: ListingFiles,
    parameters: CatalogParameters,
    options: RecordOptions,
    store: Store,
    scratch: TaskFiles,
) -> Joins | None:
    """Store what other files than those of the books have of each book; None: nothing.

    Columns of the second source are found by their names: those that parameters name are of the
    listing.

    Raises:
        BadInputError: the listing has no books, or the second source no table with a title.
    """
    if not files.tables:
        raise BadInputError(
            f"listing {parameters.source!r} has names of authors alone: add the file of their books"
        )
    own = {**dict.fromkeys(OWN_COLUMNS, ""), "source": parameters.enrich}
    other = parameters.model_copy(update=own)
    theirs = find_files(other, store, ["title"]) if parameters.enrich else ListingFiles()
    authors = read_authors([*files.authors, *theirs.authors], store, scratch)
    enrichment = None
    if theirs.tables:
        enrichment = Enrichment(scratch, parameters.prefer)
        enrichment.store(_records(theirs, Joins(authors), options, store))
    corrections = read_corrections(parameters, options, store, scratch)
    joins = Joins(authors, enrichment, corrections)
    return joins if joins != Joins() else None


def _records(
    files: ListingFiles, joins: Joins, options: RecordOptions, store: Store
) -> Iterator[tuple[str, BookRecord]]:
    for chunk in find_chunks(files, store):
        for piece, row in rows_of(chunk, store):
            if row.reason is None:
                record = record_of(row.values, piece.format.columns, options)
                yield piece.file.name, joins.joined(record)
