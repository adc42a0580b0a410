"""Find the tables of a listing, the columns of each, and the chunks that are read apart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from dustjacket.catalog.columns import ListingFormat, listing_columns, named_columns
from dustjacket.catalog.parse import ListingChunk, Piece
from dustjacket.catalog.step import CatalogParameters
from dustjacket.records.authors import AUTHORS_ALONE
from dustjacket.sources.csv import WHOLE, ByteRange
from dustjacket.sources.files import SourceFile
from dustjacket.sources.find import SourceTable, find_tables, stage_tables
from dustjacket.sources.formats import FORMATS, read_rows, split_rows
from dustjacket.sources.streams import corrupt_as_bad_input, is_compressed, opened
from dustjacket.sources.tables import ReadOptions
from dustjacket.storage.store import Store

PART_BYTES = 4 << 20
_MAX_FILES = 1000
_SAMPLE_ROWS = 1000


@dataclass(frozen=True)
class ListingFiles:
    """The tables of a listing, sorted by time and name, and why other files are none.

    Attributes:
        authors: files that name authors by key, alone or beside books.
        staged: all files that were looked at.
    """

    tables: list[tuple[SourceFile, ListingFormat]] = field(default_factory=list)
    passed_over: dict[str, str] = field(default_factory=dict)
    authors: list[SourceTable] = field(default_factory=list)
    staged: list[SourceFile] = field(default_factory=list)


def find_files(
    parameters: CatalogParameters, store: Store, required: Sequence[str] = ()
) -> ListingFiles:
    """Return the tables of the source.

    Args:
        required: fields that each table must have a column for; by default title and, unless a
            second source may give it, genre.

    Raises:
        BadInputError: there is no table, or a file should be one and is none.
    """
    required = required or (("title",) if parameters.enrich else ("title", "genre"))
    source = parameters.source
    files = stage_tables(source, store)
    named = frozenset(named_columns(parameters).values())
    options = ReadOptions("", parameters.separator, parameters.encoding, named)
    found = find_tables(files, source, store, options)
    samples: dict[tuple[str, ...], list[Any]] = {}
    tables = []
    for table in found.tables:
        if table.shape.authors == "all":
            found.passed_over[table.file.name] = AUTHORS_ALONE
            continue
        name = source if len(files) == 1 and not table.file.member else table.file.name
        shape = table.shape
        if not FORMATS[shape.format].canonical and shape.keys not in samples:
            samples[shape.keys] = _sample(table, store)
        sample = samples.get(shape.keys, [])
        columns = listing_columns(name, shape, parameters, sample, required)
        tables.append((table.file, ListingFormat(shape, columns)))
    # Of a feed, later messages replace what earlier ones say; all others keep their order.
    tables.sort(key=lambda table: table[1].shape.sent)
    return ListingFiles(
        tables, found.passed_over, [table for table in found.tables if table.shape.authors], files
    )


def _sample(table: SourceTable, store: Store) -> list[Any]:
    """Return the values of the first rows of a table; tables of the same columns share them."""
    with corrupt_as_bad_input(table.file), opened(table.file, store) as stream:
        rows = islice(read_rows(stream, table.shape), _SAMPLE_ROWS)
        return [row.values for row in rows if row.reason is None]


def find_chunks(files: ListingFiles, store: Store) -> Iterator[ListingChunk]:
    """Yield the chunks of all tables in order.

    Large files are split, if their format can be. Small files share a chunk, and so do all files of
    an archive, which is read once.
    """
    number, size = 0, 0
    pieces: list[Piece] = []
    for file, listing_format in files.tables:
        for part in _parts(file, listing_format, store):
            is_full = size >= PART_BYTES or len(pieces) >= _MAX_FILES
            if pieces and (is_full or part != WHOLE) and not _of_one_archive(pieces[-1].file, file):
                yield ListingChunk(number, tuple(pieces))
                number, size, pieces = number + 1, 0, []
            pieces.append(Piece(file, listing_format, part))
            size += file.size
    if pieces:
        yield ListingChunk(number, tuple(pieces))


def _of_one_archive(one: SourceFile, other: SourceFile) -> bool:
    return bool(one.member and other.member) and (one.bucket, one.key) == (other.bucket, other.key)


def _parts(file: SourceFile, listing_format: ListingFormat, store: Store) -> Iterator[ByteRange]:
    shape = listing_format.shape
    if file.size <= PART_BYTES or not FORMATS[shape.format].split or is_compressed(file, store):
        yield WHOLE
        return
    with opened(file, store) as stream, corrupt_as_bad_input(file):
        yield from split_rows(stream, shape, PART_BYTES)
