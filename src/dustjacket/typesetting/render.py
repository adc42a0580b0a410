"""Render a layout with its art: PNG, JPEG, layered SVG and PDF, the last two with live text."""

import io
import json
import tempfile
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from dustjacket.errors import DustjacketError, NotReadyError
from dustjacket.typesetting.art import read_art
from dustjacket.typesetting.drawing import Drawing, ImageBox, Item, drawing_of, typst_items
from dustjacket.typesetting.fonts import EXTRA_MISSING, Catalogue, catalogue
from dustjacket.typesetting.pdf import with_layers
from dustjacket.typesetting.preview import opacity_at
from dustjacket.typesetting.provenance import xmp_packet
from dustjacket.typesetting.schemas import Box, FilledBox, Layout, check_fits
from dustjacket.typesetting.svg import svg_of

Form = Literal["png", "jpeg", "svg", "pdf"]
FORMS: tuple[Form, ...] = ("png", "jpeg", "svg", "pdf")
_POINTS_PER_INCH = 72
_JPEG_QUALITY = 93
_PNG_LEVEL = 3
"""Of compression; higher ones take a second more for a few per cent."""


def render(layout: Layout, art: bytes, form: Form, *, font_folder: Path | None = None) -> bytes:
    """Return a cover as a file.

    The same layout, art and fonts give the same bytes. PNG and JPEG have the pixels of the layout.

    Args:
        font_folder: of a team's own fonts.

    Raises:
        BadInputError: the art cannot be read, a line leaves the cover, or a font is missing.
    """
    fonts = catalogue(font_folder)
    check_fits(layout, fonts)
    drawing = drawing_of(layout, read_art(art))
    xmp = xmp_packet(
        layout.book.title, layout.book.author, layout.provenance, concept=layout.concept
    )
    return render_drawing(drawing, form, fonts, xmp)


def render_drawing(drawing: Drawing, form: Form, fonts: Catalogue, xmp: bytes) -> bytes:
    """Return a drawing as a file, with an XMP packet in it."""
    if form == "svg":
        return svg_of(drawing, fonts, xmp)
    if form == "pdf":
        return with_layers(_typeset(drawing, drawing.items(), "pdf", fonts), xmp)
    image = _rasterise(drawing, fonts)
    dpi = round(_POINTS_PER_INCH / drawing.points)
    encoded = io.BytesIO()
    if form == "png":
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", xmp.decode())
        image.save(encoded, "PNG", pnginfo=info, dpi=(dpi, dpi), compress_level=_PNG_LEVEL)
    else:
        image.save(encoded, "JPEG", quality=_JPEG_QUALITY, subsampling=0, dpi=(dpi, dpi), xmp=xmp)
    return encoded.getvalue()


def _rasterise(drawing: Drawing, fonts: Catalogue) -> Image.Image:
    """Return a drawing in pixels: Typst draws the sharp parts, Pillow those without edges.

    Typst takes seconds for a veil as large as a cover, and Pillow milliseconds.
    """
    soft: list[Item] = []
    sharp: list[Item] = []
    for item in drawing.items():
        is_soft = isinstance(item, ImageBox) and item.kind == "jpeg"
        is_veil = isinstance(item, FilledBox) and item.fade != "none"
        (soft if is_soft or is_veil else sharp).append(item)
    image = Image.new("RGB", (round(drawing.width), round(drawing.height)), drawing.background)
    for item in soft:
        if isinstance(item, ImageBox):
            left, top, right, bottom = _edges(item.box)
            with Image.open(io.BytesIO(item.body)) as picture:
                shown = picture.resize((right - left, bottom - top), Image.Resampling.LANCZOS)
            image.paste(shown, (left, top))
        elif isinstance(item, FilledBox):
            left, top, right, bottom = _edges(item.box)
            shades = [round(255 * opacity_at(item, row + 0.5)) for row in range(top, bottom)]
            column = Image.frombytes("L", (1, bottom - top), bytes(shades))
            image.paste(item.colour, (left, top, right, bottom),
                        column.resize((right - left, bottom - top)))  # fmt: skip
    with Image.open(io.BytesIO(_typeset(drawing, sharp, "png", fonts))) as type_layer:
        image.paste(type_layer, (0, 0), type_layer)
    return image


def _edges(box: Box) -> tuple[int, int, int, int]:
    return round(box.left), round(box.top), round(box.right), round(box.bottom)


def _typeset(
    drawing: Drawing, items: list[Item], form: Literal["png", "pdf"], fonts: Catalogue
) -> bytes:
    """Return items as typeset by Typst: a PDF, or a PNG that is transparent elsewhere."""
    try:
        import typst
    except ImportError as error:
        raise NotReadyError(EXTRA_MISSING) from error
    described, bodies = typst_items(items)
    data = {
        "width": drawing.width, "height": drawing.height, "points": drawing.points,
        "background": drawing.background if form == "pdf" else None,
        "title": drawing.title, "author": drawing.author, "items": described,
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="dustjacket-cover-") as folder:
        root = Path(folder)
        source = root / "cover.typ"
        source.write_bytes(_source())
        for name, body in bodies.items():
            (root / name).write_bytes(body)
        try:
            return typst.compile(
                source,
                root=root,
                font_paths=fonts.fonts,
                format=form,
                ppi=_POINTS_PER_INCH / drawing.points,
                sys_inputs={"drawing": json.dumps(data)},
                package_path=root,
                package_cache_path=root,
                timestamp=0,
                pdf_tags=False,
            )
        except typst.TypstError as error:
            raise DustjacketError(f"the cover could not be typeset: {error}") from error


@cache
def _source() -> bytes:
    return files("dustjacket.typesetting").joinpath("cover.typ").read_bytes()
