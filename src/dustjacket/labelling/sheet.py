"""Labels in spreadsheets (xlsx): cells at the end of each row of the sheet that is read.

The sheet's XML is copied as a stream, and all other parts of the workbook as they are: styles,
formulas, charts, pictures and other sheets stay.
"""

import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any, BinaryIO
from xml.parsers import expat
from xml.sax.saxutils import escape

from openpyxl import load_workbook
from openpyxl.utils import column_index_from_string, get_column_letter

from dustjacket.errors import BadInputError
from dustjacket.labelling.label import COLUMNS, Cell, Label, Labeller
from dustjacket.labelling.source import Source
from dustjacket.labelling.text_table import new_columns
from dustjacket.sources.chunks import chunks_of
from dustjacket.sources.sheets import MAX_COLUMNS, broken_as_damaged
from dustjacket.sources.tables import DamagedFileError

_IN_MEMORY, _LARGE = 16 << 20, 1 << 30
_CELL = re.compile(rb"""<(?:\w+:)?c\s(?:[^>]*?\s)?r=["']([A-Z]{1,3})\d""")
_OVERLAP = 256
_TAG = re.compile(rb"""<(?:[^>"']|"[^"]*"|'[^']*')*>""")
_RANGE_END = re.compile(rb"""(\sref=["'][A-Z]{1,3}\d+:)[A-Z]{1,3}(?=\d)""")
_SPANS = re.compile(rb"""\sspans=(?:"[^"]*"|'[^']*')""")


def write_sheet(source: Source, out: BinaryIO, labeller: Labeller) -> Iterator[Label]:
    """Write a workbook with labels, row by row, and yield each label.

    Raises:
        BadInputError: the sheet has no room for more columns.
    """
    names = new_columns(source.shape.columns)
    items = ((row.position, book, len(row.raw)) for row, book in source.rows())
    labels = labeller.labelled(items)
    with source.opened() as stream, tempfile.SpooledTemporaryFile(_IN_MEMORY) as local:
        for chunk in chunks_of(stream):
            local.write(chunk)
        with broken_as_damaged(), zipfile.ZipFile(local) as archive:
            part = _part_of(local, source.shape.place)
            with archive.open(part) as sheet:
                width = max(_width(sheet), len(source.shape.columns))
            if width + len(COLUMNS) > MAX_COLUMNS:
                raise BadInputError(f"{source.path.name!r} has no room for {len(COLUMNS)} columns")
            header = source.shape.start - 1 if source.shape.header else None
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as written:
                for entry in archive.infolist():
                    large = entry.file_size >= _LARGE
                    with (
                        archive.open(entry) as old,
                        written.open(entry.filename, "w", force_zip64=large) as new,
                    ):
                        chunks = chunks_of(old)
                        if entry.filename == part:
                            copy = _SheetCopy(width, header, names, labels)
                            chunks = copy.chunks(chunks)
                        for chunk in chunks:
                            new.write(chunk)
                            if entry.filename == part:
                                yield from copy.taken()


def _part_of(workbook: IO[bytes], sheet: str) -> str:
    book: Any = load_workbook(workbook, read_only=True, keep_links=False)
    try:
        return str(book[sheet]._worksheet_path)
    finally:
        book.close()


def _width(sheet: IO[bytes]) -> int:
    """Return the number of the last column that has a cell."""
    letters, tail = set[bytes](), b""
    for chunk in chunks_of(sheet):
        letters.update(_CELL.findall(tail + chunk))
        tail = chunk[-_OVERLAP:]
    return max((column_index_from_string(each.decode()) for each in letters), default=0)


