"""Spark task that reads a chunk of a listing as a stream and cleans each row."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from dustjacket.catalog.cleaning import CatalogBook, clean
from dustjacket.catalog.columns import ListingFormat
from dustjacket.catalog.step import CatalogParameters
from dustjacket.settings import Settings
from dustjacket.sources.arrow import arrow_batches
from dustjacket.sources.csv import ByteRange
from dustjacket.sources.encoding import raw_text
from dustjacket.sources.files import SourceFile
from dustjacket.sources.formats import read_rows
from dustjacket.sources.json_lines import text_of
from dustjacket.sources.streams import corrupt_as_bad_input, opened
from dustjacket.sources.tables import TableRow
from dustjacket.storage.store import Store

_BOOK = pa.schema([(name, pa.string()) for name in CatalogBook.__dataclass_fields__])
_NO_BOOK = (None,) * len(_BOOK)
PARSED = pa.schema(
    [
        ("file", pa.string()),
        ("position", pa.int64()),
        ("offset", pa.int64()),
        ("raw", pa.string()),
        ("reason", pa.string()),
        *_BOOK,
    ]
)
"""One row per record: its origin and raw text, and a book or the reason for its rejection."""

_BATCH_ROWS = 5000


@dataclass(frozen=True)
class ListingChunk:
    """A part of a file of the listing, read by one task at a time."""

    file: SourceFile
    format: ListingFormat
    part: ByteRange


def parser(
    settings: Settings, chunks: Sequence[ListingChunk], parameters: CatalogParameters
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return a function that reads the chunks with the given ``id`` as batches of ``PARSED``.

    Memory is bounded by one batch, whatever the size of the file.

    Args:
        chunks: an ``id`` is an index of this sequence.
    """

    def parse(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        store = Store(settings)
        for batch in batches:
            for index in batch.column("id").to_pylist():
                chunk = chunks[index]
                with (
                    opened(chunk.file, store, chunk.part) as stream,
                    corrupt_as_bad_input(chunk.file),
                ):
                    rows = read_rows(stream, chunk.format.shape, chunk.part)
                    columns = chunk.format.columns
                    name = chunk.file.name
                    yield from arrow_batches(
                        (parse_row(name, row, columns, parameters) for row in rows),
                        PARSED,
                        _BATCH_ROWS,
                    )

    return parse


def parse_row(
    file: str, row: TableRow, columns: Mapping[str, str], parameters: CatalogParameters
) -> tuple[Any, ...]:
    """Return one row in the columns of ``PARSED``: a book, or the reason for its rejection."""
    record = (file, row.position, row.offset, raw_text(row.raw))
    texts = {key: text_of(value) for key, value in row.values.items()}
    book = row.reason or clean(texts, columns, parameters)
    if isinstance(book, str):
        return (*record, book, *_NO_BOOK)
    return (
        *record, None, book.asin, book.title, book.author, book.genre, book.description,
        book.image_url, book.group, book.split,
    )  # fmt: skip
