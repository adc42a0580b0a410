"""What a cover is drawn of, whatever the file format: pictures, fields and lines of text."""

import base64
import io
import unicodedata
from dataclasses import dataclass, field
from typing import Any, Literal

from PIL import Image

from dustjacket.errors import BadInputError
from dustjacket.typesetting.art import check_size, cropped
from dustjacket.typesetting.preview import opacity_at
from dustjacket.typesetting.schemas import Box, FilledBox, Layout, TextBlock

LayerName = Literal["art", "fields", "type"]
POINTS = 0.225
"""Points per pixel: a cover 1600 pixels wide is 5 inches wide."""
_STOPS = 9
"""Of a veil's gradient: enough to look smooth."""
_QUALITY = 92


@dataclass(frozen=True)
class ImageBox:
    """An image file in a box; ``alt`` describes it to a screen reader."""

    box: Box
    body: bytes
    kind: Literal["jpeg", "png"]
    alt: str


@dataclass(frozen=True)
class Turned:
    """Text turned clockwise by so many degrees about the origin of its line."""

    block: TextBlock
    degrees: float


Item = ImageBox | FilledBox | TextBlock | Turned


@dataclass(frozen=True)
class Drawing:
    """All of a page, in pixels, in layers from the back to the front.

    Attributes:
        points: of each pixel.
    """

    width: float
    height: float
    background: str
    title: str
    author: str
    layers: dict[LayerName, list[Item]] = field(default_factory=dict)
    points: float = POINTS

    def items(self) -> list[Item]:
        """Return all items, from the back to the front."""
        return [item for items in self.layers.values() for item in items]


def drawing_of(layout: Layout, art: Image.Image) -> Drawing:
    """Return a layout with its art as a drawing."""
    pictures: list[Item] = [
        ImageBox(
            layout.art_box,
            fitted_jpeg(art, layout.art_box, layout.cut_above),
            "jpeg",
            "Art of the cover",
        )
    ]
    fields: list[Item] = list(layout.fills)
    if layout.logo and layout.logo_png:
        fields.append(ImageBox(layout.logo, checked_png(layout.logo_png), "png", "Logo"))
    return Drawing(
        layout.width, layout.height, layout.background, layout.book.title, layout.book.author,
        {"art": pictures, "fields": fields, "type": list(layout.texts)},
    )  # fmt: skip


def fitted_jpeg(art: Image.Image, box: Box, above: float) -> bytes:
    """Return the art, cut to a box, as JPEG with at least its pixels.

    Art with more pixels keeps up to twice as many a side; smaller art is enlarged smoothly.
    """
    kept = cropped(art, box.width, box.height, above)
    width = min(max(kept.width, round(box.width)), round(2 * box.width))
    height = max(1, round(width * box.height / box.width))
    encoded = io.BytesIO()
    kept.resize((width, height), Image.Resampling.LANCZOS).save(
        encoded, "JPEG", quality=_QUALITY, subsampling=0
    )
    return encoded.getvalue()


def checked_png(text: str) -> bytes:
    """Return a PNG from base 64, drawn anew.

    Raises:
        BadInputError: it is no PNG image, or too large.
    """
    try:
        with Image.open(io.BytesIO(base64.b64decode(text)), formats=("PNG",)) as image:
            check_size(image.size)
            encoded = io.BytesIO()
            image.convert("RGBA").save(encoded, "PNG")
    except BadInputError as error:
        raise BadInputError(f"the layout's logo: {error}") from error
    except Exception as error:  # decoders raise anything on broken data
        raise BadInputError("the layout's logo is no PNG image that can be read") from error
    return encoded.getvalue()


def stops(fill: FilledBox) -> list[tuple[float, float]]:
    """Return the opacities of a field or veil: pairs of place, 0 to 1 downwards, and opacity."""
    if fill.fade == "none":
        return [(0.0, fill.opacity)]
    places = sorted({number / (_STOPS - 1) for number in range(_STOPS)} | _kink(fill))
    return [
        (round(at, 4), round(opacity_at(fill, fill.box.top + at * fill.box.height), 4))
        for at in places
    ]


def _kink(fill: FilledBox) -> set[float]:
    """Return where a veil begins to fade."""
    return {1 - fill.fade_share if fill.fade == "down" else fill.fade_share}


def is_rtl(text: str) -> bool:
    """Return whether a text's first letter is of a script written from right to left."""
    for character in text:
        if (direction := unicodedata.bidirectional(character)) in ("L", "R", "AL"):
            return direction != "L"
    return False


def typst_items(drawn: list[Item]) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """Return what ``cover.typ`` draws, and the files that it reads, by name."""
    items: list[dict[str, Any]] = []
    bodies: dict[str, bytes] = {}
    for item in drawn:
        if isinstance(item, ImageBox):
            name = f"picture{len(bodies)}.{item.kind}"
            bodies[name] = item.body
            items.append(
                {"kind": "picture", "file": name, "alt": item.alt, **item.box.model_dump()}
            )
        elif isinstance(item, FilledBox):
            shades = [{"at": at, "opacity": opacity} for at, opacity in stops(item)]
            items.append(
                {"kind": "field", "colour": item.colour, "stops": shades, "stroke": item.stroke}
                | item.box.model_dump()
            )
        else:
            block = item.block if isinstance(item, Turned) else item
            turned = item.degrees if isinstance(item, Turned) else 0.0
            items += [
                {
                    "kind": "text", "text": line.text, "x": line.x, "baseline": line.baseline,
                    "font": block.font, "weight": block.weight, "size": block.size,
                    "style": "italic" if block.italic else "normal", "tracking": block.tracking,
                    "colour": block.colour, "align": block.align, "rtl": is_rtl(line.text),
                    "rotation": turned,
                }
                for line in block.lines
            ]  # fmt: skip
    return items, bodies
