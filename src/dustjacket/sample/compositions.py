"""Compositions: functions that paint a cover's picture and return where its text goes."""

import math
from collections.abc import Callable

from dustjacket.sample.canvas import CoverCanvas, TextAreas, shadow_on
from dustjacket.sample.colour import mix, stands_out


def emblem(cover: CoverCanvas) -> TextAreas:
    """Paint the motif on a disc in the middle, below the title."""
    palette, rng = cover.palette, cover.rng
    centre = rng.uniform(0.46, 0.54), rng.uniform(0.56, 0.6)
    radius = rng.uniform(0.35, 0.4)
    tint = mix(palette.paper, palette.second, 0.55)
    cover.fade((0, 0, 1, 1), palette.paper, mix(palette.paper, palette.second, 0.35))
    if rng.random() < 0.5:
        cover.rays(*centre, rng.randint(14, 26), tint)
    ground = cover.ground_for(palette.second, palette.paper, palette.accent)
    ring = cover.small_colour(tint)
    cover.disc(*centre, radius + 0.025, ring)
    cover.disc(*centre, radius + 0.012, palette.paper)
    cover.disc(*centre, radius, ground)
    cover.motif(cover.book.motif, *centre, radius * 1.5, cover.colour, shadow=shadow_on(ground))
    aside = rng.choice((-0.72, 0.72)) * radius
    _badge(cover, centre[0] + aside, centre[1] + 0.8 * radius / cover.tall, 0.26)
    return TextAreas(
        (0.08, 0.04, 0.92, centre[1] - (radius + 0.06) / cover.tall),
        (0.1, 0.9, 0.9, 0.955),
        (palette.ink, palette.accent),
        palette.paper,
    )


def scene(cover: CoverCanvas) -> TextAreas:
    """Paint a landscape with a large motif in the sky."""
    palette, rng = cover.palette, cover.rng
    low = ":" not in cover.book.title and rng.random() < 0.5
    top = cover.ground_for(palette.paper, palette.second, palette.ink, palette.accent)
    horizon = mix(top, palette.accent, 0.35)
    horizon = horizon if stands_out(cover.colour, horizon) else mix(top, palette.paper, 0.3)
    cover.fade((0, 0, 1, 0.85), top, horizon)
    x, y = rng.uniform(0.45, 0.55), 0.5 if low else 0.54
    light = mix(top, (255, 255, 255), 0.16)
    for radius in (0.37, 0.31) if stands_out(cover.colour, light) else ():
        cover.disc(x, y, radius, mix(top, light, 0.5 if radius > 0.35 else 1))
    cover.motif(cover.book.motif, x, y, rng.uniform(0.56, 0.64), cover.colour)
    far = mix(palette.second, horizon, 0.45)
    land = palette.second if stands_out(palette.second, horizon) else palette.ink
    near = mix(land, (16, 14, 30), 0.35)
    outline = rng.choice((_hills, _peaks, _waves))
    base = 0.68 if low else 0.8
    for step, colour in enumerate((far, land, near)):
        cover.shape(outline(cover, base + 0.055 * step, 0.035), colour)
    if cover.book.second_motif:
        side = rng.uniform(0.2, 0.25)
        cover.motif(
            cover.book.second_motif,
            rng.choice((0.18, 0.82)),
            base + 0.03,
            side,
            cover.small_colour(land),
        )
    inks = (palette.ink, palette.paper, palette.second)
    if low:
        return TextAreas(
            (0.06, 0.832, 0.94, 0.925), (0.1, 0.93, 0.9, 0.975), inks, near, max_lines=2
        )
    return TextAreas((0.06, 0.04, 0.94, 0.3), (0.1, 0.935, 0.9, 0.98), inks, top, max_size=0.16)


