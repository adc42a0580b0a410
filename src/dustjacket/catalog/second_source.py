"""Read the second source of a listing, which enriches its records."""

from collections.abc import Iterator

from dustjacket.catalog.chunks import find_chunks, find_files
from dustjacket.catalog.enrich import Enrichment
from dustjacket.catalog.parse import rows_of
from dustjacket.catalog.step import CatalogParameters
from dustjacket.catalog.task_files import TaskFiles
from dustjacket.records.options import RecordOptions
from dustjacket.records.record import BookRecord, record_of
from dustjacket.storage.store import Store

_OWN_COLUMNS = ("title_column", "author_column", "genre_column", "description_column", "separator",
                "encoding")  # fmt: skip


def read_enrichment(
    parameters: CatalogParameters, options: RecordOptions, store: Store, scratch: TaskFiles
) -> Enrichment | None:
    """Store what the second source has of each book, or return None if there is no such source.

    Its columns are found by their names: those that parameters name are of the listing.

    Raises:
        BadInputError: the source has no table with a title.
    """
    if not parameters.enrich:
        return None
    own = {**dict.fromkeys(_OWN_COLUMNS, ""), "source": parameters.enrich}
    enrichment = Enrichment(scratch, parameters.prefer)
    enrichment.store(_records(parameters.model_copy(update=own), options, store))
    return enrichment


def _records(
    parameters: CatalogParameters, options: RecordOptions, store: Store
) -> Iterator[tuple[str, BookRecord]]:
    files = find_files(parameters, store, ["title"])
    for chunk in find_chunks(files, store):
        for piece, row in rows_of(chunk, store):
            if row.reason is None:
                yield piece.file.name, record_of(row.values, piece.format.columns, options)
