"""Find the files of a listing, the format of each, and the chunks that are read apart."""

from collections.abc import Iterator
from itertools import islice

from dustjacket.catalog.columns import CURE, ListingFormat, listing_columns, named_columns
from dustjacket.catalog.parse import ListingChunk
from dustjacket.catalog.step import CatalogParameters
from dustjacket.errors import BadInputError
from dustjacket.sources.csv import WHOLE, ByteRange
from dustjacket.sources.files import SourceFile, name_of, stage
from dustjacket.sources.formats import (
    FORMATS,
    endings,
    is_table_name,
    read_rows,
    shape_of,
    split_rows,
)
from dustjacket.sources.streams import corrupt_as_bad_input, is_compressed, opened
from dustjacket.sources.tables import ReadOptions
from dustjacket.storage.store import Store

PART_BYTES = 4 << 20
_SAMPLE_ROWS = 1000


ListingFiles = list[tuple[SourceFile, ListingFormat]]


def find_files(parameters: CatalogParameters, store: Store) -> ListingFiles:
    """Return the files of the source and their formats, sorted by name.

    Raises:
        BadInputError: there is no file, or a file is no listing.
    """
    source = parameters.source

    def is_wanted(name: str) -> bool:
        # A source that is a single file is read whatever its extension.
        return name == name_of(source) or is_table_name(name)

    files = stage(source, store, is_wanted)
    if not files:
        raise BadInputError(
            f"listing {source!r} has no file with one of the endings {' '.join(endings())}: {CURE}"
        )
    return [(file, detect_format(file, source, store, parameters)) for file in files]


def find_chunks(files: ListingFiles, store: Store) -> Iterator[ListingChunk]:
    """Yield the chunks of all files in order; large files are split, if their format can be."""
    number = 0
    for file, listing_format in files:
        for part in _parts(file, listing_format, store):
            yield ListingChunk(number, file, listing_format, part)
            number += 1


def _parts(file: SourceFile, listing_format: ListingFormat, store: Store) -> Iterator[ByteRange]:
    shape = listing_format.shape
    if file.size <= PART_BYTES or not FORMATS[shape.format].split or is_compressed(file, store):
        yield WHOLE
        return
    with opened(file, store) as stream, corrupt_as_bad_input(file):
        yield from split_rows(stream, shape, PART_BYTES)


def detect_format(
    file: SourceFile, source: str, store: Store, parameters: CatalogParameters
) -> ListingFormat:
    """Return the shape and columns of one file of a source.

    Raises:
        BadInputError: the file is no listing; the message names it as ``source`` does.
    """
    is_single_file = file.name == name_of(source)
    name = source if is_single_file else f"{source.rstrip('/')}/{file.name}"
    named = frozenset(named_columns(parameters).values())
    options = ReadOptions(name, parameters.separator, parameters.encoding, named)
    with corrupt_as_bad_input(file):
        with opened(file, store) as stream:
            shape = shape_of(stream, options)
        if FORMATS[shape.format].canonical:
            return ListingFormat(shape, listing_columns(name, shape, parameters, ()))
        with opened(file, store) as stream:
            rows = islice(read_rows(stream, shape), _SAMPLE_ROWS)
            sample = [row.values for row in rows if row.reason is None]
    return ListingFormat(shape, listing_columns(name, shape, parameters, sample))
