"""Labels in text tables: columns at the end of each record, written as the record is."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dustjacket.errors import BadInputError
from dustjacket.labelling.label import COLUMNS, Cell, Label
from dustjacket.sources.charsets import WESTERN
from dustjacket.sources.csv import Dialect, parse, read_records
from dustjacket.sources.tables import Shape, TableRow, key_of

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def new_columns(columns: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the columns to add to ``columns``.

    Raises:
        BadInputError: the columns are those of a file that was labelled before.
    """
    known = set(map(key_of, columns))
    if known.isdisjoint(COLUMNS):
        return COLUMNS
    names = tuple(f"dustjacket_{name}" for name in COLUMNS)
    if known.isdisjoint(names) and not known.issuperset(COLUMNS):
        return names
    raise BadInputError("the file has the columns of labels already: give it as it was before")


@dataclass(frozen=True)
class TextTable:
    """Adds columns to the records of a table whose shape is ``shape``."""

    shape: Shape

    def head(self, before: bytes) -> bytes:
        """Return what stands before the first record, with names of columns in the header."""
        if not self.shape.header:
            return before
        dialect = self.shape.dialect
        for record in read_records(io.BytesIO(before), len(self.shape.columns), dialect=dialect):
            if record.position == self.shape.start - 1:
                end = record.offset + len(record.raw)
                names = new_columns(self.shape.columns)
                header = self._with(record.raw, names, is_whole=False)
                return before[: record.offset] + (header or record.raw) + before[end:]
        return before

    def record(self, span: bytes, row: TableRow, label: Label) -> bytes | str:
        """Return a record with its label; see :data:`dustjacket.labelling.spans.Patch`.

        A record without some fields gets empty ones, so that the label is in its columns.
        """
        record = row.raw
        if not span.startswith(record) or row.reason == "record_too_long":
            record = span.partition(b"\n")[0].rstrip(b"\r")
        is_header = row.reason == "repeated_header"
        cells = new_columns(self.shape.columns) if is_header else label.cells
        written = self._with(record, cells, is_whole=row.reason is None)
        if written is None:
            return row.reason or "wrong_column_count"
        return written + span[len(record) :]

    def _with(self, record: bytes, cells: Sequence[Cell], *, is_whole: bool) -> bytes | None:
        """Return a record with more fields, or None if its own cannot be separated.

        Args:
            is_whole: whether it has as many fields as the table has columns.
        """
        dialect = self.shape.dialect
        missing, ends_in_mark = 0, False
        if dialect.trailing or not is_whole:
            columns = len(self.shape.columns)
            fields, defect = parse(record, replace(dialect, trailing=False))
            ends_in_mark = dialect.trailing and len(fields) == columns + 1 and not fields[-1]
            missing = columns - len(fields) + ends_in_mark
            if defect or missing < 0:
                return None
        mark = dialect.separator
        quoted = dialect.quotes and record.startswith(b'"') and record.endswith(b'"')
        encoding = "cp1252" if self.shape.encoding == WESTERN else "utf-8"
        added = mark.join(_field(cell, dialect, quoted=quoted) for cell in cells).encode(encoding)
        if ends_in_mark:
            return record + added + dialect.mark
        return record + dialect.mark * (missing + 1) + added


def _field(cell: Cell, dialect: Dialect, *, quoted: bool) -> str:
    text = str(cell)
    # A spreadsheet would run it as a formula; an apostrophe makes it a text.
    text = f"'{text}" if isinstance(cell, str) and text.startswith(_FORMULA) else text
    if not dialect.quotes:
        return " ".join(text.replace(dialect.separator, " ").split())
    if not quoted and not any(char in text for char in (dialect.separator, '"', "\n", "\r")):
        return text
    if dialect.escapes:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    else:
        text = text.replace('"', '""')
    return f'"{text}"'
