"""What a Spark task does with its part of a listing: read it as a stream, clean each row."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from dustjacket.catalog.cleaning import Book, clean
from dustjacket.catalog.columns import ListedFile
from dustjacket.pipeline.parameters import CatalogParameters
from dustjacket.settings import Settings
from dustjacket.sources.csv import ByteRange, raw_text
from dustjacket.sources.files import SourceFile
from dustjacket.sources.streams import corrupt_as_bad_input, opened
from dustjacket.sources.tables import TableRow, read_rows
from dustjacket.storage.store import Store

_BOOK = pa.schema([(name, pa.string()) for name in Book.__dataclass_fields__])
_NOTHING = (None,) * len(_BOOK)
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
"""A row a record: a book, or the reason why it is none; always with what was read."""

PARSED_DDL = ", ".join(
    f"{field.name} {'long' if field.type == pa.int64() else 'string'}" for field in PARSED
)

_BATCH_ROWS, _BATCH_BYTES = 5000, 8 << 20


@dataclass(frozen=True)
class ListingChunk:
    """What one task reads at a time: a part of a file that was looked at."""

    file: SourceFile
    listed: ListedFile
    part: ByteRange


def parser(
    settings: Settings, stretches: Sequence[ListingChunk], parameters: CatalogParameters
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return a function from batches of ``id``, places in ``stretches``, to batches of ``PARSED``.

    A file of any size takes the memory of one batch.
    """

    def parse(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        store = Store(settings)
        for batch in batches:
            for number in batch.column("id").to_pylist():
                stretch = stretches[number]
                with (
                    opened(stretch.file, store, stretch.part) as stream,
                    corrupt_as_bad_input(stretch.file),
                ):
                    rows = read_rows(stream, stretch.listed.shape, stretch.part)
                    columns = stretch.listed.columns
                    name = stretch.file.name
                    yield from _batches(parsed(name, row, columns, parameters) for row in rows)

    return parse


def parsed(
    file: str, row: TableRow, columns: Any, parameters: CatalogParameters
) -> tuple[Any, ...]:
    """Return what became of one row, in the order of ``PARSED``."""
    read = (file, row.position, row.offset, raw_text(row.raw))
    book = row.reason or clean(row.values, columns, parameters)
    if isinstance(book, str):
        return (*read, book, *_NOTHING)
    return (
        *read, None, book.asin, book.title, book.author, book.genre, book.description,
        book.image_url, book.group, book.split,
    )  # fmt: skip


def _batches(rows: Iterable[tuple[Any, ...]]) -> Iterator[pa.RecordBatch]:
    batch: list[tuple[Any, ...]] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += len(row[3])
        if len(batch) == _BATCH_ROWS or size >= _BATCH_BYTES:
            yield _batch(batch)
            batch, size = [], 0
    if batch:
        yield _batch(batch)


def _batch(rows: list[tuple[Any, ...]]) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, PARSED, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=PARSED)
