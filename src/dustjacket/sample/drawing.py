"""One cover: a composition of the title's things, in its genre's colours and type."""

import random
from functools import cache

import numpy as np
from PIL import Image, ImageChops

from dustjacket.sample import classic, modern
from dustjacket.sample.colour import varied
from dustjacket.sample.easel import SCALE, Easel, Rooms, main_colour
from dustjacket.sample.grammar import GENRES, SampleBook
from dustjacket.sample.lettering import ACCENTED, Box, Face, letter
from dustjacket.sample.looks import Style, face_of, palette_of

COMPOSITIONS = {"classic": classic.COMPOSITIONS, "modern": modern.COMPOSITIONS}
"""By style, the ways to fill a cover."""
_FAVOURITES, _FAVOURED_SHARE = 3, 0.5
"""Compositions that a genre prefers, and the share of its covers that are of them for certain."""
_JITTER = 9
_GRAIN = 3
_PATCH: dict[Style, int] = {"classic": 5, "modern": 4}
"""Grey levels by which a pixel, and a patch, is lighter or darker than it was drawn, at most."""
_PATCHES = (11, 13)
_TEXTURE = (448, 704)
_SUBTITLE_SHARE = 0.26


def draw_cover(book: SampleBook, rng: random.Random, style: Style = "classic") -> Image.Image:
    """Return the cover of ``book``, 300 to 400 pixels wide; ``rng`` varies all but its things."""
    width = rng.randint(300, 400)
    height = round(width * rng.uniform(1.4, 1.6))
    genre = GENRES.index(book.genre)
    easel = Easel(
        book,
        palette_of(genre, style, rng),
        varied(main_colour(book), rng, _JITTER),
        rng,
        width * SCALE,
        height * SCALE,
    )
    all_of_them = COMPOSITIONS[style]
    favourites = [all_of_them[(genre + at) % len(all_of_them)] for at in range(_FAVOURITES)]
    compose = rng.choice(favourites if rng.random() < _FAVOURED_SHARE else all_of_them)
    rooms = compose(easel)
    image = _textured(easel.image.reduce(SCALE), _PATCH[style], rng)
    _write(image, book, rooms, face_of(genre, style, rng))
    return image


def _write(image: Image.Image, book: SampleBook, rooms: Rooms, face: Face) -> None:
    """Set title, subtitle and author in their rooms."""

    def pixels(room: Box) -> Box:
        left, top, right, bottom = room
        return left * image.width, top * image.height, right * image.width, bottom * image.height

    left, top, right, bottom = pixels(rooms.title)
    title, _, subtitle = book.title.partition(": ")
    lower = bottom - (bottom - top) * _SUBTITLE_SHARE if subtitle else bottom
    largest = rooms.largest * image.width
    title_type = letter(
        image,
        title,
        (left, top, right, lower),
        face,
        rooms.inks,
        rooms.panel,
        largest=largest,
        most_lines=rooms.most_lines,
        align=rooms.align,
        at=rooms.at,
    )
    if subtitle:
        under = title_type.box[3] + 0.015 * image.height
        letter(
            image,
            subtitle,
            (left, under, right, bottom),
            face,
            (title_type.ink, *rooms.inks),
            title_type.panel or rooms.panel,
            largest=0.06 * image.width,
            most_lines=2,
            align=rooms.align,
            at=0.0,
        )
    if book.author:
        letter(
            image,
            book.author.upper() if face.capitals else book.author,
            pixels(rooms.author),
            Face(face.file, face.squeeze) if not face.ascii_only else ACCENTED,
            (title_type.ink, *rooms.inks),
            rooms.panel,
            largest=0.062 * image.width,
            most_lines=1,
            align=rooms.align,
        )


def _textured(image: Image.Image, patch: int, rng: random.Random) -> Image.Image:
    """Return the picture as if printed: fine grain, and patches a little lighter or darker.

    The patches also make flat covers differ, so that no two of them pass for one picture.
    """
    left, top = (
        rng.randint(0, have - need) for have, need in zip(_TEXTURE, image.size, strict=True)
    )
    grain = _grain().crop((left, top, left + image.width, top + image.height))
    patches = Image.frombytes(
        "L",
        _PATCHES,
        bytes(128 + rng.randint(-patch, patch) for _ in range(_PATCHES[0] * _PATCHES[1])),
    ).resize(image.size, Image.Resampling.BICUBIC)
    texture = ImageChops.add(grain, patches, offset=-128)
    return ImageChops.add(image, Image.merge("RGB", [texture] * 3), offset=-128)


@cache
def _grain() -> Image.Image:
    noise = np.random.default_rng(7).integers(
        128 - _GRAIN, 128 + _GRAIN, _TEXTURE[::-1], dtype=np.uint8, endpoint=True
    )
    return Image.fromarray(noise)
