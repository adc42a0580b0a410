"""Parquet files."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from dustjacket.sources.csv import MAX_RECORD, ByteRange
from dustjacket.sources.tables import Format, ReadOptions, Shape, TableRow, key_of

_BATCH_ROWS = 2000


@contextmanager
def _opened(stream: BinaryIO) -> Iterator[pq.ParquetFile]:
    # Parquet needs random access, because its schema is at the end of the file.
    with tempfile.TemporaryFile() as local:
        shutil.copyfileobj(stream, local)
        with pq.ParquetFile(local) as file:
            schema = file.schema_arrow
        texts = [field.name for field in schema if pa.types.is_string(field.type)]
        # A text that many rows share stays one: a file of 400 bytes can hold it 2000 times.
        with pq.ParquetFile(local, read_dictionary=texts) as file:
            yield file


def _matches(head: bytes, _name: str) -> bool:
    return head.startswith(b"PAR1")


def _shape(stream: BinaryIO, _options: ReadOptions) -> Shape:
    with _opened(stream) as file:
        return Shape("parquet", tuple(file.schema_arrow.names), header=False)


def _rows(stream: BinaryIO, _shape: Shape, _part: ByteRange) -> Iterator[TableRow]:
    with _opened(stream) as file:
        position, names = 0, file.schema_arrow.names
        for batch in file.iter_batches(_BATCH_ROWS):
            for values_of_row in zip(*batch.columns, strict=True):
                row = dict(zip(names, (value.as_py() for value in values_of_row), strict=True))
                raw = json.dumps(row, ensure_ascii=False, default=str).encode("utf-8", "replace")
                if len(raw) > MAX_RECORD:
                    yield TableRow(position, position, raw[:MAX_RECORD], {}, "record_too_long")
                else:
                    values = {key_of(name): value for name, value in row.items()}
                    yield TableRow(position, position, raw, values)
                position += 1


PARQUET = Format("parquet", (".parquet", ".pq"), _matches, _shape, _rows)
