"""Formats whose records are labelled in their bytes: all other bytes of the file stay."""

import hashlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from dustjacket.errors import BadInputError
from dustjacket.labelling.label import Label, Labeller
from dustjacket.labelling.source import Source
from dustjacket.records.record import BookRecord
from dustjacket.sources.chunks import chunks_of
from dustjacket.sources.tables import TableRow

MAX_SPAN = 16 << 20
"""Bytes of a record that is labelled; a longer one is copied."""
_TOO_LONG = "record_too_long"


Patch = Callable[[bytes, TableRow, Label], bytes | str]
"""Returns a record, and what follows it up to the next one, with its label.

A text is the reason why the record cannot take the label; it then stays as it is.
"""


def _unchanged(before: bytes) -> bytes:
    return before


def write_spans(
    source: Source,
    out: BinaryIO,
    labeller: Labeller,
    patch: Patch,
    head: Callable[[bytes], bytes] = _unchanged,
) -> Iterator[Label]:
    """Write a file with labels, record by record, and yield each label.

    Args:
        head: returns what stands before the first record, with the names of new columns.

    Raises:
        BadInputError: the file is in an encoding that it does not keep to, so that other bytes
            than the labels would change.
    """
    digest = hashlib.sha256()
    is_first = True

    def write(text: bytes, written: bytes) -> None:
        nonlocal is_first
        if source.is_converted:
            try:
                digest.update(source.original(text, is_first=is_first))
                written = source.original(written, is_first=is_first)
            except UnicodeError as error:
                raise BadInputError(_not_kept(source, str(error))) from error
        out.write(written)
        is_first = is_first and not text

    is_head = True
    for (span, row), label in labeller.labelled(_items(source)):
        if row is None:
            write(span, head(span) if is_head else span)
            is_head = False
            continue
        patched = patch(span, row, label) if len(span) < MAX_SPAN else _TOO_LONG
        write(span, span if isinstance(patched, str) else patched)
        yield Label(None, label.version, patched) if isinstance(patched, str) else label
    if source.is_converted:
        with source.opened() as stream:
            original = hashlib.sha256()
            for chunk in chunks_of(stream):
                original.update(chunk)
        if digest.digest() != original.digest():
            raise BadInputError(_not_kept(source, "some of its characters are of none"))


def _not_kept(source: Source, why: str) -> str:
    encoding = "UTF-16" if source.mark is not None else source.shape.encoding
    return f"{source.path.name!r} is no sound {encoding} ({why}): save it as UTF-8"


def _items(
    source: Source,
) -> Iterator[tuple[tuple[bytes, TableRow | None], BookRecord | str, int]]:
    """Yield the head of a file, and each record with the bytes up to the next one.

    What is more than ``MAX_SPAN`` bytes long follows in parts without a row.
    """
    with source.text() as text:
        at = 0
        pending: tuple[TableRow | None, BookRecord | str] = (None, "")
        for row, book in source.rows():
            if row.position < source.shape.start:  # a defect above the header
                continue
            yield from _parts(text, row.offset - at, *pending)
            at, pending = row.offset, (row, book)
        yield from _parts(text, None, *pending)


def _parts(
    text: BinaryIO, size: int | None, row: TableRow | None, book: BookRecord | str
) -> Iterator[tuple[tuple[bytes, TableRow | None], BookRecord | str, int]]:
    part = text.read(MAX_SPAN if size is None else min(size, MAX_SPAN))
    yield (part, row), book, len(part)
    left = None if size is None else size - len(part)
    while (left is None or left > 0) and (
        part := text.read(MAX_SPAN if left is None else min(left, MAX_SPAN))
    ):
        yield (part, None), "", len(part)
        left = None if left is None else left - len(part)
