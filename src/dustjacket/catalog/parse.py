"""What a Spark task does with its files of a listing: read them as a stream, clean each row."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from dustjacket.catalog.cleaning import clean
from dustjacket.catalog.listing import ListingRow, RejectedRow, read_listing
from dustjacket.parameters import CatalogParameters
from dustjacket.records import raw_text
from dustjacket.settings import Settings
from dustjacket.sources import SourceFile, opened
from dustjacket.storage import Store

BOOK = (
    "file string, position long, asin string, title string, author string, genre string, "
    "image_url string, group string, split string"
)
PARSED = f"{BOOK}, offset long, raw string, reason string"
"""A row a record: of a book, or with the reason why it is none; always with what was read."""

_TYPES = {"string": pa.string(), "long": pa.int64()}
_SCHEMA = pa.schema([(name, _TYPES[kind]) for name, kind in map(str.split, PARSED.split(", "))])
_BATCH_ROWS, _BATCH_BYTES = 5000, 8 << 20


def parser(
    settings: Settings, files: Sequence[SourceFile], parameters: CatalogParameters
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return a function from batches of ``id``, places in ``files``, to batches of ``PARSED``.

    A file of any size takes the memory of one batch.
    """

    def parse(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        store = Store(settings)
        for batch in batches:
            for number in batch.column("id").to_pylist():
                file = files[number]
                with opened(file, store) as stream:
                    rows = read_listing(stream)
                    yield from _batches(parsed(file.name, row, parameters) for row in rows)

    return parse


def parsed(
    file: str, row: ListingRow | RejectedRow, parameters: CatalogParameters
) -> dict[str, Any]:
    """Return what became of one row, in the columns of ``PARSED``; those left out are null."""
    read = {
        "file": file, "position": row.position, "offset": row.offset, "raw": raw_text(row.raw)
    }  # fmt: skip
    book = row.reason if isinstance(row, RejectedRow) else clean(row, parameters)
    return read | ({"reason": book} if isinstance(book, str) else asdict(book))


def _batches(rows: Iterable[dict[str, Any]]) -> Iterator[pa.RecordBatch]:
    batch: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += len(row["raw"])
        if len(batch) == _BATCH_ROWS or size >= _BATCH_BYTES:
            yield pa.RecordBatch.from_pylist(batch, schema=_SCHEMA)
            batch, size = [], 0
    if batch:
        yield pa.RecordBatch.from_pylist(batch, schema=_SCHEMA)
