"""What a Spark task does with its part of a listing: read it as a stream, clean each row."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from dustjacket.catalog.cleaning import Book, clean
from dustjacket.catalog.columns import ListedFile
from dustjacket.catalog.step import CatalogParameters
from dustjacket.settings import Settings
from dustjacket.sources.arrow import arrow_batches
from dustjacket.sources.csv import ByteRange
from dustjacket.sources.encoding import raw_text
from dustjacket.sources.files import SourceFile
from dustjacket.sources.streams import corrupt_as_bad_input, opened
from dustjacket.sources.tables import TableRow, read_rows
from dustjacket.storage.store import Store

_BOOK = pa.schema([(name, pa.string()) for name in Book.__dataclass_fields__])
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
"""A row a record: a book, or the reason why it is none; always with what was read."""

_BATCH_ROWS = 5000


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
                    yield from arrow_batches(
                        (parse_row(name, row, columns, parameters) for row in rows),
                        PARSED,
                        _BATCH_ROWS,
                    )

    return parse


def parse_row(
    file: str, row: TableRow, columns: Mapping[str, str], parameters: CatalogParameters
) -> tuple[Any, ...]:
    """Return one row in the columns of ``PARSED``: a book, or the reason why it is rejected."""
    record = (file, row.position, row.offset, raw_text(row.raw))
    book = row.reason or clean(row.values, columns, parameters)
    if isinstance(book, str):
        return (*record, book, *_NO_BOOK)
    return (
        *record, None, book.asin, book.title, book.author, book.genre, book.description,
        book.image_url, book.group, book.split,
    )  # fmt: skip
