"""A layout: where each line, field and picture of a cover stands. JSON in and out."""

import base64
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from dustjacket.errors import BadInputError
from dustjacket.typesetting.book import Book, CleanText
from dustjacket.typesetting.fonts import Catalogue, measure
from dustjacket.typesetting.provenance import Provenance
from dustjacket.typesetting.style import Alignment, Colour, FontName

WIDTH, HEIGHT = 1600, 2560
"""Pixels of a cover: the shape 1 : 1.6 that shops of e-books want."""
MAX_LAYOUT_BYTES = 4 << 20
_TOLERANCE = 1.005
_PNG = b"\x89PNG\r\n\x1a\n"
Pixels = Annotated[float, Field(ge=-4000, le=12_000, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


def _png(text: str) -> str:
    try:
        body = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise ValueError("no base 64") from error
    if text and not body.startswith(_PNG):
        raise ValueError("no PNG image")
    return text


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Box(_Part):
    """A rectangle in pixels, from the upper left corner of the cover."""

    left: Pixels
    top: Pixels
    width: Annotated[Pixels, Field(gt=0)]
    height: Annotated[Pixels, Field(gt=0)]

    @property
    def right(self) -> float:
        """Its right side."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Its lower side."""
        return self.top + self.height


class FilledBox(_Part):
    """A field of one colour, a veil that fades out, or a frame.

    Attributes:
        opacity: of the field, or of a veil where it is strongest.
        fade: the side towards which a veil fades out.
        fade_share: the share of its height over which it fades.
        stroke: width of a frame's line in pixels; 0: the box is filled.
    """

    box: Box
    colour: Colour
    opacity: Share = 1.0
    fade: Literal["none", "down", "up"] = "none"
    fade_share: Share = 0.5
    stroke: Annotated[float, Field(ge=0, le=200, allow_inf_nan=False)] = 0


class TextLine(_Part):
    """One line; ``x`` is its left, middle or right, as its block is aligned."""

    text: Annotated[CleanText, Field(min_length=1, max_length=400)]
    x: Pixels
    baseline: Pixels


class TextBlock(_Part):
    """Lines of one size and colour, and the box that holds their ink.

    Attributes:
        size: in pixels; tracking: in ems.
    """

    role: Literal["title", "subtitle", "author", "series", "label", "description", "isbn"]
    font: FontName
    weight: Annotated[int, Field(ge=100, le=900)]
    italic: bool = False
    size: Annotated[float, Field(ge=8, le=1200, allow_inf_nan=False)]
    tracking: Annotated[float, Field(ge=-0.05, le=0.3, allow_inf_nan=False)] = 0
    colour: Colour
    align: Alignment
    box: Box
    lines: Annotated[tuple[TextLine, ...], Field(min_length=1, max_length=40)]

    @property
    def text(self) -> str:
        """Its lines as one text."""
        return " ".join(line.text for line in self.lines)


class Layout(_Part):
    """A cover without its art.

    Attributes:
        art_box: where the art is, which fills it.
        cut_above: share of the rows of the art that do not fit that are cut off above.
        fills: drawn over the art, in order; texts are drawn over them.
        logo, logo_png: where the logo is, and it, as PNG in base 64.
        concept: the art has too few pixels to be printed at this size (300 a inch).
        family: kind of layout; contrast: the least of any text, by WCAG 2.2.
    """

    format: Literal[1] = 1
    width: Annotated[int, Field(ge=400, le=4000)] = WIDTH
    height: Annotated[int, Field(ge=400, le=6000)] = HEIGHT
    book: Book
    style: Annotated[CleanText, Field(max_length=60)] = ""
    family: Annotated[CleanText, Field(max_length=40)] = ""
    seed: int = 0
    concept: bool = False
    contrast: Annotated[float, Field(ge=1, le=21)] = 21
    background: Colour
    art_box: Box
    cut_above: Share = 0.3
    fills: Annotated[tuple[FilledBox, ...], Field(max_length=20)] = ()
    texts: Annotated[tuple[TextBlock, ...], Field(max_length=10)]
    logo: Box | None = None
    logo_png: Annotated[str, Field(max_length=2_000_000), AfterValidator(_png)] = ""
    provenance: Provenance | None = None

    def block(self, role: str) -> TextBlock | None:
        """Return the text in a role, or None."""
        return next((block for block in self.texts if block.role == role), None)


def read_layout(body: bytes) -> Layout:
    """Return a layout from JSON.

    Raises:
        BadInputError: it is too large, no JSON, or has a missing or wrong field.
    """
    if len(body) > MAX_LAYOUT_BYTES:
        raise BadInputError(f"the layout has over {MAX_LAYOUT_BYTES >> 20} MiB")
    try:
        return Layout.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise BadInputError(f"the layout is wrong: {where}: {first['msg']}") from error


def check_fits(layout: Layout, fonts: Catalogue) -> None:
    """Measure each line in its font, and refuse a layout with one that leaves the cover.

    Raises:
        BadInputError: a line is too long, a font is missing, or lacks a character.
    """
    for block in layout.texts:
        for line in block.lines:
            face = fonts.face_for(line.text, block.font, block.weight, italic=block.italic)
            if face.family != block.font:
                raise BadInputError(
                    f"{block.role} {line.text[:60]!r}: {block.font} lacks some of its characters; "
                    f"set the font to {face.family}"
                )
            left, right, top, bottom = ink(block, line, fonts)
            inside = left >= -1 and right <= layout.width + 1
            if not inside or top < -1 or bottom > layout.height + 1:
                raise BadInputError(
                    f"{block.role} {line.text[:60]!r} leaves the cover: make its size smaller than "
                    f"{block.size:.0f}, or break the line"
                )


def ink(block: TextBlock, line: TextLine, fonts: Catalogue) -> tuple[float, float, float, float]:
    """Return left, right, top and bottom of a line's ink in pixels, as measured in its font."""
    face = fonts.face(block.font, block.weight, italic=block.italic)
    extents = measure(line.text, face, block.tracking)
    advance = extents.advance * block.size
    shift = {"left": 0.0, "center": advance / 2, "right": advance}[block.align]
    origin = line.x - shift
    return (
        origin + min(0.0, extents.left) * block.size,
        origin + max(extents.right * block.size, advance),
        line.baseline - extents.ascent * block.size,
        line.baseline + extents.descent * block.size,
    )
