"""The full cover of a paperback: back, spine and front on one sheet, with bleed and barcode."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from dustjacket.errors import BadInputError
from dustjacket.typesetting.art import Rgb, read_art
from dustjacket.typesetting.contrast import MIN_CONTRAST, contrast
from dustjacket.typesetting.drawing import Drawing, ImageBox, Item, Turned, fitted_jpeg
from dustjacket.typesetting.fit import fit
from dustjacket.typesetting.fonts import Catalogue, catalogue
from dustjacket.typesetting.preview import hex_of, rgb_of
from dustjacket.typesetting.printers import (
    PIXELS_PER_INCH,
    PrinterProfile,
    WrapOptions,
    profile_for,
    spine_width,
    trim_pixels,
)
from dustjacket.typesetting.provenance import xmp_packet
from dustjacket.typesetting.render import Form, render_drawing
from dustjacket.typesetting.schemas import Box, FilledBox, Layout, TextBlock, TextLine, check_fits

_MODULE = 0.33 / 25.4
"""Inches: the width of the thinnest bar of an EAN-13 at its nominal size (GS1)."""
_BAR_HEIGHT, _DIGITS = 0.72, 0.115
"""Inches, of the bars and the digits below them."""
_BODY_SIZE = 0.029
"""Largest size of the description, as a share of the trim's width: 10.4 points on 5 inches."""
_SPINE_SHARES = {"title": (0.56, 0.52), "author": (0.3, 0.3)}
"""Of the spine's length and width that title and author may take."""
_LIGHT, _DARK = (250, 248, 242), (22, 20, 20)


@dataclass(frozen=True)
class _Sheet:
    """Geometry in pixels; lengths of the profile are in inches."""

    profile: PrinterProfile
    trim: tuple[int, int]
    bleed: float
    spine: float

    @property
    def size(self) -> tuple[float, float]:
        return 2 * self.trim[0] + self.spine + 2 * self.bleed, self.trim[1] + 2 * self.bleed

    @property
    def front_left(self) -> float:
        return self.bleed + self.trim[0] + self.spine


def render_wrap(
    front: Layout,
    art: bytes,
    options: WrapOptions,
    form: Form,
    *,
    font_folder: Path | None = None,
) -> bytes:
    """Return the full cover as a file; the front was laid out at :func:`trim_pixels`.

    Back and spine have the background of the front. The back has the description and, if the book
    has an ISBN, its barcode (EAN-13). A thin spine has no text.

    Raises:
        BadInputError: the printer does not offer this, the front has another shape, or as by
            :func:`dustjacket.typesetting.render.render`.
    """
    fonts = catalogue(font_folder)
    check_fits(front, fonts)
    if (front.width, front.height) != trim_pixels(options):
        width, height = trim_pixels(options)
        raise BadInputError(
            f"the layout is of {front.width} x {front.height} pixels, a front of {options.trim} in "
            f"of {width} x {height}: lay it out with the same trim"
        )
    drawing = wrap_drawing(front, read_art(art), options, fonts)
    xmp = xmp_packet(front.book.title, front.book.author, front.provenance, concept=front.concept)
    return render_drawing(drawing, form, fonts, xmp)


def wrap_drawing(
    front: Layout, art: Image.Image, options: WrapOptions, fonts: Catalogue
) -> Drawing:
    """Return back, spine and front as a drawing."""
    profile = profile_for(options)
    sheet = _Sheet(
        profile,
        (front.width, front.height),
        profile.bleed * PIXELS_PER_INCH,
        spine_width(options) * PIXELS_PER_INCH,
    )
    box = _bled(front.art_box, front, sheet)
    pictures: list[Item] = [
        ImageBox(box, fitted_jpeg(art, box, front.cut_above), "jpeg", "Art of the cover")
    ]
    cut = [fill for fill in front.fills if not fill.stroke]
    fields: list[Item] = [
        fill.model_copy(update={"box": _bled(fill.box, front, sheet)}) for fill in cut
    ]
    fields += [
        fill.model_copy(update={"box": _moved(fill.box, sheet)}) for fill in front.fills
        if fill.stroke
    ]  # fmt: skip
    type_items: list[Item] = [_moved_text(block, sheet) for block in front.texts]
    field = rgb_of(front.background)
    ink = max((_LIGHT, _DARK), key=lambda colour: contrast(colour, np.array([field])))
    accent = _accent(front, field) or ink
    if options.pages >= profile.spine_text_pages:
        type_items += _spine(front, sheet, fonts, accent, ink)
    type_items += _description(front, sheet, fonts, ink)
    if front.book.isbn:
        bars, digits = _barcode(front.book.isbn, sheet, fonts)
        fields += bars
        type_items.append(digits)
    width, height = sheet.size
    return Drawing(
        width, height, front.background, front.book.title, front.book.author,
        {"art": pictures, "fields": fields, "type": type_items},
    )  # fmt: skip


def _accent(front: Layout, field: Rgb) -> Rgb | None:
    title = front.block("title")
    colour = rgb_of(title.colour) if title else field
    return colour if contrast(colour, np.array([field])) >= MIN_CONTRAST else None


def _moved(box: Box, sheet: _Sheet) -> Box:
    return box.model_copy(
        update={"left": box.left + sheet.front_left, "top": box.top + sheet.bleed}
    )


