"""Choose colours of type, fields and veils, so that every line can be read."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from dustjacket.typesetting.arrange import Arrangement
from dustjacket.typesetting.art import ArtColours, Rgb
from dustjacket.typesetting.contrast import MIN_CONTRAST, contrast, veil_opacity
from dustjacket.typesetting.preview import ArtPreview, hex_of, painted, rgb_of
from dustjacket.typesetting.schemas import Box, FilledBox, TextBlock
from dustjacket.typesetting.setter import PlacedType
from dustjacket.typesetting.style import HouseStyle

_AROUND = 14
"""Pixels around ink that count as behind it."""
_FADE = 0.2
"""Of the cover's height, over which a veil fades out beyond the text."""
_HAZE, _LIGHT, _BLACK = 2.0, 5.0, (0, 0, 0)
"""A light veil looks like fog, and costs so many times as much as a dark one."""
_LINE = 0.0022
"""Width of a panel's inner line, as a share of the cover's."""


@dataclass(frozen=True)
class Coloured:
    """An arrangement in colour.

    Attributes:
        veil: how much veils hide, 0 to 1; contrast: the least of any text.
    """

    background: str
    fills: tuple[FilledBox, ...]
    texts: tuple[TextBlock, ...]
    veil: float
    contrast: float


def colour(
    arrangement: Arrangement,
    preview: ArtPreview,
    colours: ArtColours,
    style: HouseStyle,
    size: tuple[int, int],
) -> Iterator[Coloured]:
    """Yield an arrangement in the colours that suit it: type over art, or on a field."""
    if arrangement.family == "overlay":
        yield _over_art(arrangement, preview, colours, style, size)
        return
    fields: tuple[Rgb, ...] = (colours.deep, colours.paper, colours.vivid)
    if style.colours.field:
        fields = (rgb_of(style.colours.field),)
    for field in fields:
        yield _on_field(arrangement, preview, colours, style, field, size)


def _on_field(
    arrangement: Arrangement,
    preview: ArtPreview,
    colours: ArtColours,
    style: HouseStyle,
    field: Rgb,
    size: tuple[int, int],
) -> Coloured:
    behind = np.array([field])
    plain = max((colours.light, colours.ink), key=lambda ink: contrast(ink, behind))
    title = plain if contrast(colours.vivid, behind) < MIN_CONTRAST else colours.vivid
    chosen = {
        "title": _preferred(style.colours.title, behind) or title,
        "text": _preferred(style.colours.text, behind) or plain,
    }
    fills: list[FilledBox] = []
    if arrangement.panel:
        fills.append(FilledBox(box=arrangement.panel, colour=hex_of(field)))
        inset, width = 0.017 * size[0], _LINE * size[0]
        inner = Box(
            left=arrangement.panel.left + inset, top=arrangement.panel.top + inset,
            width=arrangement.panel.width - 2 * inset, height=arrangement.panel.height - 2 * inset,
        )  # fmt: skip
        fills.append(FilledBox(box=inner, colour=hex_of(chosen["title"]), stroke=width))
    texts = [
        text.block(hex_of(chosen["title" if text.role == "title" else "text"]))
        for text in arrangement.texts
    ]
    pixels = painted(preview, field, fills)
    return Coloured(
        hex_of(field), tuple(fills), tuple(texts), 0.0, _least(texts, arrangement, pixels, preview)
    )


def _preferred(named: str | None, behind: np.ndarray) -> Rgb | None:
    """Return a style's colour where it can be read."""
    if named and contrast(rgb_of(named), behind) >= MIN_CONTRAST:
        return rgb_of(named)
    return None


def _over_art(
    arrangement: Arrangement,
    preview: ArtPreview,
    colours: ArtColours,
    style: HouseStyle,
    size: tuple[int, int],
) -> Coloured:
    """Colour type over art alike at head and foot, with the lightest veils that suffice."""
    pixels = preview.pixels.astype(np.float64)
    groups = [group for group in arrangement.groups if group]
    areas = [pixels[preview.mask([t.box for t in group], _AROUND)] for group in groups]
    named = [rgb_of(c) for c in (style.colours.title, style.colours.text) if c]
    choices: list[tuple[Rgb, Rgb]] = [(colours.light, colours.ink), (colours.ink, colours.paper)]
    for own in named[:1]:
        veil = max((colours.ink, colours.light), key=lambda c: contrast(own, np.array([c])))
        choices = [(own, veil)]
    veils = [[veil_opacity(ink, veil, area) for area in areas] for ink, veil in choices]

    def cost(number: int) -> float:
        haze = _HAZE if contrast(choices[number][1], np.array([_BLACK])) > _LIGHT else 1.0
        return haze * (max(veils[number]) + 0.3 * sum(veils[number]))

    at = min(range(len(choices)), key=cost)
    (ink, veil), opacities = choices[at], veils[at]
    fills = [
        _veil(group, veil, opacity, size)
        for group, opacity in zip(groups, opacities, strict=True)
        if opacity
    ]
    fills = _merged(fills)
    texts = [text.block(hex_of(ink)) for text in arrangement.texts]
    behind = painted(preview, colours.deep, fills)
    return Coloured(
        hex_of(colours.deep),
        tuple(fills),
        tuple(texts),
        min(1.0, cost(at)),
        _least(texts, arrangement, behind, preview),
    )


def _veil(
    group: tuple[PlacedType, ...], colour: Rgb, opacity: float, size: tuple[int, int]
) -> FilledBox:
    """Return a veil behind texts, from the nearer edge of the cover, that fades out beyond them."""
    width, height = size
    first, last = min(t.box.top for t in group), max(t.box.bottom for t in group)
    fade = _FADE * height
    if (first + last) / 2 < height / 2:
        bottom = min(height, last + _AROUND + fade)
        box = Box(left=0, top=0, width=width, height=bottom)
        return FilledBox(
            box=box, colour=hex_of(colour), opacity=opacity, fade="down",
            fade_share=min(1.0, (bottom - last - _AROUND) / bottom),
        )  # fmt: skip
    top = max(0.0, first - _AROUND - fade)
    box = Box(left=0, top=top, width=width, height=height - top)
    return FilledBox(
        box=box, colour=hex_of(colour), opacity=opacity, fade="up",
        fade_share=min(1.0, (first - _AROUND - top) / (height - top)),
    )  # fmt: skip


def _merged(fills: list[FilledBox]) -> list[FilledBox]:
    """Return one veil for two that fade the same way."""
    if len(fills) < 2:
        return fills
    first, second = fills
    if first.fade == second.fade:
        larger = max(fills, key=lambda fill: fill.box.height)
        return [larger.model_copy(update={"opacity": max(first.opacity, second.opacity)})]
    return fills


def _least(
    texts: list[TextBlock], arrangement: Arrangement, pixels: np.ndarray, preview: ArtPreview
) -> float:
    return min(
        contrast(rgb_of(text.colour), pixels[preview.mask([placed.box], 4)])
        for text, placed in zip(texts, arrangement.texts, strict=True)
    )
