"""One cover: the title's thing as its picture, the genre's palette and type around it."""

import random
import unicodedata
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dustjacket.sample.grammar import COLOURS, SampleBook
from dustjacket.sample.motifs import Colour, draw_motif

_JITTER = 14
_GRAIN = 4
"""Grey levels by which a pixel is lighter or darker than it was drawn, at most."""
_LINE = 1.15
_MOST_LINES = 3


def draw_cover(book: SampleBook, rng: random.Random) -> Image.Image:
    """Return the cover of ``book``, 300 to 400 pixels wide; ``rng`` varies size, place and hue."""
    width = rng.randint(300, 400)
    height = round(width * rng.uniform(1.4, 1.6))
    genre = book.genre
    paper = _varied(genre.background, rng)
    image = Image.new("RGB", (width, height), paper)
    canvas = ImageDraw.Draw(image)
    side = width * rng.uniform(0.52, 0.62)
    left = (width - side) / 2 + rng.uniform(-0.06, 0.06) * width
    top = height * (0.36 if genre.layout in (0, 2) else 0.14) + rng.uniform(-0.02, 0.02) * height
    panel = _panel(COLOURS[book.colour], paper)
    margin = side * 0.12
    canvas.ellipse(
        (left - margin, top - margin, left + side + margin, top + side + margin), fill=panel
    )
    _decorate(canvas, genre.layout, genre.ink, width, height)
    draw_motif(canvas, book.motif, (left, top, side), _varied(COLOURS[book.colour], rng), panel)
    if book.second_motif:
        small = width * 0.2
        corner = width * 0.06 if rng.random() < 0.5 else width * 0.74
        level = height * (0.75 if genre.layout in (0, 2) else 0.05)
        draw_motif(canvas, book.second_motif, (corner, level, small), genre.ink, paper)
    _write(canvas, book, width, height)
    return _grainy(image, rng)


def _grainy(image: Image.Image, rng: random.Random) -> Image.Image:
    noise = np.random.default_rng(rng.getrandbits(64)).integers(
        -_GRAIN, _GRAIN, (image.height, image.width, 1), dtype=np.int16, endpoint=True
    )
    return Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8))


def _panel(colour: Colour, paper: Colour) -> Colour:
    """Return the paper's colour, or one that the motif stands out from if the paper is too near."""
    if sum(abs(a - b) for a, b in zip(colour, paper, strict=True)) > 180:
        return paper
    return (40, 42, 50) if sum(colour) > 380 else (245, 242, 235)


def _varied(colour: Colour, rng: random.Random) -> Colour:
    red, green, blue = (
        max(0, min(255, value + rng.randint(-_JITTER, _JITTER))) for value in colour
    )
    return red, green, blue


def _decorate(
    canvas: ImageDraw.ImageDraw, layout: int, ink: Colour, width: int, height: int
) -> None:
    if layout == 0:
        canvas.rectangle((0, height * 0.3, width, height * 0.32), fill=ink)
    elif layout == 1:
        canvas.rectangle((8, 8, width - 9, height - 9), outline=ink, width=5)
    elif layout == 2:
        canvas.rectangle((0, 0, width, height * 0.04), fill=ink)
        canvas.rectangle((0, height * 0.96, width, height), fill=ink)
    else:
        canvas.rectangle((0, height * 0.93, width, height), fill=ink)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _write(canvas: ImageDraw.ImageDraw, book: SampleBook, width: int, height: int) -> None:
    layout, ink = book.genre.layout, book.genre.ink
    title = book.title.upper() if layout in (0, 2) else book.title
    size = round(width * (0.085 if layout in (0, 2) else 0.07))
    lines = _wrapped(canvas, title, size, width * 0.86)
    while len(lines) > _MOST_LINES:
        size = round(size * 0.9)
        lines = _wrapped(canvas, title, size, width * 0.86)
    top = height * 0.06 if layout in (0, 2) else height * 0.85 - len(lines) * size * _LINE
    for number, line in enumerate(lines):
        canvas.text((width / 2, top + number * size * _LINE), line, ink, _font(size), anchor="ma")
    if book.author:
        low = height * (0.9 if layout != 3 else 0.86)
        canvas.text(
            (width / 2, low), _plain(book.author), ink, _font(round(width * 0.055)), anchor="ma"
        )


def _plain(text: str) -> str:
    """Return ``text`` without accents, which Pillow's own font lacks."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _wrapped(canvas: ImageDraw.ImageDraw, text: str, size: int, width: float) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if canvas.textlength(longer, _font(size)) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
