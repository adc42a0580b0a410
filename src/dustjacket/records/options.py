"""What is made of the parameters once, before records are read."""

from collections.abc import Iterable
from dataclasses import dataclass

from dustjacket.errors import BadInputError
from dustjacket.records.column_names import DEFAULT_SCHEMES
from dustjacket.records.erased import NOTHING, Erased, read_erased
from dustjacket.records.genre_table import MAX_BYTES, NO_TABLE, GenreTable, read_genre_table
from dustjacket.records.genres import genre_key
from dustjacket.records.parameters import ListGenre, RecordParameters
from dustjacket.records.values import MISSING_WORDS
from dustjacket.sources.files import stage
from dustjacket.sources.streams import opened
from dustjacket.storage.store import Store


@dataclass(frozen=True)
class RecordOptions:
    """What :func:`dustjacket.records.record.record_of` needs of the parameters.

    Attributes:
        accepted_genres: keys of the genres to prefer; empty: all.
        missing: case-folded words.
        train_on_reserved: whether a reservation of text and data mining is lifted.
        erased: books and covers that no source brings back.
    """

    schemes: tuple[str, ...] = DEFAULT_SCHEMES
    depth: int = 1
    table: GenreTable = NO_TABLE
    list_genre: ListGenre = "first"
    accepted_genres: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset(MISSING_WORDS)
    train_on_reserved: bool = False
    erased: Erased = NOTHING


DEFAULT_OPTIONS = RecordOptions()


def options_of(
    parameters: RecordParameters, accepted_genres: Iterable[str], store: Store
) -> RecordOptions:
    """Return the options of an ingestion; its table of genres is read from its address.

    Args:
        accepted_genres: genres that count before others of a list; none: all.

    Raises:
        BadInputError: the table cannot be read.
    """
    reason = parameters.ignore_reservation_reason.strip()
    return RecordOptions(
        schemes=tuple(map(str.casefold, parameters.subject_scheme)) or DEFAULT_SCHEMES,
        depth=parameters.genre_depth,
        table=_genre_table(parameters.genre_mapping, store),
        list_genre=parameters.list_genre,
        accepted_genres=frozenset(map(genre_key, accepted_genres)),
        missing=frozenset(word.casefold() for word in parameters.missing_words or MISSING_WORDS),
        train_on_reserved=parameters.rights_holder == "own" or bool(reason),
        erased=read_erased(store),
    )


def _genre_table(address: str, store: Store) -> GenreTable:
    if not address:
        return NO_TABLE
    files = stage(address, store, lambda _: True)
    if len(files) != 1:
        raise BadInputError(f"genre_mapping {address!r} is {len(files)} files: name one CSV file")
    with opened(files[0], store) as stream:
        return read_genre_table(stream.read(MAX_BYTES + 1), address)
