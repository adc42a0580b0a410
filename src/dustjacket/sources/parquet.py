"""Parquet files."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from dustjacket.sources.csv import MAX_RECORD, ByteRange
from dustjacket.sources.encoding import decode
from dustjacket.sources.tables import (
    DamagedFileError,
    Format,
    ReadOptions,
    Shape,
    TableRow,
    Value,
    key_of,
    with_columns,
)

_BATCH_ROWS, _FEW_ROWS = 500, 16
_NOT_TEXT = frozenset(range(9)) | frozenset(range(14, 32))


@contextmanager
def _opened(stream: BinaryIO) -> Iterator[pq.ParquetFile]:
    # Parquet needs random access, because its schema is at the end of the file.
    with tempfile.TemporaryFile() as local:
        shutil.copyfileobj(stream, local)
        with pq.ParquetFile(local) as file:
            schema = file.schema_arrow
        texts = [field.name for field in schema if _is_text(field.type)]
        # A text that many rows share stays one: a file of 400 bytes can hold it 2000 times.
        with pq.ParquetFile(local, read_dictionary=texts) as file:
            yield file


def _is_text(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_))


def _may_be_image(type_: pa.DataType) -> bool:
    return bool(pa.types.is_nested(type_)) or "binary" in str(type_)


def _matches(head: bytes, _name: str) -> bool:
    return head.startswith(b"PAR1")


def _shape(stream: BinaryIO, _options: ReadOptions) -> Shape:
    with _opened(stream) as file:
        return with_columns(Shape("parquet"), file.schema_arrow.names, start=0)


def _rows(stream: BinaryIO, shape: Shape, _part: ByteRange) -> Iterator[TableRow]:
    with _opened(stream) as file:
        position, names = 0, file.schema_arrow.names
        places: dict[str, int] = {}
        for place, name in enumerate(names):
            if shape.used is None or key_of(name) in shape.used:
                places.setdefault(key_of(name), place)
        read = [names[place] for place in places.values()]
        used = [file.schema_arrow.field(place) for place in places.values()]
        size = _FEW_ROWS if any(_may_be_image(field.type) for field in used) else _BATCH_ROWS
        for batch in file.iter_batches(size, columns=read):
            first = batch.schema.get_all_field_indices
            columns = [_values(batch.column(first(name)[0])) for name in read]
            for number in range(batch.num_rows):
                row = {key: column[number] for key, column in zip(places, columns, strict=True)}
                yield _row(position + number, read, row)
            position += batch.num_rows


def _row(position: int, names: Sequence[str], row: dict[str, Value]) -> TableRow:
    named = dict(zip(names, row.values(), strict=True))
    raw = json.dumps(named, ensure_ascii=False, default=_shown).encode("utf-8", "replace")
    if len(raw) > MAX_RECORD:
        return TableRow(position, position, raw[:MAX_RECORD], {}, "record_too_long")
    return TableRow(position, position, raw, row)


def _shown(value: Any) -> str:
    return f"{len(value)} bytes" if isinstance(value, bytes) else str(value)


def _values(column: pa.Array) -> Sequence[Value]:
    """Return the values of a column, as JSON has them; equal texts of a dictionary are one."""
    if pa.types.is_dictionary(column.type):
        column.validate(full=True)  # an index of a damaged file may lead out of the dictionary
        words = _values(column.dictionary)
        return [None if index is None else words[index] for index in column.indices.to_pylist()]
    try:
        values: list[Any] = column.to_pylist()
    except UnicodeDecodeError as error:
        raise DamagedFileError("a text is not UTF-8") from error
    if pa.types.is_nested(column.type) or not _is_plain(column.type):
        return [plain(value) for value in values]
    return values


def _is_plain(type_: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(type_)
        or pa.types.is_large_string(type_)
        or pa.types.is_integer(type_)
        or pa.types.is_floating(type_)
        or pa.types.is_boolean(type_)
    )


def plain(value: Any) -> Value:
    """Return a value of any type as JSON has it: bytes of a text as text, dates in ISO 8601."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, bytes):
        # Images and other data have control characters among the first bytes.
        return value if _NOT_TEXT & set(value[:64]) else decode(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


PARQUET = Format("parquet", (".parquet", ".pq"), _matches, _shape, _rows)
