"""Read tables row by row: CSV, TSV, JSON Lines or Parquet.

Every row keeps its origin and its raw bytes, so that a rejected row can be shown unchanged.
"""

import codecs
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from dustjacket.sources.csv import MAX_RECORD, WHOLE, ByteRange, read_records, split_records
from dustjacket.sources.encoding import decode

SEPARATORS = {".csv": ",", ".txt": ",", ".tsv": "\t", ".tab": "\t"}
JSON_LINES, PARQUET = (".jsonl", ".ndjson"), (".parquet", ".pq")
COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
LISTING = ("ASIN", "filename", "image URL", "title", "author", "category id", "category")
"""Columns of a listing of book covers by Iwana et al. (2016), which has no header."""
_BATCH_ROWS = 2000


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row: its values by column, or the reason for its rejection.

    Attributes:
        position: index of the record in its file, from 0; a header counts.
        offset: byte offset of the record after decompression; for Parquet, ``position``.
        raw: bytes of the record; for Parquet, the row as JSON.
        values: by column, named as :func:`key_of` does; missing values are empty.
    """

    position: int
    offset: int
    raw: bytes
    values: Mapping[str, str]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """File type and columns of a table.

    Attributes:
        kind: file extension, a key of ``FORMATS``.
        columns: column names as written in the file.
        header: whether the first record is a header.
    """

    kind: str
    columns: tuple[str, ...]
    header: bool

    @property
    def keys(self) -> tuple[str, ...]:
        """Column names as the keys of ``TableRow.values``."""
        return tuple(key_of(name) for name in self.columns)


def key_of(name: str) -> str:
    """Return a column's name as the key of ``TableRow.values``: trimmed and case-folded."""
    return name.strip(" \t\"'[]").casefold()


def kind_of(name: str) -> str | None:
    """Return the kind of a table by the file's extension, or None if it is no table."""
    path = PurePosixPath(name.lower())
    ending = PurePosixPath(path.stem).suffix if path.suffix in COMPRESSED else path.suffix
    return ending if ending in FORMATS else None


def shape_of(stream: BinaryIO, kind: str) -> Shape | None:
    """Return the shape of a table from its first records, or None if no record is readable.

    The first record of CSV and TSV is a header, unless it looks like a record of ``LISTING``: seven
    fields, none of them a column name of ``LISTING``.
    """
    return FORMATS[kind].shape(stream, kind)


def read_rows(stream: BinaryIO, shape: Shape, part: ByteRange = WHOLE) -> Iterator[TableRow]:
    """Yield the rows of ``part``, from a stream positioned at its beginning."""
    return FORMATS[shape.kind].rows(stream, shape, part)


def split_rows(stream: BinaryIO, shape: Shape, size: int) -> Iterator[ByteRange]:
    """Split a table into parts of at least ``size`` bytes; the last may be smaller."""
    split = FORMATS[shape.kind].split
    return split(stream, shape, size) if split else iter((WHOLE,))


def _text_shape(stream: BinaryIO, kind: str) -> Shape | None:
    records = read_records(stream, separator=SEPARATORS[kind])
    fields = next((record.fields for record in records if record.fields), None)
    if fields is None:
        return None
    listing = {key_of(name) for name in LISTING}
    if len(fields) == len(LISTING) and not listing & {key_of(field) for field in fields}:
        return Shape(kind, LISTING, header=False)
    return Shape(kind, fields, header=True)


def _text_rows(stream: BinaryIO, shape: Shape, part: ByteRange) -> Iterator[TableRow]:
    keys = shape.keys
    header = shape.columns if shape.header and part.position == 0 else None
    for record in read_records(stream, len(keys), separator=SEPARATORS[shape.kind], part=part):
        if header is not None and record.fields == header:
            header = None
            continue
        values = dict(zip(keys, record.fields, strict=True)) if record.fields else {}
        yield TableRow(record.position, record.offset, record.raw, values, record.reason)


def _text_parts(stream: BinaryIO, shape: Shape, size: int) -> Iterator[ByteRange]:
    separator = SEPARATORS[shape.kind]
    return split_records(stream, size, len(shape.columns), separator=separator)


def _json_lines(stream: BinaryIO, part: ByteRange) -> Iterator[tuple[int, bytes, int]]:
    """Yield offset, truncated bytes and length of every line that is not blank."""
    offset = part.offset
    while part.end is None or offset < part.end:
        line = stream.readline(MAX_RECORD)
        if not line:
            return
        length = len(line)
        while not line.endswith(b"\n") and (more := stream.readline(MAX_RECORD)):
            length += len(more)
            if more.endswith(b"\n"):
                break
        if line.strip():
            yield offset, line, length
        offset += length


