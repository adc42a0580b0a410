"""Read a chunk of a listing as a stream, clean each row, and store the rows of the chunk."""

import gc
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dustjacket.catalog.cleaning import clean
from dustjacket.catalog.columns import ListingFormat
from dustjacket.catalog.decide import ROWS
from dustjacket.catalog.step import CatalogParameters
from dustjacket.records.erased import ERASED
from dustjacket.records.options import RecordOptions
from dustjacket.records.record import BookRecord
from dustjacket.sources.archives import members
from dustjacket.sources.arrow import arrow_batches
from dustjacket.sources.charsets import WESTERN
from dustjacket.sources.chunks import resumed
from dustjacket.sources.csv import ByteRange
from dustjacket.sources.encoding import raw_text
from dustjacket.sources.files import SourceFile
from dustjacket.sources.formats import read_rows
from dustjacket.sources.streams import corrupt_as_bad_input, decompressed, opened
from dustjacket.sources.tables import TableRow
from dustjacket.splits import coarse_key, strict_key
from dustjacket.storage.store import Store
from dustjacket.storage.task_files import TaskFiles

_SUBJECT = pa.struct(
    [("scheme", pa.string()), ("code", pa.string()), ("heading", pa.string()), ("main", pa.bool_())]
)
_CONTRIBUTOR = pa.struct([("name", pa.string()), ("role", pa.string())])
_CORRECTION = pa.struct([(name, pa.string()) for name in ("listed", "who", "when", "why")])
_JOINED = pa.struct([("field", pa.string()), ("source", pa.string())])
BOOK = pa.schema(
    [
        ("asin", pa.string()),
        ("title", pa.string()),
        ("subtitle", pa.string()),
        ("author", pa.string()),
        ("contributors", pa.list_(_CONTRIBUTOR)),
        ("genre", pa.string()),
        ("subjects", pa.list_(_SUBJECT)),
        ("description", pa.string()),
        ("isbn13", pa.string()),
        ("work_id", pa.string()),
        ("language", pa.string()),
        ("published", pa.string()),
        ("publisher", pa.string()),
        ("image_url", pa.string()),
        ("rights", pa.string()),
        ("training", pa.bool_()),
        ("sources", pa.list_(_JOINED)),
        ("correction", _CORRECTION),
    ]
)
"""What is published of a book; what is unknown is null, or empty in ``asin`` and ``image_url``."""
_ORIGIN = pa.schema([("file", pa.string()), ("position", pa.int64())])
_RECORD = pa.schema([("offset", pa.int64()), ("raw", pa.string())])
_REASON = pa.schema([("reason", pa.string())])
_DECIDING = pa.schema(
    [field for field in ROWS if field.name not in {*_ORIGIN.names, *BOOK.names}]
    + [
        pa.field("title_length", pa.int32()),
        pa.field("unread", pa.bool_()),
        pa.field("conflicts", pa.list_(pa.string())),
        pa.field("not_utf8", pa.bool_()),
    ]
)
PARSED = pa.unify_schemas([_ORIGIN, _RECORD, _REASON, BOOK, _DECIDING])
"""One row per record: its origin and raw text, and a book or the reason for its rejection."""
SLIM = pa.schema(
    [
        *ROWS,
        *_REASON,
        *(_DECIDING.field(name) for name in ("title_length", "unread", "conflicts", "not_utf8")),
        *(BOOK.field(name) for name in ("language", "training", "sources", "correction")),
    ]
)
"""The columns by which a whole listing is decided and described."""
_NO_BOOK = (None,) * (len(BOOK) + len(_DECIDING))
_BY_RECORD = ("utf-8", WESTERN, "marc21")
"""Encodings of files whose records may have another one each."""
_BATCH_ROWS = 5000
_COLLECTED_AFTER = 200_000
"""Containers, such as lists, that are made between two searches for cyclic garbage."""


@dataclass(frozen=True)
class Piece:
    """A file of a listing, or a part of it."""

    file: SourceFile
    format: ListingFormat
    part: ByteRange


