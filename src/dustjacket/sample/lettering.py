"""Text on a cover: as large as its area allows, and readable on its background."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

import matplotlib as mpl
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dustjacket.sample.colour import (
    BLACK,
    READABLE,
    WHITE,
    Colour,
    contrast,
    luminance,
    luminances,
)

Align = Literal["left", "centre"]
Box = tuple[float, float, float, float]

_FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"
_MEASURED_SIZE = 100
"""Font size at which words are measured; widths are proportional to the size."""
_LEADING, _ASCENT, _DESCENT = 1.16, 0.78, 0.24
"""Distance of baselines, and height above and below a baseline, as shares of the font size."""
_OUTLIERS = (1, 99)
"""Text must be readable on the background's luminance between these percentiles."""


@dataclass(frozen=True)
class Face:
    """A typeface that matplotlib ships.

    Attributes:
        file: name of the font file.
        squeeze: horizontal scale of the letters; 1 is unscaled.
        capitals: whether titles are in capitals.
        ascii_only: whether it has no accented letters; other text needs another typeface.
    """

    file: str
    squeeze: float = 1.0
    capitals: bool = False
    ascii_only: bool = False


@dataclass(frozen=True)
class PlacedText:
    """Text that was drawn on a cover.

    Attributes:
        box: left, top, right, bottom, in pixels.
        ink: colour of the text.
        panel: colour of the panel behind it, or None.
    """

    box: Box
    ink: Colour
    panel: Colour | None


ACCENTED = Face("STIXGeneral.ttf")


def draw_text(
    image: Image.Image,
    text: str,
    area: Box,
    face: Face,
    inks: Iterable[Colour],
    panel: Colour,
    *,
    max_size: float,
    max_lines: int = 4,
    align: Align = "centre",
    position: float = 0.5,
) -> PlacedText:
    """Draw ``text`` in ``area``, on the number of lines that allows the largest font size.

    Args:
        area: left, top, right, bottom, in pixels.
        inks: colours to try, in order of preference; then black and white.
        panel: colour of a panel behind the text if no ink is readable on the picture.
        max_size: maximum font size in pixels.
        position: of the text in its area, from 0 (top) to 1 (bottom).
    """
    if face.ascii_only and not text.isascii():
        face = ACCENTED
    text = text.upper() if face.capitals else text
    left, top, right, bottom = area
    lines, size = fit_text(text, face, right - left, bottom - top, max_size, max_lines)
    height = _height(len(lines), size)
    baseline = top + (bottom - top - height) * position + _ASCENT * size
    widths = [_width(line, face) * size for line in lines]
    starts = [left if align == "left" else (left + right - width) / 2 for width in widths]
    box = (
        min(starts),
        baseline - _ASCENT * size,
        max(a + b for a, b in zip(starts, widths, strict=True)),
        baseline - _ASCENT * size + height,
    )
    ink, panel_colour = _readable_ink(image, box, inks, panel)
    if panel_colour:
        pad = 0.3 * size
        edges = (box[0] - pad, box[1] - pad, box[2] + pad, box[3] + pad)
        ImageDraw.Draw(image).rectangle(edges, fill=panel_colour)
    for number, line in enumerate(lines):
        origin = starts[number], baseline + number * _LEADING * size
        _draw_line(image, line, origin, size, face, ink)
    return PlacedText(box, ink, panel_colour)


def fit_text(
    text: str, face: Face, width: float, height: float, max_size: float, max_lines: int
) -> tuple[list[str], float]:
    """Return the lines and the size, in pixels, at which ``text`` fits ``width`` by ``height``."""
    words = text.split() or [""]
    best: tuple[list[str], float] = ([], 0.0)
    for count in range(1, min(max_lines, len(words)) + 1):
        lines = _balanced(words, face, count)
        widest = max(_width(line, face) for line in lines) or 1
        size = min(max_size, width / widest, height / _height(len(lines), 1))
        if size > best[1] * 1.02:
            best = lines, size
    return best


def _height(lines: int, size: float) -> float:
    return ((lines - 1) * _LEADING + _ASCENT + _DESCENT) * size


def _balanced(words: list[str], face: Face, count: int) -> list[str]:
    """Break the words into at most ``count`` lines so that the widest line is narrowest."""
    possible_widths = sorted(
        {
            _width(" ".join(words[start:end]), face)
            for start in range(len(words))
            for end in range(start + 1, len(words) + 1)
        }
    )
    low, high = 0, len(possible_widths) - 1
    while low < high:
        middle = (low + high) // 2
        if len(_greedy(words, face, possible_widths[middle])) <= count:
            high = middle
        else:
            low = middle + 1
    return _greedy(words, face, possible_widths[low])


def _greedy(words: list[str], face: Face, width: float) -> list[str]:
    lines = [words[0]]
    for word in words[1:]:
        longer = f"{lines[-1]} {word}"
        if _width(longer, face) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines if max(_width(line, face) for line in lines) <= width else words


def _width(line: str, face: Face) -> float:
    """Return the width of ``line`` as a multiple of the font size."""
    words = line.split(" ")
    blank = _word_width(" ", face.file) * (len(words) - 1)
    return face.squeeze * (blank + sum(_word_width(word, face.file) for word in words))


@lru_cache(maxsize=4096)
def _word_width(word: str, file: str) -> float:
    return _font(file, _MEASURED_SIZE).getlength(word) / _MEASURED_SIZE


@cache
def _font(file: str, size: int) -> ImageFont.FreeTypeFont:
    # The basic layout is the same on every machine; the other needs an optional library.
    return ImageFont.truetype(_FONTS / file, size, layout_engine=ImageFont.Layout.BASIC)


def _draw_line(
    image: Image.Image, line: str, origin: tuple[float, float], size: float, face: Face, ink: Colour
) -> None:
    font = _font(face.file, max(1, int(size)))
    if face.squeeze == 1:
        ImageDraw.Draw(image).text(origin, line, ink, font, anchor="ls")
        return
    width, height = round(font.getlength(line)) + 2, round(size * 1.4)
    if width <= 2:
        return
    mask = Image.new("L", (width, height))
    ImageDraw.Draw(mask).text((0, size), line, 255, font, anchor="ls")
    mask = mask.resize((max(1, round(width * face.squeeze)), height), Image.Resampling.BILINEAR)
    image.paste(ink, (round(origin[0]), round(origin[1] - size)), mask)


def _readable_ink(
    image: Image.Image, box: Box, inks: Iterable[Colour], panel: Colour
) -> tuple[Colour, Colour | None]:
    """Return an ink readable on the picture, and None; or an ink readable on ``panel``, and it."""
    left, top, right, bottom = (
        max(0, min(round(edge), limit)) for edge, limit in zip(box, image.size * 2, strict=True)
    )
    pixels = np.asarray(image.crop((left, top, max(left + 1, right), max(top + 1, bottom))))
    dark, light = np.percentile(luminances(pixels[::2, ::2]), _OUTLIERS)
    candidates = [*inks, BLACK, WHITE]
    for ink in candidates:
        ink_luminance = luminance(ink)
        if min(contrast(ink_luminance, dark), contrast(ink_luminance, light)) >= READABLE:
            return ink, None
    ground = luminance(panel)
    return next(ink for ink in candidates if contrast(luminance(ink), ground) >= READABLE), panel
