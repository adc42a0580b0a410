"""Read a chunk of a listing as a stream, clean each row, and store the rows of the chunk."""

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dustjacket.catalog.cleaning import CatalogBook, clean
from dustjacket.catalog.columns import ListingFormat
from dustjacket.catalog.decide import ROWS
from dustjacket.catalog.step import CatalogParameters
from dustjacket.catalog.task_files import TaskFiles
from dustjacket.sources.arrow import arrow_batches
from dustjacket.sources.csv import ByteRange
from dustjacket.sources.encoding import raw_text
from dustjacket.sources.files import SourceFile
from dustjacket.sources.formats import read_rows
from dustjacket.sources.json_lines import text_of
from dustjacket.sources.streams import corrupt_as_bad_input, opened
from dustjacket.sources.tables import TableRow
from dustjacket.splits import coarse_key, strict_key

BOOK = pa.schema([(name, pa.string()) for name in CatalogBook.__dataclass_fields__])
_ORIGIN = pa.schema([("file", pa.string()), ("position", pa.int64())])
_RECORD = pa.schema([("offset", pa.int64()), ("raw", pa.string())])
_REASON = pa.schema([("reason", pa.string())])
_DECIDING = pa.schema(
    [field for field in ROWS if field.name not in {*_ORIGIN.names, *BOOK.names}]
    + [pa.field("title_length", pa.int32())]
)
PARSED = pa.unify_schemas([_ORIGIN, _RECORD, _REASON, BOOK, _DECIDING])
"""One row per record: its origin and raw text, and a book or the reason for its rejection."""
SLIM = pa.schema([*ROWS, *_REASON, _DECIDING.field("title_length")])
"""The columns by which a whole listing is decided and described."""
_NO_BOOK = (None,) * (len(BOOK) + len(_DECIDING))
_BATCH_ROWS = 5000


@dataclass(frozen=True)
class ListingChunk:
    """A part of a file of the listing, read by one task at a time; ``number`` is its place."""

    number: int
    file: SourceFile
    format: ListingFormat
    part: ByteRange


@dataclass(frozen=True)
class ParseChunk:
    """A task that stores the rows of a chunk as ``parsed/<number>`` and ``slim/<number>``."""

    scratch: TaskFiles
    parameters: CatalogParameters

    def __call__(self, chunk: ListingChunk) -> int:
        """Store the rows and return their number; memory is bounded by one batch."""
        rows = 0
        with tempfile.TemporaryDirectory() as folder, ExitStack() as writers:
            files = {name: Path(folder, name) for name in ("parsed", "slim")}
            parsed = writers.enter_context(pq.ParquetWriter(files["parsed"], PARSED))
            slim = writers.enter_context(pq.ParquetWriter(files["slim"], SLIM))
            for batch in parse(chunk, self.scratch, self.parameters):
                parsed.write_batch(batch)
                slim.write_batch(batch.select(SLIM.names))
                rows += len(batch)
            writers.close()
            for name, file in files.items():
                self.scratch.upload(f"{name}/{chunk.number:06}", file)
        return rows


def parse(
    chunk: ListingChunk, scratch: TaskFiles, parameters: CatalogParameters
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a chunk as batches of ``PARSED``.

    Raises:
        BadInputError: the file is damaged.
    """
    with opened(chunk.file, scratch.store, chunk.part) as stream, corrupt_as_bad_input(chunk.file):
        rows = read_rows(stream, chunk.format.shape, chunk.part)
        columns, name = chunk.format.columns, chunk.file.name
        parsed = (parse_row(name, row, columns, parameters) for row in rows)
        yield from arrow_batches(parsed, PARSED, _BATCH_ROWS)


def parse_row(
    file: str, row: TableRow, columns: Mapping[str, str], parameters: CatalogParameters
) -> tuple[Any, ...]:
    """Return one row in the columns of ``PARSED``: a book, or the reason for its rejection."""
    record = (file, row.position, row.offset, raw_text(row.raw))
    texts = {key: text_of(value) for key, value in row.values.items()}
    book = row.reason or clean(texts, columns, parameters)
    if isinstance(book, str):
        return (*record, book, *_NO_BOOK)
    values = (
        book.asin, book.title, book.author, book.genre, book.description, book.image_url,
    )  # fmt: skip
    strict = strict_key(book.title, book.author)
    coarse = coarse_key(book.title, book.author)
    return (
        *record, None, *values, _content(values), strict, coarse, None, None, None, None,
        bool(book.author), len(book.title),
    )  # fmt: skip


def _content(values: tuple[str | None, ...]) -> int:
    """Return a digest of the published content of a book, as a signed number of 64 bits."""
    text = "\x1f".join(value or "" for value in values)
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)
