"""Compositions of the modern style: flat colours, geometry and large sans-serif type."""

from collections.abc import Callable

from PIL import Image, ImageChops, ImageFilter

from dustjacket.sample.colour import BLACK, WHITE, Colour, luminance, mixed, stands_out
from dustjacket.sample.easel import Easel, Rooms, shadow_on
from dustjacket.sample.motifs import draw_motif

_LINE = 0.02
"""Half the width of an outline, as a share of the motif's side."""
_SPOT = (255, 70, 0)
"""So far from black and white that one of the three stands out from any two colours."""
_CONTOURS = 36
"""Grey levels of a blurred motif from one of its echoes to the next."""


def poster(easel: Easel) -> Rooms:
    """Paint the motif as large as it goes, with a shadow that leaves the cover."""
    palette, rng = easel.palette, easel.rng
    ground = easel.ground_for(palette.second, palette.paper, palette.accent, palette.ink)
    easel.paint((0, 0, 1, 1), ground)
    x, y, side = rng.uniform(0.45, 0.52), 0.36, rng.uniform(0.74, 0.82)
    _long_shadow(easel, x, y, side, shadow_on(ground, 0.14))
    easel.motif(easel.book.motif, x, y, side, easel.colour)
    return _foot(easel, ground, 0.68)


def misprint(easel: Easel) -> Rooms:
    """Paint the motif's outline, and its colour a little beside it, as a cheap press would."""
    palette, rng = easel.palette, easel.rng
    ground = easel.ground_for(palette.paper, palette.second, palette.accent, palette.ink)
    easel.paint((0, 0, 1, 1), ground)
    line = next(
        colour
        for colour in (palette.ink, palette.accent, palette.second, BLACK, WHITE, _SPOT)
        if stands_out(colour, ground) and stands_out(colour, easel.colour)
    )
    x, y, side = rng.uniform(0.46, 0.54), 0.37, rng.uniform(0.66, 0.74)
    easel.disc(x + rng.choice((-0.12, 0.12)), y + 0.03, 0.36, _beside(easel, ground))
    slip = 0.03 * rng.choice((-1, 1))
    easel.motif(easel.book.motif, x + slip, y + 0.02, side, easel.colour, shade=easel.colour)
    _outline(easel, x, y, side, line)
    return _foot(easel, ground, 0.68)


def echo(easel: Easel) -> Rooms:
    """Paint lines around the motif, one outside the other, as on a map."""
    palette, rng = easel.palette, easel.rng
    ground = easel.ground_for(palette.paper, palette.ink, palette.second)
    easel.paint((0, 0, 1, 1), ground)
    x, y, side = rng.uniform(0.44, 0.56), 0.4, rng.uniform(0.52, 0.6)
    pixels = round(side * easel.width)
    field = Image.new("L", (easel.width, easel.height))
    field.paste(draw_motif(easel.book.motif, pixels).body, easel.corner(x, y, pixels))
    small = (
        field.reduce(4)
        .filter(ImageFilter.BoxBlur(pixels / 30))
        .filter(ImageFilter.BoxBlur(pixels / 24))
    )
    lines = small.resize(field.size, Image.Resampling.BICUBIC).point(
        [
            255 if 6 < level < 170 and level % _CONTOURS < _CONTOURS / 3 else 0
            for level in range(256)
        ]
    )
    easel.image.paste(_beside(easel, ground), (0, 0), lines)
    easel.motif(easel.book.motif, x, y, side, easel.colour)
    return _foot(easel, ground, 0.7)


def tiles(easel: Easel) -> Rooms:
    """Paint a wall of geometric tiles, the motif on four of them."""
    palette, rng = easel.palette, easel.rng
    cell = 1 / 3
    left, top = rng.choice((0, 1)), 1
    grounds = (palette.paper, palette.second, palette.accent)
    for row in range(3):
        for column in range(3):
            under, over = rng.sample(grounds, 2)
            if not (left <= column < left + 2 and top <= row < top + 2):
                _tile(easel, column * cell, row * cell, cell, under, over)
    stage = easel.ground_for(palette.second, palette.paper, palette.accent, palette.ink)
    middle = (left + 1) * cell, (top + 1) * cell / easel.tall
    high = cell / easel.tall
    easel.paint((middle[0] - cell, middle[1] - high, middle[0] + cell, middle[1] + high), stage)
    easel.motif(easel.book.motif, *middle, 0.58, easel.colour)
    easel.paint((0, 1 / easel.tall, 1, 1), palette.paper)
    return _foot(easel, palette.paper, 1 / easel.tall + 0.03)


def arches(easel: Easel) -> Rooms:
    """Paint arches, one within the other, the motif in the innermost."""
    palette, rng = easel.palette, easel.rng
    stage = easel.ground_for(palette.paper, palette.second, palette.accent, palette.ink)
    bands = [band for band in (palette.second, palette.accent, palette.paper) if band != stage]
    outer = palette.paper if palette.paper != stage else palette.second
    easel.paint((0, 0, 1, 1), outer)
    foot, x, radius = rng.uniform(0.62, 0.68), rng.uniform(0.45, 0.55), rng.uniform(0.44, 0.5)
    step, count = rng.uniform(0.03, 0.045), rng.randint(2, 4)
    middle = radius / easel.tall + rng.uniform(0.02, 0.05)
    for at in range(count + 1):
        colour = stage if at == count else bands[(at + (bands[0] == outer)) % len(bands)]
        easel.disc(x, middle, radius - at * step, colour)
        easel.paint((x - radius + at * step, middle, x + radius - at * step, foot), colour)
    easel.paint((0, foot, 1, 1), outer)
    y, side = middle + rng.uniform(0.02, 0.06), rng.uniform(0.46, 0.54)
    easel.motif(easel.book.motif, x, y, side, easel.colour)
    return _foot(easel, outer, foot + 0.03)


