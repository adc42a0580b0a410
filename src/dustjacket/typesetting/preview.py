"""A small picture of a cover before its type, on which calm and contrast are measured."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image, ImageColor

from dustjacket.typesetting.art import PREVIEW_WIDTH, Rgb, cropped, detail_map
from dustjacket.typesetting.schemas import Box, FilledBox


@dataclass(frozen=True)
class ArtPreview:
    """Pixels (height, width, 3) of art in its box; the rest is black until it is filled.

    Attributes:
        scale: pixels of the preview per pixel of the cover.
        kept_share: share of the art that its box shows.
    """

    pixels: np.ndarray
    art_box: Box
    scale: float
    kept_share: float

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

    @cached_property
    def matters(self) -> np.ndarray:
        """How much of what matters is at each pixel of the art; the sum is 1.

        Half of it is where there is detail, half where faces and main objects stand most often.
        """
        rows, columns = np.mgrid[0 : self.pixels.shape[0], 0 : self.pixels.shape[1]]
        across = columns / self.pixels.shape[1] - 0.5
        down = rows / self.pixels.shape[0] - 0.38
        often = np.exp(-(across**2 / 0.1 + down**2 / 0.06)) * self.art_mask()
        detail = self.detail * self.art_mask()
        return np.asarray(often / often.sum() + detail / max(1e-6, float(detail.sum()))) / 2

    def art_mask(self) -> np.ndarray:
        """Return which pixels show art."""
        return self.mask([self.art_box])


def preview_of(art: Image.Image, box: Box, size: tuple[int, int]) -> ArtPreview:
    """Return a preview of art in a box of a cover of ``size``."""
    scale = PREVIEW_WIDTH / size[0]
    pixels = np.zeros((round(size[1] * scale), PREVIEW_WIDTH, 3), np.uint8)
    kept = cropped(art, round(box.width), round(box.height))
    top, left = round(box.top * scale), round(box.left * scale)
    bottom = min(len(pixels), round(box.bottom * scale))
    right = min(PREVIEW_WIDTH, round(box.right * scale))
    small = kept.resize((max(1, right - left), max(1, bottom - top)), Image.Resampling.BOX)
    pixels[top:bottom, left:right] = np.asarray(small)[: bottom - top, : right - left]
    share = kept.width * kept.height / (art.width * art.height)
    return ArtPreview(pixels, box, scale, share)


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
