"""The canvas that compositions paint on, twice as large as the cover, with shapes and motifs."""

import math
import random
from dataclasses import dataclass, field

from PIL import Image, ImageDraw

from dustjacket.sample.colour import BLACK, Colour, mix, second_tone, stands_out
from dustjacket.sample.grammar import COLOURS, SampleBook
from dustjacket.sample.lettering import Align, Box
from dustjacket.sample.motifs import draw_motif
from dustjacket.sample.styles import Palette

CREAM, CHARCOAL = (246, 240, 226), (34, 36, 44)
SCALE = 2
"""Canvas pixels per cover pixel: reducing the canvas makes edges smooth."""
_SHADOW = 0.035
"""Offset of a motif's shadow, as a share of its side."""


@dataclass(frozen=True)
class TextAreas:
    """Areas that a composition leaves for text; x as a share of the width, y of the height.

    Attributes:
        title, author: areas as left, top, right, bottom.
        inks: colours for text, in order of preference.
        panel: colour of a panel behind the text if no ink is readable.
        max_size: maximum font size of the title, as a share of the cover's width.
        position: of the title of the title in its area, from 0 (top) to 1 (bottom).
    """

    title: Box
    author: Box
    inks: tuple[Colour, ...]
    panel: Colour
    align: Align = "centre"
    max_size: float = 0.15
    position: float = 0.5
    max_lines: int = 4


@dataclass
class CoverCanvas:
    """The canvas of one cover.

    Positions are shares of the width (x) and of the height (y); sizes are shares of the width.

    Attributes:
        colour: of the main motif.
    """

    book: SampleBook
    palette: Palette
    colour: Colour
    rng: random.Random
    width: int
    height: int
    image: Image.Image = field(init=False)
    canvas: ImageDraw.ImageDraw = field(init=False)

    def __post_init__(self) -> None:
        self.image = Image.new("RGB", (self.width, self.height), self.palette.paper)
        self.canvas = ImageDraw.Draw(self.image)

    @property
    def tall(self) -> float:
        """The cover's height as a multiple of its width."""
        return self.height / self.width

    def paint(self, box: Box, colour: Colour) -> None:
        """Fill a rectangle."""
        self.canvas.rectangle(self._pixels(box), fill=colour)

    def frame(self, inset: float, line: float, colour: Colour) -> None:
        """Draw a frame ``inset`` from the edges, both in widths."""
        gap, thick = inset * self.width, max(2, round(line * self.width))
        self.canvas.rectangle(
            (gap, gap, self.width - gap, self.height - gap), outline=colour, width=thick
        )

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Fill a circle."""
        self.oval(x, y, radius, radius, colour)

    def oval(self, x: float, y: float, wide: float, high: float, colour: Colour) -> None:
        """Fill an oval around a point, with the half axes ``wide`` and ``high``."""
        self.canvas.ellipse(self._around(x, y, wide, high), fill=colour)

    def rounded(self, x: float, y: float, wide: float, high: float, colour: Colour) -> None:
        """Fill a rectangle with round corners, as :meth:`oval` does."""
        corner = 0.09 * self.width
        self.canvas.rounded_rectangle(self._around(x, y, wide, high), corner, fill=colour)

    def shape(self, points: list[tuple[float, float]], colour: Colour) -> None:
        """Fill a polygon."""
        self.canvas.polygon([(x * self.width, y * self.height) for x, y in points], fill=colour)

    def fade(self, box: Box, top: Colour, bottom: Colour) -> None:
        """Fill a rectangle with a vertical gradient."""
        left, upper, right, lower = map(round, self._pixels(box))
        size = (max(1, right - left), max(1, lower - upper))
        ramp = Image.linear_gradient("L").resize(size)
        self.image.paste(top, (left, upper, left + size[0], upper + size[1]))
        self.image.paste(bottom, (left, upper), ramp)

    def rays(self, x: float, y: float, count: int, colour: Colour) -> None:
        """Draw rays from a point to beyond the edges."""
        cx, cy, reach = x * self.width, y * self.height, 2 * self.height
        turn = self.rng.random()
        for ray in range(count):
            low, high = (2 * math.pi * (ray + part + turn) / count for part in (0, 0.5))
            self.canvas.polygon(
                [
                    (cx, cy),
                    (cx + reach * math.cos(low), cy + reach * math.sin(low)),
                    (cx + reach * math.cos(high), cy + reach * math.sin(high)),
                ],
                fill=colour,
            )

    def rule(self, y: float, colour: Colour, half: float = 0.16, line: float = 0.006) -> None:
        """Draw a line across the middle with a diamond on it."""
        thick = line / self.tall / 2
        self.paint((0.5 - half, y - thick, 0.5 + half, y + thick), colour)
        self.diamond(0.5, y, 0.022, colour)

    def diamond(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Fill a square that stands on its corner."""
        high = radius / self.tall
        self.shape([(x - radius, y), (x, y - high), (x + radius, y), (x, y + high)], colour)

    def motif(
        self,
        name: str,
        x: float,
        y: float,
        side: float,
        colour: Colour,
        *,
        shade: Colour | None = None,
        shadow: Colour | None = None,
    ) -> None:
        """Draw a motif around a point in two tones, with a shadow if its colour is given."""
        pixels = round(side * self.width)
        masks = draw_motif(name, pixels)
        corner = self.corner(x, y, pixels)
        if shadow:
            reach = round(_SHADOW * pixels)
            self.image.paste(shadow, (corner[0] + reach, corner[1] + reach), masks.body)
        self.image.paste(colour, corner, masks.body)
        self.image.paste(shade or second_tone(colour), corner, masks.shade)

    def corner(self, x: float, y: float, side: int) -> tuple[int, int]:
        """Return the upper left pixel of a square of ``side`` pixels around a point."""
        return round(x * self.width - side / 2), round(y * self.height - side / 2)

    def ground_for(self, *preferred: Colour) -> Colour:
        """Return the first colour on which the main motif is clearly visible."""
        return next(
            ground for ground in (*preferred, CREAM, CHARCOAL) if stands_out(self.colour, ground)
        )

    def small_colour(self, ground: Colour) -> Colour:
        """Return a colour of the palette that is clearly visible on ``ground``."""
        palette = self.palette
        candidates = (palette.accent, palette.ink, palette.paper, palette.second, CREAM, CHARCOAL)
        return next(colour for colour in candidates if stands_out(colour, ground))

    def _around(self, x: float, y: float, wide: float, high: float) -> Box:
        return self._pixels((x - wide, y - high / self.tall, x + wide, y + high / self.tall))

    def _pixels(self, box: Box) -> Box:
        left, top, right, bottom = box
        return left * self.width, top * self.height, right * self.width, bottom * self.height


def main_colour(book: SampleBook) -> Colour:
    """Return the colour that the title names."""
    return COLOURS[book.colour]


def shadow_on(ground: Colour, depth: float = 0.22) -> Colour:
    """Return the colour of a shadow on ``ground``; ``depth`` is 0 (none) to 1 (black)."""
    return mix(ground, BLACK, depth)
