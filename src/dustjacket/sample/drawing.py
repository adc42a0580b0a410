"""Draw a cover: the motifs that its title names, in colours and typefaces of its genre."""

import random
from functools import cache

import numpy as np
from PIL import Image, ImageChops

from dustjacket.sample.canvas import SCALE, CoverCanvas, TextAreas, main_colour
from dustjacket.sample.colour import vary
from dustjacket.sample.compositions import COMPOSITIONS
from dustjacket.sample.grammar import GENRES, SampleBook
from dustjacket.sample.lettering import ACCENTED, Box, Face, draw_text
from dustjacket.sample.styles import face_of, palette_of

_PREFERRED, _PREFERRED_SHARE = 3, 0.5
"""Number of compositions that a genre prefers, and the share of its covers limited to these."""
_JITTER = 9
_GRAIN = 3
_PATCH = 5
"""Maximum change in grey levels of a pixel (grain) and of a patch."""
_PATCHES = (11, 13)
_TEXTURE = (448, 704)
_SUBTITLE_SHARE = 0.26


def draw_cover(book: SampleBook, rng: random.Random, *, text: bool = True) -> Image.Image:
    """Return the cover of ``book``, 300 to 400 pixels wide; ``rng`` varies all but its motifs.

    Args:
        text: whether title, subtitle and author are set on it; without, it is the same picture.
    """
    width = rng.randint(300, 400)
    height = round(width * rng.uniform(1.4, 1.6))
    genre = GENRES.index(book.genre)
    canvas = CoverCanvas(
        book,
        palette_of(genre, rng),
        vary(main_colour(book), rng, _JITTER),
        rng,
        width * SCALE,
        height * SCALE,
    )
    preferred = [COMPOSITIONS[(genre + i) % len(COMPOSITIONS)] for i in range(_PREFERRED)]
    compose = rng.choice(preferred if rng.random() < _PREFERRED_SHARE else COMPOSITIONS)
    areas = compose(canvas)
    image = _textured(canvas.image.reduce(SCALE), rng)
    if text:
        _write(image, book, areas, face_of(genre, rng))
    return image


def _write(image: Image.Image, book: SampleBook, areas: TextAreas, face: Face) -> None:
    """Typeset title, subtitle and author in their areas."""

    def pixels(area: Box) -> Box:
        left, top, right, bottom = area
        return left * image.width, top * image.height, right * image.width, bottom * image.height

    left, top, right, bottom = pixels(areas.title)
    title, _, subtitle = book.title.partition(": ")
    lower = bottom - (bottom - top) * _SUBTITLE_SHARE if subtitle else bottom
    title_text = draw_text(
        image,
        title,
        (left, top, right, lower),
        face,
        areas.inks,
        areas.panel,
        max_size=areas.max_size * image.width,
        max_lines=areas.max_lines,
        align=areas.align,
        position=areas.position,
    )
    if subtitle:
        subtitle_top = title_text.box[3] + 0.015 * image.height
        draw_text(
            image,
            subtitle,
            (left, subtitle_top, right, bottom),
            face,
            (title_text.ink, *areas.inks),
            title_text.panel or areas.panel,
            max_size=0.06 * image.width,
            max_lines=2,
            align=areas.align,
            position=0.0,
        )
    if book.author:
        draw_text(
            image,
            book.author.upper() if face.capitals else book.author,
            pixels(areas.author),
            Face(face.file, face.squeeze) if not face.ascii_only else ACCENTED,
            (title_text.ink, *areas.inks),
            areas.panel,
            max_size=0.062 * image.width,
            max_lines=1,
            align=areas.align,
        )


def _textured(image: Image.Image, rng: random.Random) -> Image.Image:
    """Return the image with a print-like texture: fine grain, and lighter or darker patches.

    The patches also make flat covers differ, so that no two are near-duplicates.
    """
    left, top = (
        rng.randint(0, have - need) for have, need in zip(_TEXTURE, image.size, strict=True)
    )
    grain = _grain().crop((left, top, left + image.width, top + image.height))
    patches = Image.frombytes(
        "L",
        _PATCHES,
        bytes(128 + rng.randint(-_PATCH, _PATCH) for _ in range(_PATCHES[0] * _PATCHES[1])),
    ).resize(image.size, Image.Resampling.BICUBIC)
    texture = ImageChops.add(grain, patches, offset=-128)
    return ImageChops.add(image, Image.merge("RGB", [texture] * 3), offset=-128)


@cache
def _grain() -> Image.Image:
    noise = np.random.default_rng(7).integers(
        128 - _GRAIN, 128 + _GRAIN, _TEXTURE[::-1], dtype=np.uint8, endpoint=True
    )
    return Image.fromarray(noise)
