"""Text tables: a header or a known layout, then one record a row, fields between separators."""

from collections.abc import Iterator
from typing import BinaryIO

from dustjacket.errors import BadInputError
from dustjacket.sources.csv import ByteRange, read_records, split_records
from dustjacket.sources.tables import LISTING, Format, ReadOptions, Shape, TableRow, key_of

_TABS = (".tsv", ".tab")
_NOT_TEXT = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a"))


def is_text(head: bytes) -> bool:
    """Return whether bytes look like text: under 1 % of control characters."""
    return len(head.translate(None, _NOT_TEXT)) >= 0.99 * len(head)


def _matches(head: bytes, _name: str) -> bool:
    return bool(head.strip()) and is_text(head)


def _shape(stream: BinaryIO, options: ReadOptions) -> Shape:
    """Return columns and separator.

    The first record is a header, unless it looks like a record of ``LISTING``: seven fields, none
    of them a column name of ``LISTING``.
    """
    stem = options.name.lower().removesuffix(".gz")
    separator = options.separator or ("\t" if stem.endswith(_TABS) else ",")
    records = read_records(stream, separator=separator)
    fields = next((record.fields for record in records if record.fields), None)
    if fields is None:
        raise BadInputError(f"{options.name!r} has no readable row")
    listing = {key_of(name) for name in LISTING}
    if len(fields) == len(LISTING) and not listing & {key_of(field) for field in fields}:
        return Shape("csv", LISTING, header=False, separator=separator)
    return Shape("csv", fields, header=True, separator=separator)


def _rows(stream: BinaryIO, shape: Shape, part: ByteRange) -> Iterator[TableRow]:
    keys = shape.keys
    header = shape.columns if shape.header and part.position == 0 else None
    for record in read_records(stream, len(keys), separator=shape.separator, part=part):
        if header is not None and record.fields == header:
            header = None
            continue
        values = dict(zip(keys, record.fields, strict=True)) if record.fields else {}
        yield TableRow(record.position, record.offset, record.raw, values, record.reason)


def _parts(stream: BinaryIO, shape: Shape, size: int) -> Iterator[ByteRange]:
    return split_records(stream, size, len(shape.columns), separator=shape.separator)


CSV = Format("csv", (".csv", ".txt", ".tsv", ".tab"), _matches, _shape, _rows, _parts)
