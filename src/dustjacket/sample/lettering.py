"""Type on a cover: as large as its room allows, and readable on whatever is behind it."""

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
_MEASURED = 100
"""Size at which words are measured; their widths grow with the size."""
_LEADING, _ASCENT, _DESCENT = 1.16, 0.78, 0.24
"""Distance of lines, and reach above and below a line's foot, in sizes of the type."""
_OUTLIERS = (1, 99)
"""Percentiles of the luminance behind a line of type between which it must be readable."""


@dataclass(frozen=True)
class Face:
    """A typeface of those that matplotlib brings.

    Attributes:
        file: name of its file.
        squeeze: how wide its letters are set, 1 being as they were drawn.
        capitals: whether titles are set in capitals.
        ascii_only: whether it lacks accents, so that names need another.
    """

    file: str
    squeeze: float = 1.0
    capitals: bool = False
    ascii_only: bool = False


@dataclass(frozen=True)
class Lettered:
    """Type as it was set.

    Attributes:
        box: the pixels that it takes, left, top, right, bottom.
        ink: its colour.
        panel: colour of what was put behind it, or None.
    """

    box: Box
    ink: Colour
    panel: Colour | None


ACCENTED = Face("STIXGeneral.ttf")


def letter(
    image: Image.Image,
    text: str,
    room: Box,
    face: Face,
    inks: Iterable[Colour],
    panel: Colour,
    *,
    largest: float,
    most_lines: int = 4,
    align: Align = "centre",
    at: float = 0.5,
) -> Lettered:
    """Set ``text`` in ``room``, balanced over the lines that let it be largest.

    Args:
        room: pixels that the type may take: left, top, right, bottom.
        inks: colours to try, the best liked first; black and white come last.
        panel: colour to put behind the type if no ink can be read on the picture.
        largest: size in pixels that it never exceeds.
        at: where in its room it stands, 0 at the top to 1 at the bottom.
    """
    if face.ascii_only and not text.isascii():
        face = ACCENTED
    text = text.upper() if face.capitals else text
    left, top, right, bottom = room
    lines, size = fitted(text, face, right - left, bottom - top, largest, most_lines)
    height = _height(len(lines), size)
    first = top + (bottom - top - height) * at + _ASCENT * size
    widths = [_width(line, face) * size for line in lines]
    starts = [left if align == "left" else (left + right - width) / 2 for width in widths]
    box = (
        min(starts),
        first - _ASCENT * size,
        max(a + b for a, b in zip(starts, widths, strict=True)),
        first - _ASCENT * size + height,
    )
    ink, behind = _ink(image, box, inks, panel)
    if behind:
        pad = 0.3 * size
        edges = (box[0] - pad, box[1] - pad, box[2] + pad, box[3] + pad)
        ImageDraw.Draw(image).rectangle(edges, fill=behind)
    for number, line in enumerate(lines):
        foot = first + number * _LEADING * size
        _draw_line(image, line, (starts[number], foot), size, face, ink)
    return Lettered(box, ink, behind)


def fitted(
    text: str, face: Face, width: float, height: float, largest: float, most_lines: int
) -> tuple[list[str], float]:
    """Return the lines and the size, in pixels, at which ``text`` fits ``width`` by ``height``."""
    words = text.split() or [""]
    best: tuple[list[str], float] = ([], 0.0)
    for count in range(1, min(most_lines, len(words)) + 1):
        lines = _balanced(words, face, count)
        widest = max(_width(line, face) for line in lines) or 1
        size = min(largest, width / widest, height / _height(len(lines), 1))
        if size > best[1] * 1.02:
            best = lines, size
    return best


def _height(lines: int, size: float) -> float:
    return ((lines - 1) * _LEADING + _ASCENT + _DESCENT) * size


def _balanced(words: list[str], face: Face, count: int) -> list[str]:
    """Return the words on at most ``count`` lines, the widest as narrow as can be."""
    reachable = sorted(
        {
            _width(" ".join(words[start:end]), face)
            for start in range(len(words))
            for end in range(start + 1, len(words) + 1)
        }
    )
    low, high = 0, len(reachable) - 1
    while low < high:
        middle = (low + high) // 2
        if len(_greedy(words, face, reachable[middle])) <= count:
            high = middle
        else:
            low = middle + 1
    return _greedy(words, face, reachable[low])


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
    """Return the width of ``line`` in sizes of the type."""
    words = line.split(" ")
    blank = _word_width(" ", face.file) * (len(words) - 1)
    return face.squeeze * (blank + sum(_word_width(word, face.file) for word in words))


@lru_cache(maxsize=4096)
def _word_width(word: str, file: str) -> float:
    return _font(file, _MEASURED).getlength(word) / _MEASURED


@cache
def _font(file: str, size: int) -> ImageFont.FreeTypeFont:
    # The basic layout is the same wherever Pillow runs; the other needs libraries it may lack.
    return ImageFont.truetype(_FONTS / file, size, layout_engine=ImageFont.Layout.BASIC)


def _draw_line(
    image: Image.Image, line: str, at: tuple[float, float], size: float, face: Face, ink: Colour
) -> None:
    font = _font(face.file, max(1, int(size)))
    if face.squeeze == 1:
        ImageDraw.Draw(image).text(at, line, ink, font, anchor="ls")
        return
    width, height = round(font.getlength(line)) + 2, round(size * 1.4)
    if width <= 2:
        return
    mask = Image.new("L", (width, height))
    ImageDraw.Draw(mask).text((0, size), line, 255, font, anchor="ls")
    mask = mask.resize((max(1, round(width * face.squeeze)), height), Image.Resampling.BILINEAR)
    image.paste(ink, (round(at[0]), round(at[1] - size)), mask)


def _ink(
    image: Image.Image, box: Box, inks: Iterable[Colour], panel: Colour
) -> tuple[Colour, Colour | None]:
    """Return the first ink that can be read on the picture; else one for ``panel``, and that."""
    left, top, right, bottom = (
        max(0, min(round(edge), limit)) for edge, limit in zip(box, image.size * 2, strict=True)
    )
    pixels = np.asarray(image.crop((left, top, max(left + 1, right), max(top + 1, bottom))))
    dark, light = np.percentile(luminances(pixels[::2, ::2]), _OUTLIERS)
    candidates = [*inks, BLACK, WHITE]
    for ink in candidates:
        own = luminance(ink)
        if min(contrast(own, dark), contrast(own, light)) >= READABLE:
            return ink, None
    behind = luminance(panel)
    return next(ink for ink in candidates if contrast(luminance(ink), behind) >= READABLE), panel