class _SheetCopy:
    """Copies the XML of a sheet with more cells in rows that have a label."""

    def __init__(
        self,
        width: int,
        header: int | None,
        names: Sequence[str],
        labels: Iterator[tuple[int, Label]],
    ) -> None:
        """Begin at the first row.

        Args:
            width: columns that the sheet has.
            header: number of the header's row, from 0; None: it has none.
            names: of the new columns.
            labels: with the numbers of their rows, ascending.
        """
        self._letters = [get_column_letter(width + 1 + n) for n in range(len(names))]
        self._header, self._names, self._labels = header, names, labels
        self._next: tuple[int, Label] | None = None
        self._taken: list[Label] = []
        self._row, self._row_start, self._style = -1, 0, ""
        self._buffer, self._base, self._safe = bytearray(), 0, 0
        self._edits: list[tuple[int, int, bytes]] = []
        self._parser = expat.ParserCreate("utf-8")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def chunks(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the sheet's bytes with the new cells.

        Raises:
            DamagedFileError: it is not well-formed.
        """
        try:
            for chunk in chunks:
                self._buffer += chunk
                self._parser.Parse(chunk, False)
                yield self._flushed(self._safe)
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise DamagedFileError(f"a sheet is no XML: {error}") from error
        yield self._flushed(self._base + len(self._buffer))

    def taken(self) -> list[Label]:
        """Return the labels that were taken since the last call."""
        taken, self._taken = self._taken, []
        return taken

    def _flushed(self, end: int) -> bytes:
        """Return the bytes up to ``end`` after their edits, and drop them from the buffer."""
        parts, at = list[bytes](), self._base
        while self._edits and self._edits[0][1] <= end:
            start, after, text = self._edits.pop(0)
            parts += [bytes(self._buffer[at - self._base : start - self._base]), text]
            at = after
        if self._edits:
            end = min(end, self._edits[0][0])
        parts.append(bytes(self._buffer[at - self._base : end - self._base]))
        del self._buffer[: end - self._base]
        self._base = end
        return b"".join(parts)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._safe = self._parser.CurrentByteIndex
        local = name.rpartition(":")[2]
        if local == "row":
            self._row = int(float(attributes["r"])) - 1 if "r" in attributes else self._row + 1
            self._row_start, self._style = self._safe, ""
        elif local == "c":
            self._style = attributes.get("s", "")
        elif local == "dimension":
            last = self._letters[-1].encode()
            self._edit_tag(self._safe, lambda tag: _RANGE_END.sub(rb"\g<1>" + last, tag))

    def _end(self, name: str) -> None:
        self._safe = self._parser.CurrentByteIndex
        prefix, colon, local = name.rpartition(":")
        if local != "row":
            return
        cells = self._cells()
        if cells is None:
            return
        number, prefix = self._row + 1, prefix + colon
        text = "".join(
            _cell(
                prefix, f"{letter}{number}", cell, self._style if self._row == self._header else ""
            )
            for letter, cell in zip(self._letters, cells, strict=True)
            if cell != ""
        ).encode()
        is_empty = self._safe == self._row_start
        closing = f"</{name}>".encode()

        def wider(tag: bytes) -> bytes:
            tag = _SPANS.sub(b"", tag)
            return tag[: tag.rindex(b"/")] + b">" + text + closing if is_empty else tag

        self._edit_tag(self._row_start, wider)
        if not is_empty:
            self._edits.append((self._safe, self._safe, text))

    def _edit_tag(self, start: int, change: Callable[[bytes], bytes]) -> None:
        tag = _TAG.match(self._buffer, start - self._base)
        if tag and (changed := change(tag[0])) != tag[0]:
            self._edits.append((start, start + len(tag[0]), changed))

    def _cells(self) -> Sequence[Cell] | None:
        """Return the cells to add to the present row, or None."""
        if self._row == self._header:
            return self._names
        while self._next is None or self._next[0] < self._row:
            self._next = next(self._labels, None)
            if self._next is None:
                return None
            self._taken.append(self._next[1])
        if self._next[0] > self._row:
            return None
        return self._next[1].cells


def _cell(prefix: str, place: str, value: Cell, style: str) -> str:
    of_style = f' s="{style}"' if style else ""
    if isinstance(value, float):
        return f'<{prefix}c r="{place}"{of_style}><{prefix}v>{value}</{prefix}v></{prefix}c>'
    text = f'<{prefix}t xml:space="preserve">{escape(value)}</{prefix}t>'
    inline = f"<{prefix}is>{text}</{prefix}is>"
    return f'<{prefix}c r="{place}"{of_style} t="inlineStr">{inline}</{prefix}c>'
