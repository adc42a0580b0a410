"""A small picture of a cover before its type, on which calm and contrast are measured."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image, ImageColor

from dustjacket.typesetting.art import (
    CUT_ABOVE,
    PREVIEW_WIDTH,
    Rgb,
    cropped,
    detail_map,
    saliency_map,
)
from dustjacket.typesetting.schemas import Box, FilledBox

_CUTS = (0.0, 0.15, CUT_ABOVE, 0.5, 0.75, 1.0)
_USUAL_CUT = 0.03


@dataclass(frozen=True)
class ArtPreview:
    """Pixels (height, width, 3) of art in its box; the rest is black until it is filled.

    Attributes:
        scale: pixels of the preview per pixel of the cover.
        above: how the art is cut; see :func:`dustjacket.typesetting.art.cropped`.
        matters: (height, width) how much of what matters in the art is at each pixel; the sum is
            less than 1 where the box cuts some off.
    """

    pixels: np.ndarray
    art_box: Box
    scale: float
    above: float
    matters: np.ndarray

    def mask(self, boxes: Iterable[Box], grow: float = 0) -> np.ndarray:
        """Return which pixels are in any of the boxes, each grown by so many pixels of a cover."""
        inside = np.zeros(self.pixels.shape[:2], bool)
        for box in boxes:
            top, bottom = (box.top - grow) * self.scale, (box.bottom + grow) * self.scale
            left, right = (box.left - grow) * self.scale, (box.right + grow) * self.scale
            inside[
                max(0, int(top)) : int(np.ceil(bottom)), max(0, int(left)) : int(np.ceil(right))
            ] = True
        return inside

    @cached_property
    def detail(self) -> np.ndarray:
        """How busy each pixel is, 0 to 1."""
        return detail_map(self.pixels)

    def art_mask(self) -> np.ndarray:
        """Return which pixels show art."""
        return self.mask([self.art_box])


def saliency_of(art: Image.Image) -> Image.Image:
    """Return how much of what matters is at each pixel of a small copy of the art; the sum is 1."""
    small = art.resize(
        (PREVIEW_WIDTH, max(1, round(PREVIEW_WIDTH * art.height / art.width))),
        Image.Resampling.BOX,
    )
    return Image.fromarray(saliency_map(np.asarray(small)).astype(np.float32))


def preview_of(
    art: Image.Image, saliency: Image.Image, box: Box, size: tuple[int, int]
) -> ArtPreview:
    """Return a preview of art in a box of a cover of ``size``, cut where least is lost."""
    shown = (box.width, box.height)
    kept = {above: float(np.asarray(cropped(saliency, *shown, above)).sum()) for above in _CUTS}
    # A cut elsewhere than usual must show clearly more.
    above = max(_CUTS, key=lambda cut: kept[cut] + (_USUAL_CUT if cut == CUT_ABOVE else 0))
    scale = PREVIEW_WIDTH / size[0]
    pixels = np.zeros((round(size[1] * scale), PREVIEW_WIDTH, 3), np.uint8)
    matters = np.zeros(pixels.shape[:2], np.float32)
    top, left = round(box.top * scale), round(box.left * scale)
    height = max(1, min(len(pixels), round(box.bottom * scale)) - top)
    width = max(1, min(PREVIEW_WIDTH, round(box.right * scale)) - left)
    for image, target in ((art, pixels), (saliency, matters)):
        cut = cropped(image, *shown, above).resize((width, height), Image.Resampling.BOX)
        target[top : top + height, left : left + width] = np.asarray(cut)
    matters *= kept[above] / max(1e-6, float(matters.sum()))
    return ArtPreview(pixels, box, scale, above, matters)


def painted(preview: ArtPreview, background: Rgb, fills: Iterable[FilledBox]) -> np.ndarray:
    """Return the preview with its field, panels and veils, as floats 0 to 255."""
    pixels = preview.pixels.astype(np.float64)
    pixels[~preview.art_mask()] = background
    for fill in fills:
        if fill.stroke:
            continue
        mask = preview.mask([fill.box])
        rows = (np.arange(len(pixels)) + 0.5) / preview.scale
        opacity = np.array([opacity_at(fill, row) for row in rows])[:, None, None] * mask[..., None]
        pixels = pixels * (1 - opacity) + np.array(rgb_of(fill.colour)) * opacity
    return pixels


def opacity_at(fill: FilledBox, row: float) -> float:
    """Return the opacity of a field or veil at a height in pixels; a veil eases out smoothly."""
    if fill.fade == "none":
        return fill.opacity
    share = (row - fill.box.top) / fill.box.height
    towards_end = 1 - share if fill.fade == "down" else share
    eased = min(1.0, max(0.0, towards_end / fill.fade_share)) if fill.fade_share else 1.0
    return fill.opacity * eased * eased * (3 - 2 * eased)


def rgb_of(colour: str) -> Rgb:
    """Return the red, green and blue of ``#rrggbb``."""
    red, green, blue = ImageColor.getrgb(colour)[:3]
    return red, green, blue


def hex_of(colour: Rgb) -> str:
    """Return ``#rrggbb``."""
    return "#{:02x}{:02x}{:02x}".format(*colour)
