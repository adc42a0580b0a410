"""The parameters of both ingestions on how a row becomes a book."""

from typing import Literal

from pydantic import BaseModel, Field

from dustjacket.records.column_names import DEFAULT_SCHEMES

ListGenre = Literal["first", "last"]
RightsHolder = Literal["others", "own"]
SOURCES = ("source", "enrich", "corrections", "catalog", "genre_mapping", "expectations")
"""Parameters of the ingestions whose values are paths or addresses of what they read."""


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
    expectations: str = Field(
        "",
        max_length=2000,
        description="YAML or JSON file with a pandera schema that accepted rows must satisfy, or "
        "the version is held back: path or s3:// address",
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