def halftone(easel: Easel) -> Rooms:
    """Paint the motif on dots that grow towards the top."""
    palette, rng = easel.palette, easel.rng
    ground = easel.ground_for(palette.second, palette.paper, palette.accent)
    easel.paint((0, 0, 1, 1), ground)
    dot = _beside(easel, ground)
    across = rng.choice((11, 13, 15))
    pitch = 1 / across
    for row in range(round(0.66 * easel.tall * across)):
        radius = pitch * (0.62 - 0.6 * row / (0.66 * easel.tall * across))
        for column in range(across + 1):
            easel.disc((column + 0.5 * (row % 2)) * pitch, row * pitch / easel.tall, radius, dot)
    x, side = rng.uniform(0.45, 0.55), rng.uniform(0.66, 0.74)
    easel.motif(easel.book.motif, x, 0.38, side, easel.colour, shadow=shadow_on(ground, 0.45))
    return _foot(easel, ground, 0.69)


COMPOSITIONS: tuple[Callable[[Easel], Rooms], ...] = (
    poster,
    misprint,
    echo,
    tiles,
    arches,
    halftone,
)


def _foot(easel: Easel, ground: Colour, top: float) -> Rooms:
    """Return rooms for type at the foot of the cover; the second motif stands beside them."""
    palette, right = easel.palette, 0.93
    if easel.book.second_motif:
        right = 0.67
        side, y = easel.rng.uniform(0.22, 0.25), (top + 0.93) / 2
        easel.motif(easel.book.second_motif, 0.82, y, side, easel.small_colour(ground))
    return Rooms(
        (0.07, top, right, 0.905),
        (0.07, 0.92, 0.93, 0.96),
        (palette.ink, palette.paper, palette.accent),
        ground,
        align="left",
        largest=0.17,
        at=0.2,
    )


def _beside(easel: Easel, ground: Colour) -> Colour:
    """Return a colour for what is large and lies between ``ground`` and the motif."""
    palette = easel.palette
    for colour in (palette.second, palette.accent, palette.paper):
        if stands_out(colour, ground) and stands_out(colour, easel.colour):
            return colour
    return mixed(ground, WHITE if luminance(ground) < 0.2 else BLACK, 0.2)


def _outline(easel: Easel, x: float, y: float, side: float, colour: Colour) -> None:
    """Draw a line along all edges of the main motif."""
    pixels = round(side * easel.width)
    pad = pixels // 10
    field = Image.new("L", (pixels + 2 * pad, pixels + 2 * pad))
    field.paste(draw_motif(easel.book.motif, pixels).body, (pad, pad))
    line = field.filter(ImageFilter.BoxBlur(_LINE * pixels)).point(
        [255 if 12 < level < 243 else 0 for level in range(256)]
    )
    easel.image.paste(colour, easel.corner(x, y, line.width), line)


def _long_shadow(easel: Easel, x: float, y: float, side: float, colour: Colour) -> None:
    """Draw the main motif's shadow, to the lower right as far as the cover goes."""
    pixels = round(side * easel.width)
    field = Image.new("L", (easel.width, easel.height))
    field.paste(draw_motif(easel.book.motif, pixels).body, easel.corner(x, y, pixels))
    smear = field.reduce(2)
    step = 1
    while step < smear.height:
        moved = Image.new("L", smear.size)
        moved.paste(smear, (step, step))
        smear = ImageChops.lighter(smear, moved)
        step *= 2
    easel.image.paste(colour, (0, 0), smear.resize(field.size))


def _tile(easel: Easel, x: float, y: float, cell: float, under: Colour, over: Colour) -> None:
    """Paint one square tile, its corner at a point in widths both ways."""
    left, top, size = x * easel.width, y * easel.width, cell * easel.width
    right, bottom = left + size, top + size
    canvas, kind = easel.canvas, easel.rng.randrange(6)
    canvas.rectangle((left, top, right, bottom), fill=under)
    if kind == 0:
        canvas.pieslice((left, top, left + 2 * size, top + 2 * size), 180, 270, fill=over)
    elif kind == 1:
        canvas.pieslice((left - size, top, right, top + 2 * size), 270, 360, fill=over)
    elif kind == 2:
        canvas.polygon([(left, bottom), (right, top), (right, bottom)], fill=over)
    elif kind == 3:
        canvas.ellipse(
            (left + size / 5, top + size / 5, right - size / 5, bottom - size / 5), fill=over
        )
    elif kind == 4:
        for at in range(0, 6, 2):
            edge = top + at * size / 6
            canvas.rectangle((left, edge, right, edge + size / 6), fill=over)
    else:
        canvas.pieslice((left, top - size / 2, right, top + size / 2), 0, 180, fill=over)
        canvas.pieslice((left, top, right, top + size), 0, 180, fill=over)
