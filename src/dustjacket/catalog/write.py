"""Write the decided rows of a listing as Parquet, in the order of the listing."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dustjacket.catalog.decide import DECIDED
from dustjacket.catalog.parse import PARSED
from dustjacket.catalog.read import BOOKS
from dustjacket.storage.task_files import TaskFiles

REJECTED = "rejected"
BOOK_COLUMNS = (
    "file", "position", "asin", "title", "subtitle", "author", "contributors", "genre", "genres",
    "subjects", "description", "isbn13", "work_id", "language", "published", "publisher",
    "image_url", "rights", "training", "sources", "correction", "group", "split",
)  # fmt: skip
_REJECTED_COLUMNS = ("file", "position", "offset", "raw", "reason")
DECISIONS = ("reason", "genre", "genres", "group", "split", "book")
_ROWS_PER_FILE = 1_000_000
_BATCH_ROWS, _BATCH_BYTES = 20_000, 16 << 20
_TYPES = {field.name: field for schema in (PARSED, DECIDED) for field in schema}
BOOKS_SCHEMA = pa.schema([_TYPES[name] for name in BOOK_COLUMNS])
REJECTED_SCHEMA = pa.schema([_TYPES[name] for name in _REJECTED_COLUMNS])


@dataclass(frozen=True)
class OutputFile:
    """One file of each published table, and the chunks whose rows it holds."""

    number: int
    chunks: tuple[int, ...]


def output_files(rows_of_chunks: Iterable[int]) -> Iterator[tuple[OutputFile, int]]:
    """Yield each file to write, and the number of rows read for it: about a million or more."""
    chunks: list[int] = []
    number = rows = 0
    for chunk, count in enumerate(rows_of_chunks):
        chunks.append(chunk)
        rows += count
        if rows >= _ROWS_PER_FILE:
            yield OutputFile(number, tuple(chunks)), rows
            chunks, rows, number = [], 0, number + 1
    if chunks:
        yield OutputFile(number, tuple(chunks)), rows


@dataclass(frozen=True)
class WriteFile:
    """A task that writes one file of accepted and one of rejected rows.

    It reads ``parsed/<chunk>`` and ``decided/<number>``: ``DECISIONS`` on each row.
    """

    scratch: TaskFiles
    out: TaskFiles

    def __call__(self, file: OutputFile) -> None:
        """Write both files; memory is bounded by one batch, and the decisions of the file."""
        with self.scratch.opened(f"decided/{file.number:06}") as stored:
            decided = stored.read()
        with tempfile.TemporaryDirectory() as folder, ExitStack() as writers:
            books, rejected = Path(folder, BOOKS), Path(folder, REJECTED)
            accepted_rows = writers.enter_context(pq.ParquetWriter(books, BOOKS_SCHEMA))
            rejected_rows = writers.enter_context(pq.ParquetWriter(rejected, REJECTED_SCHEMA))
            place = 0
            for batch in self._batches(file.chunks):
                rows = _with(batch, decided.slice(place, len(batch)))
                place += len(batch)
                is_book = pc.is_null(rows["reason"])
                accepted_rows.write_table(rows.filter(is_book).select(BOOK_COLUMNS))
                rejected_rows.write_table(rows.filter(pc.invert(is_book)).select(_REJECTED_COLUMNS))
            writers.close()
            for path in (books, rejected):
                self.out.upload(f"{path.name}/part-{file.number:05}.parquet", path)

    def _batches(self, chunks: Iterable[int]) -> Iterator[pa.Table]:
        """Yield the rows of chunks, several row groups at a time."""
        groups: list[pa.Table] = []
        for chunk in chunks:
            with self.scratch.opened(f"parsed/{chunk:06}") as stored:
                for number in range(stored.num_row_groups):
                    groups.append(stored.read_row_group(number))
                    if sum(map(len, groups)) >= _BATCH_ROWS or _size(groups) >= _BATCH_BYTES:
                        yield pa.concat_tables(groups)
                        groups = []
        if groups:
            yield pa.concat_tables(groups)


def _size(tables: Iterable[pa.Table]) -> int:
    return sum(table.nbytes for table in tables)


def _with(own: pa.Table, decided: pa.Table) -> pa.Table:
    """Return rows with the columns that were decided in place of their own."""
    kept = own.select([name for name in own.column_names if name not in DECISIONS])
    for name in DECISIONS:
        kept = kept.append_column(name, decided[name])
    return kept
