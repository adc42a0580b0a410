"""How records are read: the parameters of both ingestions, and what is made of them once."""

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, Field

from dustjacket.records.genre_table import DEFAULT_SCHEMES, NO_TABLE, GenreTable
from dustjacket.records.values import MISSING_WORDS

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
