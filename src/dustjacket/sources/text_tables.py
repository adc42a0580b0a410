"""Text tables: a header or a known layout, then one record a row, fields between separators."""

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from dustjacket.errors import BadInputError
from dustjacket.sources.csv import WHOLE, ByteRange, Record, parse, read_records, split_records
from dustjacket.sources.dialects import SEPARATORS, TableLayout, layout_of
from dustjacket.sources.headers import is_listing
from dustjacket.sources.tables import (
    LISTING,
    Format,
    ReadOptions,
    Shape,
    TableRow,
    Value,
    key_of,
    named_once,
    shown,
    with_columns,
)
from dustjacket.sources.texts import encoded_shape, is_text, is_utf8_lines, utf8_lines

_HEAD = 256 << 10
_MARKS = 8
"""Characters by which a name that is repeated may be longer, such as blanks."""


def _matches(head: bytes, _name: str) -> bool:
    return is_text(head)


def _shape(stream: BinaryIO, options: ReadOptions) -> Shape:
    shape, head = encoded_shape(stream, options, "csv", _HEAD)
    layout = layout_of(head, options)
    if not layout.records:
        raise BadInputError(
            f"{options.name!r} has no record that can be read: its first line is {_first(head)}: "
            "give a table whose first line names its columns"
        )
    shape = replace(shape, dialect=layout.dialect)
    first, *following = layout.records
    start = first.position + layout.declared
    if is_listing([record.fields for record in layout.records], options):
        return with_columns(shape, LISTING, start=0)
    if layout.agreeing == 0 and following:
        raise BadInputError(_disagreement(options, first, following[0], layout))
    return with_columns(shape, first.fields, start=start + 1)


def _disagreement(options: ReadOptions, first: Record, second: Record, layout: TableLayout) -> str:
    mark = SEPARATORS.get(layout.dialect.separator, repr(layout.dialect.separator))
    tried = mark if options.separator else ", ".join(SEPARATORS.values())
    fields = len(parse(second.raw, layout.dialect)[0])
    return (
        f"{options.name!r}: no row has as many fields as the header ({len(first.fields)} fields "
        f"separated by {mark}, but {fields or 'quotes that do not pair up'} in record "
        f"{second.position + 1}; tried {tried}; the first line is {shown(first.raw)}): give the "
        "separator as the parameter separator, or a table whose rows have the columns of its header"
    )


def _first(head: bytes) -> str:
    return shown(next((line for line in head.split(b"\n") if line.strip()), b""))


def _rows(stream: BinaryIO, shape: Shape, part: ByteRange) -> Iterator[TableRow]:
    columns, start = shape.columns, shape.start
    header = columns if shape.header else None
    keys = tuple(map(key_of, columns))
    positions = named_once(keys)
    lines = utf8_lines(stream, shape)
    for record in read_records(lines, len(keys), dialect=shape.dialect, part=part):
        position, fields, reason = record.position, record.fields, record.reason
        if position < start and reason in {None, "wrong_column_count"}:
            continue
        values: dict[str, Value] = {}
        if header and fields and _repeats(fields, header, keys):
            reason = "repeated_header"
        elif positions:
            values = {key: fields[place] for key, place in positions.items()} if fields else values
        elif fields:
            values = dict(zip(keys, fields, strict=True))
        yield TableRow(position, record.offset, record.raw, values, reason)


def _repeats(fields: tuple[str, ...], header: tuple[str, ...], keys: tuple[str, ...]) -> bool:
    """Return whether a record is the header again, as in files that were joined.

    Its case, blanks and byte order mark do not count.
    """
    if fields == header:
        return True
    if abs(len(fields[0]) - len(header[0])) > _MARKS or key_of(fields[0]) != keys[0]:
        return False  # as nearly all records
    return tuple(map(key_of, fields)) == keys


def _parts(stream: BinaryIO, shape: Shape, size: int) -> Iterator[ByteRange]:
    if not is_utf8_lines(shape):
        return iter((WHOLE,))
    return split_records(stream, size, len(shape.columns), dialect=shape.dialect)


CSV = Format("csv", (".csv", ".txt", ".tsv", ".tab"), _matches, _shape, _rows, _parts)