def _bled(box: Box, front: Layout, sheet: _Sheet) -> Box:
    """Return a box of the front on the sheet; where it touches the trim, it goes into the bleed."""
    right = box.right + (sheet.bleed if box.right >= front.width - 1 else 0)
    top = box.top - (sheet.bleed if box.top <= 1 else 0)
    bottom = box.bottom + (sheet.bleed if box.bottom >= front.height - 1 else 0)
    grown = Box(left=box.left, top=top, width=right - box.left, height=bottom - top)
    return _moved(grown, sheet)


def _moved_text(block: TextBlock, sheet: _Sheet) -> TextBlock:
    lines = tuple(
        line.model_copy(
            update={"x": line.x + sheet.front_left, "baseline": line.baseline + sheet.bleed}
        )
        for line in block.lines
    )
    return block.model_copy(update={"lines": lines, "box": _moved(block.box, sheet)})


def _spine(front: Layout, sheet: _Sheet, fonts: Catalogue, accent: Rgb, ink: Rgb) -> list[Item]:
    """Return title and author along the spine, from the top down."""
    margin = 0.05 * sheet.trim[1]
    middle = sheet.bleed + sheet.trim[0] + sheet.spine / 2
    usable = sheet.spine - 2 * sheet.profile.spine_margin * PIXELS_PER_INCH
    items: list[Item] = []
    for role, colour in (("title", accent), ("author", ink)):
        block = front.block(role)
        if block is None or usable <= 0:
            continue
        length, share = _SPINE_SHARES[role]
        face = fonts.face(block.font, block.weight, italic=block.italic)
        text = fit(
            block.text, face, length * sheet.trim[1], usable,
            max_size=share * sheet.spine, max_lines=1, tracking=block.tracking,
        )  # fmt: skip
        start = role == "title"
        along = sheet.bleed + (margin if start else sheet.trim[1] - margin)
        # Turned clockwise, what was above the baseline is to its right.
        across = middle - (text.ascent - (text.height - text.ascent)) / 2
        box = Box(left=across, top=min(along, sheet.bleed), width=usable, height=text.width)
        turned = block.model_copy(
            update={
                "size": text.size, "colour": hex_of(colour), "box": box,
                "align": "left" if start else "right",
                "lines": (TextLine(text=block.text, x=across, baseline=along),),
            }
        )  # fmt: skip
        items.append(Turned(turned, 90))
    return items


def _description(front: Layout, sheet: _Sheet, fonts: Catalogue, ink: Rgb) -> list[Item]:
    text = front.book.description
    if not text:
        return []
    author = front.block("author") or front.block("subtitle") or front.texts[0]
    face = fonts.face_for(text, author.font, 400, italic=False)
    margin = 0.12 * sheet.trim[0]
    width = sheet.trim[0] - 2 * margin
    height = 0.62 * sheet.trim[1] - margin
    fitted = fit(
        text, face, width, height, max_size=_BODY_SIZE * sheet.trim[0], max_lines=40, leading=1.5
    )
    left, top = sheet.bleed + margin, sheet.bleed + margin
    first = top + fitted.ascent
    block = TextBlock(
        role="description", font=face.family, weight=face.weight, size=fitted.size,
        colour=hex_of(ink), align="left",
        box=Box(left=left, top=top, width=fitted.width, height=fitted.height),
        lines=tuple(
            TextLine(text=line, x=left, baseline=first + number * fitted.pitch)
            for number, (line, _) in enumerate(fitted.lines)
        ),
    )  # fmt: skip
    return [block]


def _barcode(isbn: str, sheet: _Sheet, fonts: Catalogue) -> tuple[list[Item], TextBlock]:
    """Return the bars of an EAN-13 on a white box, at the foot of the back near the spine."""
    from barcode import EAN13

    width, height = (side * PIXELS_PER_INCH for side in sheet.profile.barcode)
    inset = sheet.profile.barcode_inset * PIXELS_PER_INCH
    left = sheet.bleed + sheet.trim[0] - inset - width
    top = sheet.bleed + sheet.trim[1] - inset - height
    items: list[Item] = [
        FilledBox(box=Box(left=left, top=top, width=width, height=height), colour="#ffffff")
    ]
    pattern = EAN13(isbn).build()[0]
    module = _MODULE * PIXELS_PER_INCH
    start, high = left + (width - len(pattern) * module) / 2, _BAR_HEIGHT * PIXELS_PER_INCH
    bar_top = top + (height - high - 1.9 * _DIGITS * PIXELS_PER_INCH) / 2
    at = 0
    while at < len(pattern):
        end = at
        while end < len(pattern) and pattern[end] == pattern[at]:
            end += 1
        if pattern[at] == "1":
            bar = Box(left=start + at * module, top=bar_top, width=(end - at) * module, height=high)
            items.append(FilledBox(box=bar, colour="#000000"))
        at = end
    shown = f"{isbn[0]} {isbn[1:7]} {isbn[7:]}"
    face = fonts.face_for(shown, "Lato", 500, italic=False)
    size = _DIGITS * PIXELS_PER_INCH
    baseline = bar_top + high + 1.35 * size
    digits = TextBlock(
        role="isbn", font=face.family, weight=face.weight, size=size, tracking=0.08,
        colour="#000000", align="center",
        box=Box(left=left, top=baseline - size, width=width, height=size),
        lines=(TextLine(text=shown, x=left + width / 2, baseline=baseline),),
    )  # fmt: skip
    return items, digits