@dataclass(frozen=True)
class ListingChunk:
    """Pieces that one task reads one after the other; ``number`` is its place."""

    number: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class ParseChunk:
    """A task that stores the rows of a chunk as ``parsed/<number>`` and ``slim/<number>``.

    Attributes:
        joined: returns a record with what other files have of it.
    """

    scratch: TaskFiles
    parameters: CatalogParameters
    options: RecordOptions
    joined: Callable[[BookRecord], BookRecord] | None = None

    def __call__(self, chunk: ListingChunk) -> int:
        """Store the rows and return their number; memory is bounded by one batch.

        Raises:
            BadInputError: a file is damaged.
        """
        return self.store(chunk.number, rows_of(chunk, self.scratch.store))

    def store(self, number: int, read: Iterable[tuple[Piece, TableRow]]) -> int:
        """Store rows as those of a chunk and return their number."""
        rows = 0
        with tempfile.TemporaryDirectory() as folder, ExitStack() as writers:
            files = {name: Path(folder, name) for name in ("parsed", "slim")}
            parsed = writers.enter_context(pq.ParquetWriter(files["parsed"], PARSED))
            slim = writers.enter_context(pq.ParquetWriter(files["slim"], SLIM))
            for batch in self.parse(read):
                parsed.write_batch(batch)
                slim.write_batch(batch.select(SLIM.names))
                rows += len(batch)
            writers.close()
            for name, file in files.items():
                self.scratch.upload(f"{name}/{number:06}", file)
        return rows

    def parse(self, rows: Iterable[tuple[Piece, TableRow]]) -> Iterator[pa.RecordBatch]:
        """Yield rows as batches of ``PARSED``."""
        parsed = (self.parse_row(piece, row) for piece, row in rows)
        with _rare_collections():
            yield from arrow_batches(parsed, PARSED, _BATCH_ROWS)

    def parse_row(self, piece: Piece, row: TableRow) -> tuple[Any, ...]:
        """Return one row in the columns of ``PARSED``: a book, or the reason for its rejection."""
        columns = piece.format.columns
        book = row.reason or clean(row.values, columns, self.parameters, self.options, self.joined)
        return _parsed(piece, row, book)


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Collect cyclic garbage rarely: the rows of a batch are none, but are searched each time."""
    threshold, *others = gc.get_threshold()
    gc.set_threshold(max(threshold, _COLLECTED_AFTER), *others)
    try:
        yield
    finally:
        gc.set_threshold(threshold, *others)


def rows_of(chunk: ListingChunk, store: Store) -> Iterator[tuple[Piece, TableRow]]:
    """Yield the rows of a chunk, each with its piece; files of an archive are read in one pass.

    Raises:
        BadInputError: a file is damaged.
    """
    for archive, group in groupby(chunk.pieces, _archive_of):
        if archive:
            yield from _rows_of_members(list(group), store)
            continue
        for piece in group:
            with opened(piece.file, store, piece.part) as stream, corrupt_as_bad_input(piece.file):
                for row in read_rows(stream, piece.format.shape, piece.part):
                    yield piece, row


def _archive_of(piece: Piece) -> tuple[str, str] | None:
    return (piece.file.bucket, piece.file.key) if piece.file.member else None


def _rows_of_members(pieces: list[Piece], store: Store) -> Iterator[tuple[Piece, TableRow]]:
    by_member = {piece.file.member: piece for piece in pieces}
    archive = replace(pieces[0].file, member="")
    with opened(archive, store) as stream, corrupt_as_bad_input(archive):
        for member in members(stream, archive.name):
            if (piece := by_member.get(member.name)) and not member.problem:
                body = decompressed(resumed(b"", member.body))
                for row in read_rows(body, piece.format.shape, piece.part):
                    yield piece, row


def name_shown(file: SourceFile) -> str:
    """Return a file's name as text that can be stored."""
    return os.fsencode(file.name).decode("utf-8", "backslashreplace")


def _parsed(piece: Piece, row: TableRow, book: BookRecord | str) -> tuple[Any, ...]:
    file = name_shown(piece.file)
    record = (file, row.position, row.offset, "" if book == ERASED else raw_text(row.raw))
    if isinstance(book, str):
        return (*record, book, *_NO_BOOK)
    values = _published(book)
    # Without author and ISBN, two books may have all in common that is published.
    content = values if book.author or book.isbn13 else (*values, row.raw)
    return (
        *record, None, *values, _digest(content), strict_key(book.title, book.author),
        coarse_key(book.title, book.author), book.record_id, book.notification, bool(book.author),
        book.correction is not None, len(book.title), bool(book.unread), book.conflicts,
        not _is_utf8(row.raw, piece.format.shape.encoding),
    )  # fmt: skip


def _is_utf8(raw: bytes, encoding: str) -> bool:
    """Return whether a record is UTF-8 in its file; records of some encodings are converted."""
    if encoding not in _BY_RECORD:
        return encoding.startswith("utf-8")
    try:
        return raw.isascii() or bool(raw.decode())
    except UnicodeDecodeError:
        return False


def _published(book: BookRecord) -> tuple[Any, ...]:
    """Return a book in the columns of ``BOOK``."""
    return (
        book.identifier,
        book.title,
        book.subtitle or None,
        book.author or None,
        [(person.name, person.role) for person in book.contributors],
        book.genre,
        [(each.scheme, each.code, each.heading, each.main) for each in book.subjects],
        book.description or None,
        book.isbn13,
        book.work_id,
        book.language,
        book.published,
        book.publisher or None,
        book.image if isinstance(book.image, str) else "",
        book.rights or None,
        book.training,
        book.joined,
        book.correction,
    )


def _digest(values: tuple[Any, ...]) -> int:
    """Return a digest of what is published of a book, as a signed number of 64 bits."""
    digest = hashlib.blake2b(repr(values).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)
