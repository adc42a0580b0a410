"""What is wanted of cover concepts, and the checks of it; importing this imports no model."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from dustjacket.covers.step import CoversParameters
from dustjacket.errors import BadInputError
from dustjacket.typesetting.book import MAX_DESCRIPTION, MAX_TITLE, CleanText
from dustjacket.typesetting.style import FamilyName, FieldColours

ExportForm = Literal["png", "jpeg", "svg", "pdf", "json"]
MAX_CONCEPTS = 16
MAX_GUIDANCE = 8.0
MIN_ART_SIDE = 300
"""Pixels of the shorter side of own art; less is too coarse for a cover."""
_MAX_SEED = 2**31 - 1
_ART_LIMITS = CoversParameters(short_side=1024, min_ink=0.0)


class ConceptRequest(BaseModel):
    """A book, which need not exist, and how many concepts of its cover are wanted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: CleanText = Field(min_length=1, max_length=MAX_TITLE)
    subtitle: CleanText = Field("", max_length=MAX_TITLE)
    author: CleanText = Field("", max_length=MAX_TITLE)
    description: str = Field("", max_length=MAX_DESCRIPTION, description="what the book is about")
    genre: CleanText = Field("", max_length=100, description="decides palette, motifs and type")
    n: int = Field(4, ge=1, le=MAX_CONCEPTS, description="concepts")
    seed: int = Field(0, ge=0, le=_MAX_SEED, description="of the first; each next one adds 1")
    guidance: float = Field(
        2.0, ge=0, le=MAX_GUIDANCE, description="0: typical covers; higher: closer to the text"
    )
    type_seed: int | None = Field(
        None, ge=0, le=_MAX_SEED, description="of the first layout; none: that of the art"
    )

    style: CleanText = Field("", max_length=60, description="house style; empty: the team's")
    layout: FamilyName | None = Field(None, description="family of layouts; none: any")
    colours: FieldColours = Field(
        FieldColours(), description="of type and fields; those not given: of the style, or the art"
    )

    @field_validator("title")
    @classmethod
    def _not_empty(cls, title: str) -> str:
        if not title:
            raise ValueError("it is empty: give a title")
        return title


def check_art(body: bytes) -> bytes:
    """Return a picture that is used in place of drawn art, checked and re-encoded.

    Raises:
        BadInputError: it is no picture, too small, too large, or hostile.
    """
    from dustjacket.covers.check import check_cover
    from dustjacket.covers.refusals import why_refused

    art = check_cover(body, _ART_LIMITS)
    if isinstance(art, str):
        raise BadInputError(f"the art is refused: {why_refused(art, body, _ART_LIMITS)}")
    if min(art.width, art.height) < MIN_ART_SIDE:
        raise BadInputError(
            f"the art is refused: it is {art.width} x {art.height} pixels: at least "
            f"{MIN_ART_SIDE} are needed on the shorter side"
        )
    return art.body
