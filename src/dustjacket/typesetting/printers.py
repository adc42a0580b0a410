"""Printers: bleed, paper and barcode of each, in a data file with its source and date."""

import json
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from dustjacket.errors import BadInputError

PIXELS_PER_INCH = 320
Inches = Annotated[float, Field(gt=0, le=30, allow_inf_nan=False)]


class PrinterProfile(BaseModel):
    """What a printer wants of a paperback's cover. Lengths are in inches.

    Attributes:
        sources, read: where the figures are from, and when they were read there.
        bleed: art beyond the trim on each outer side.
        spine_base: width of the spine beside that of the pages.
        spine_margin: between spine text and the spine's edges; spine_text_pages: the fewest pages
            of a book whose spine has text.
        barcode: width and height of its white box; barcode_inset: from the trim and the spine.
        papers: thickness of a page; trims: width and height of the book.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    sources: tuple[str, ...]
    read: date
    note: str = ""
    bleed: Inches
    spine_base: Annotated[float, Field(ge=0, le=1)] = 0
    spine_margin: Inches
    spine_text_pages: int
    pages: tuple[int, int]
    barcode: tuple[Inches, Inches]
    barcode_inset: Inches
    papers: dict[str, Annotated[float, Field(gt=0, le=0.1)]]
    trims: dict[str, tuple[Inches, Inches]]


class WrapOptions(BaseModel):
    """A paperback: who prints it, on what paper, and its size and length."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    printer: str = Field("kdp", max_length=40)
    trim: str = Field("5x8", max_length=20)
    paper: str = Field("cream", max_length=40)
    pages: int = Field(ge=1, le=5000)


@cache
def printers() -> dict[str, PrinterProfile]:
    """Return all profiles by name."""
    content = json.loads(
        files("dustjacket.typesetting").joinpath("printers.json").read_text("utf-8")
    )
    return {name: PrinterProfile.model_validate(value) for name, value in content.items()}


@cache
def profile_for(options: WrapOptions) -> PrinterProfile:
    """Return the printer's profile.

    Raises:
        BadInputError: it is unknown, or does not offer the trim, paper or number of pages.
    """
    profile = printers().get(options.printer)
    if profile is None:
        raise BadInputError(f"printer {options.printer!r} is unknown: {', '.join(printers())}")
    for name, offered in (("trim", profile.trims), ("paper", profile.papers)):
        value = getattr(options, name)
        if value not in offered:
            raise BadInputError(
                f"{profile.name} has no {name} {value!r}: choose one of {', '.join(offered)}"
            )
    fewest, most = profile.pages
    if not fewest <= options.pages <= most:
        raise BadInputError(f"{profile.name} prints {fewest} to {most} pages, not {options.pages}")
    return profile


def trim_pixels(options: WrapOptions) -> tuple[int, int]:
    """Return the width and height of the front in pixels, for :func:`lay_out`."""
    width, height = profile_for(options).trims[options.trim]
    return round(width * PIXELS_PER_INCH), round(height * PIXELS_PER_INCH)


def spine_width(options: WrapOptions) -> float:
    """Return the width of the spine in inches."""
    profile = profile_for(options)
    return profile.spine_base + options.pages * profile.papers[options.paper]