def pattern(cover: CoverCanvas) -> TextAreas:
    """Paint a regular pattern of the motif, with a plate for the title."""
    palette, rng = cover.palette, cover.rng
    ground = cover.ground_for(palette.paper, palette.second, palette.ink)
    cover.paint((0, 0, 1, 1), ground)
    pitch, middle = rng.uniform(0.48, 0.58), rng.uniform(0.54, 0.62)
    x0 = rng.uniform(0.4, 0.6)
    between = mix(ground, cover.small_colour(ground), 0.6)
    for row in range(-2, 3):
        y = middle + row * pitch / cover.tall
        for column in range(-1, 3):
            x = x0 + (column - 0.5 * (row % 2)) * pitch
            cover.motif(cover.book.motif, x, y, pitch * 0.86, cover.colour)
            cover.diamond(x + pitch / 2, y, 0.02, between)
    top = rng.choice((0.09, 0.7)) + rng.uniform(-0.02, 0.02)
    low = top + (0.215 if cover.book.second_motif else 0.18)
    plate = palette.paper if ground != palette.paper else palette.second
    edge = cover.small_colour(plate)
    for grow, colour in ((0.03, plate), (0.018, edge), (0.01, plate)):
        high = grow / cover.tall
        cover.paint((0.1 - grow, top - high, 0.9 + grow, low + high), colour)
    if cover.book.second_motif:
        cover.disc(0.5, low, 0.115, plate)
        cover.motif(cover.book.second_motif, 0.5, low, 0.16, edge)
    return TextAreas(
        (0.13, top + 0.005, 0.87, top + (0.12 if cover.book.author else 0.15)),
        (0.15, top + 0.125, 0.85, top + 0.155),
        (palette.ink, palette.paper),
        plate,
    )


def split(cover: CoverCanvas) -> TextAreas:
    """Paint two areas with a level or slanted border: one for the title, one for the motif."""
    palette, rng = cover.palette, cover.rng
    lower = cover.ground_for(palette.second, palette.paper, palette.accent)
    upper = palette.paper if lower != palette.paper else palette.second
    slant = rng.choice((0.0, 0.04, -0.04))
    line = rng.uniform(0.35, 0.39)
    strip = line + 0.012
    cover.paint((0, 0, 1, 1), lower)
    edge = cover.small_colour(upper)
    cover.shape([(0, 0), (1, 0), (1, strip - slant), (0, strip + slant)], edge)
    cover.shape([(0, 0), (1, 0), (1, line - slant), (0, line + slant)], upper)
    x, y = rng.uniform(0.44, 0.56), line / 2 + 0.48
    tone = mix(lower, palette.paper, 0.3)
    if stands_out(cover.colour, tone):
        cover.disc(x, y, rng.uniform(0.36, 0.4), tone)
    cover.motif(cover.book.motif, x, y, 0.62, cover.colour, shadow=shadow_on(lower))
    right = 0.94
    if cover.book.second_motif:
        right = 0.7
        cover.motif(cover.book.second_motif, 0.83, 0.16, 0.22, cover.small_colour(upper))
    return TextAreas(
        (0.07, 0.04, right, line - 0.09),
        (0.07, 0.92, 0.93, 0.965),
        (palette.ink, palette.paper, palette.accent),
        upper,
        align="left",
        position=0.3,
    )