def _json_shape(stream: BinaryIO, kind: str) -> Shape | None:
    first = next(_json_rows(stream, None, WHOLE), None)
    return Shape(kind, tuple(first.values), header=False) if first and first.values else None


def _json_rows(stream: BinaryIO, _shape: Shape | None, part: ByteRange) -> Iterator[TableRow]:
    for number, (offset, line, length) in enumerate(_json_lines(stream, part)):
        raw = line.rstrip(b"\r\n")
        position = part.position + number
        if length > len(line):
            yield TableRow(position, offset, raw, {}, "record_too_long")
            continue
        try:
            values = json.loads(decode(raw.removeprefix(codecs.BOM_UTF8)))
        except (ValueError, RecursionError):
            values = None
        if not isinstance(values, dict):
            yield TableRow(position, offset, raw, {}, "malformed_json")
            continue
        texts = {key_of(k): _text(v) for k, v in values.items()}
        if b"\\u" in raw and not _is_unicode(texts):
            yield TableRow(position, offset, raw, {}, "malformed_json")
            continue
        yield TableRow(position, offset, raw, texts)


def _is_unicode(texts: Mapping[str, str]) -> bool:
    """Return whether texts can be stored: escapes of JSON may be halves of characters."""
    try:
        "".join([*texts, *texts.values()]).encode()
    except UnicodeEncodeError:
        return False
    return True


def _json_parts(stream: BinaryIO, _shape: Shape, size: int) -> Iterator[ByteRange]:
    current, position = WHOLE, 0
    for offset, _, _ in _json_lines(stream, WHOLE):
        if offset - current.offset >= size:
            yield replace(current, end=offset)
            current = ByteRange(offset, None, position)
        position += 1
    if position > current.position:
        yield current


@contextmanager
def _parquet(stream: BinaryIO) -> Iterator[pq.ParquetFile]:
    # Parquet needs random access, because its schema is at the end of the file.
    with tempfile.TemporaryFile() as local:
        shutil.copyfileobj(stream, local)
        with pq.ParquetFile(local) as file:
            schema = file.schema_arrow
        texts = [field.name for field in schema if pa.types.is_string(field.type)]
        # A text that many rows share stays one: a file of 400 bytes can hold it 2000 times.
        with pq.ParquetFile(local, read_dictionary=texts) as file:
            yield file


def _parquet_shape(stream: BinaryIO, kind: str) -> Shape:
    with _parquet(stream) as file:
        return Shape(kind, tuple(file.schema_arrow.names), header=False)


def _parquet_rows(stream: BinaryIO, *_: Shape | ByteRange) -> Iterator[TableRow]:
    with _parquet(stream) as file:
        position, names = 0, file.schema_arrow.names
        for batch in file.iter_batches(_BATCH_ROWS):
            for values_of_row in zip(*batch.columns, strict=True):
                row = dict(zip(names, (value.as_py() for value in values_of_row), strict=True))
                raw = json.dumps(row, ensure_ascii=False, default=str).encode("utf-8", "replace")
                if len(raw) > MAX_RECORD:
                    yield TableRow(position, position, raw[:MAX_RECORD], {}, "record_too_long")
                else:
                    values = {key_of(name): _text(value) for name, value in row.items()}
                    yield TableRow(position, position, raw, values)
                position += 1


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return str(value)


@dataclass(frozen=True)
class TableFormat:
    """How the files of one format are read.

    Attributes:
        shape: reads the shape from a stream; None if no row is readable.
        rows: yields the rows of a part.
        split: yields parts that are read apart; None: a file is read as a whole.
        is_text: whether a file that looks binary is not of this format.
    """

    shape: Callable[[BinaryIO, str], Shape | None]
    rows: Callable[[BinaryIO, Shape, ByteRange], Iterator[TableRow]]
    split: Callable[[BinaryIO, Shape, int], Iterator[ByteRange]] | None = None
    is_text: bool = True


FORMATS: Mapping[str, TableFormat] = {
    **dict.fromkeys(SEPARATORS, TableFormat(_text_shape, _text_rows, _text_parts)),
    **dict.fromkeys(JSON_LINES, TableFormat(_json_shape, _json_rows, _json_parts)),
    **dict.fromkeys(PARQUET, TableFormat(_parquet_shape, _parquet_rows, is_text=False)),
}
"""The formats of tables, by file extension."""
ENDINGS = tuple(FORMATS)
