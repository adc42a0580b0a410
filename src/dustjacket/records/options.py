"""How records are read: the parameters of both ingestions, and what is made of them once."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, Field

from dustjacket.errors import BadInputError
from dustjacket.records.genre_table import (
    DEFAULT_SCHEMES,
    MAX_BYTES,
    NO_TABLE,
    GenreTable,
    read_genre_table,
)
from dustjacket.records.genres import genre_key
from dustjacket.records.values import MISSING_WORDS
from dustjacket.sources.files import stage
from dustjacket.sources.streams import opened
from dustjacket.storage.store import Store

ListGenre = Literal["first", "last"]
RightsHolder = Literal["others", "own"]


class RecordParameters(BaseModel):
    """Parameters on how a row becomes a book; both ingestions have them."""

    subject_scheme: tuple[str, ...] = Field(
        (),
        max_length=20,
        description="Schemes of subjects that give the genre, best first; own is the genre column. "
        f"Empty: {', '.join(DEFAULT_SCHEMES)}",
    )
    genre_depth: int = Field(
        1,
        ge=1,
        le=8,
        description="Depth of genres from subjects: levels of a BISAC heading or of a path, or "
        "characters of a code of another scheme",
    )
    genre_mapping: str = Field(
        "",
        max_length=2000,
        description="CSV table scheme,code,genre that maps codes, and all that begin with them, to "
        "genres, or scheme,code,name that names codes: path or s3:// address",
    )
    list_genre: ListGenre = Field(
        "first", description="Which genre of a list counts: the first, or the last"
    )
    missing_words: tuple[str, ...] = Field(
        (),
        max_length=200,
        description="Words that stand for a missing value, in any case; titles keep them. Empty: "
        "the usual ones, such as NULL, None, nan, N/A and \\N",
    )
    rights_holder: RightsHolder = Field(
        "others",
        description="Whose books these are: own lifts the reservation of text and data mining",
    )
    ignore_reservation_reason: str = Field(
        "",
        max_length=500,
        description="Why models may be trained on books whose rights holder reserves text and data "
        "mining; recorded in the version and the model card. Empty: they are not",
    )


@dataclass(frozen=True)
class RecordOptions:
    """What :func:`dustjacket.records.record.record_of` needs of the parameters.

    Attributes:
        accepted_genres: keys of the genres to prefer; empty: all.
        missing: case-folded words.
        train_on_reserved: whether a reservation of text and data mining is lifted.
    """

    schemes: tuple[str, ...] = DEFAULT_SCHEMES
    depth: int = 1
    table: GenreTable = NO_TABLE
    list_genre: ListGenre = "first"
    accepted_genres: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset(MISSING_WORDS)
    train_on_reserved: bool = False


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
    )


def _genre_table(address: str, store: Store) -> GenreTable:
    if not address:
        return NO_TABLE
    files = stage(address, store, lambda _: True)
    if len(files) != 1:
        raise BadInputError(f"genre_mapping {address!r} is {len(files)} files: name one CSV file")
    with opened(files[0], store) as stream:
        return read_genre_table(stream.read(MAX_BYTES + 1), address)