def framed(cover: CoverCanvas) -> TextAreas:
    """Paint frames and corners like an old binding, and the motif in an oval or rectangle."""
    palette, rng = cover.palette, cover.rng
    border = palette.ink if stands_out(palette.ink, palette.paper) else palette.accent
    cover.fade((0, 0, 1, 1), mix(palette.paper, palette.second, 0.25), palette.paper)
    inset, corner = rng.uniform(0.045, 0.065), rng.uniform(0.05, 0.075)
    cover.frame(0.0, inset - 0.02, rng.choice((palette.second, palette.accent)))
    cover.frame(inset, 0.009, border)
    cover.frame(inset + 0.023, 0.004, border)
    for x in (inset, 1 - inset):
        for y in (inset / cover.tall, 1 - inset / cover.tall):
            cover.disc(x, y, corner, palette.second)
            cover.disc(x, y, 0.7 * corner, border)
            cover.diamond(x, y, 0.5 * corner, palette.accent)
    y = rng.uniform(0.52, 0.57)
    wide, high = rng.uniform(0.27, 0.35), rng.uniform(0.28, 0.34)
    window = rng.choice((cover.oval, cover.rounded))
    ground = cover.ground_for(palette.second, palette.paper, palette.accent)
    for grow, colour in ((0.03, border), (0.02, palette.paper), (0.008, border), (0, ground)):
        window(0.5, y, wide + grow, high + grow, colour)
    side = 1.5 * max(wide, 0.3)
    cover.motif(cover.book.motif, 0.5, y, side, cover.colour, shadow=shadow_on(ground))
    if cover.book.second_motif:
        for x in (0.18, 0.82):
            cover.motif(cover.book.second_motif, x, 0.85, 0.13, border)
    cover.rule(0.855, border, half=0.12)
    return TextAreas(
        (0.12, 0.075, 0.88, y - (high + 0.06) / cover.tall),
        (0.14, 0.875, 0.86, 0.93),
        (palette.ink, palette.accent),
        palette.paper,
        max_size=0.12,
    )


def large_type(cover: CoverCanvas) -> TextAreas:
    """Paint only the motif, below a very large title."""
    palette, rng = cover.palette, cover.rng
    ground = cover.ground_for(palette.paper, palette.second, palette.ink)
    cover.paint((0, 0, 1, 1), ground)
    x = rng.choice((0.45, 0.55))
    cover.motif(cover.book.motif, x, 0.66, 0.62, cover.colour, shadow=shadow_on(ground))
    if cover.book.second_motif:
        aside = 0.22 if x > 0.5 else 0.78
        cover.motif(cover.book.second_motif, aside, 0.83, 0.2, cover.small_colour(ground))
    cover.paint((0.07, 0.045, 0.3, 0.052), cover.small_colour(ground))
    return TextAreas(
        (0.07, 0.075, 0.93, 0.45),
        (0.07, 0.915, 0.93, 0.96),
        (palette.ink, palette.accent, palette.paper),
        ground,
        align="left",
        max_size=0.26,
        position=0.0,
        max_lines=5,
    )


COMPOSITIONS: tuple[Callable[[CoverCanvas], TextAreas], ...] = (
    emblem,
    scene,
    pattern,
    split,
    framed,
    large_type,
)


def _badge(cover: CoverCanvas, x: float, y: float, side: float) -> None:
    """Paint the second motif, if the book has one, on a small disc."""
    if cover.book.second_motif:
        ground = cover.palette.paper
        ring = cover.small_colour(ground)
        cover.disc(x, y, side * 0.62, ring)
        cover.disc(x, y, side * 0.57, ground)
        cover.motif(cover.book.second_motif, x, y, side * 0.74, ring)


def _hills(cover: CoverCanvas, y: float, high: float) -> list[tuple[float, float]]:
    turn, pace = cover.rng.uniform(0, 6), cover.rng.uniform(4, 8)
    top = [(x / 24, y + high * math.sin(turn + pace * x / 24)) for x in range(25)]
    return [*top, (1, 1), (0, 1)]


def _waves(cover: CoverCanvas, y: float, high: float) -> list[tuple[float, float]]:
    turn = cover.rng.uniform(0, 3)
    top = [
        (x / 60, y + 0.6 * high - 0.5 * high * abs(math.sin(turn + 9 * x / 60))) for x in range(61)
    ]
    return [*top, (1, 1), (0, 1)]


def _peaks(cover: CoverCanvas, y: float, high: float) -> list[tuple[float, float]]:
    count = cover.rng.randint(5, 7)
    top = [
        (i / count, y + high * (cover.rng.uniform(-1, -0.3) if i % 2 else 0.9))
        for i in range(count + 1)
    ]
    return [*top, (1, 1), (0, 1)]
