"""Motifs drawn with a few plain shapes each, to be told apart at 64 pixels."""

import math
import re
from collections.abc import Callable
from functools import cache

from PIL import ImageDraw

Colour = tuple[int, int, int]

_DRAWINGS = """
Moon: +oval .08 .05 .92 .95 -oval .32 -.02 1.1 .8
Sun: +star 12 .68 -oval .22 .22 .78 .78 +oval .27 .27 .73 .73
Star: +star 5 .4
Tree: +box .43 .7 .57 1 +poly .5 0 .95 .45 .05 .45 +poly .5 .25 1 .75 0 .75
House: +poly .5 .02 1 .48 0 .48 +box .12 .46 .88 .98 -box .42 .65 .58 .98 -box .2 .55 .34 .7
Heart: +oval .02 .08 .54 .58 +oval .46 .08 .98 .58 +poly .06 .46 .94 .46 .5 .98
Mountain: +poly .38 .1 .8 .95 -.05 .95 +poly .72 .38 1.05 .95 .45 .95
    -poly .38 .16 .47 .36 .38 .3 .29 .36
Ship: +poly 0 .68 1 .68 .82 .96 .18 .96 +poly .46 .02 .46 .6 .06 .6 +poly .54 .14 .54 .6 .9 .6
Fish: +oval 0 .25 .75 .75 +poly .66 .5 1 .2 1 .8 -oval .14 .4 .24 .5
Bird: +poly 0 .2 .5 .62 .46 .82 +poly 1 .2 .5 .62 .54 .82 +oval .42 .5 .58 .9
Key: +oval .28 0 .72 .44 -oval .4 .12 .6 .32 +box .45 .4 .55 1 +box .5 .68 .76 .77
    +box .5 .87 .76 .96
Crown: +poly 0 .2 .25 .55 .5 .08 .75 .55 1 .2 .9 .72 .1 .72 +box .1 .78 .9 .92
Sword: +poly .5 0 .57 .12 .57 .7 .43 .7 .43 .12 +box .22 .68 .78 .77 +box .46 .76 .54 1
Flower: +oval .34 0 .66 .34 +oval .58 .2 .9 .52 +oval .48 .46 .8 .78 +oval .2 .46 .52 .78
    +oval .1 .2 .42 .52 -oval .38 .3 .62 .54 +box .47 .7 .53 1
Cup: +oval .6 .3 1 .7 -oval .68 .38 .92 .62 +poly .05 .2 .8 .2 .7 .85 .15 .85 +box 0 .9 .86 .97
Bell: +pie .18 .05 .82 .9 180 360 +poly .18 .45 .82 .45 .98 .8 .02 .8 +oval .4 .78 .6 .98
Eye: +poly 0 .5 .25 .27 .5 .2 .75 .27 1 .5 .75 .73 .5 .8 .25 .73 -oval .3 .3 .7 .7
    +oval .4 .4 .6 .6
Ladder: +box .22 0 .32 1 +box .68 0 .78 1 +box .3 .1 .7 .18 +box .3 .34 .7 .42
    +box .3 .58 .7 .66 +box .3 .82 .7 .9
Bridge: +box 0 .36 1 .9 -pie .06 .5 .46 1.3 180 360 -pie .54 .5 .94 1.3 180 360
Tower: +poly .3 .2 .7 .2 .78 1 .22 1 +box .2 .06 .34 .26 +box .43 .06 .57 .26
    +box .66 .06 .8 .26 -box .44 .4 .56 .6
Kite: +poly .5 0 .85 .35 .5 .8 .15 .35 -bar .5 0 .5 .8 .03 +bar .5 .78 .7 1 .05
    -bar .15 .35 .85 .35 .03
Leaf: +poly .9 .05 .92 .5 .65 .85 .25 .85 .12 .6 .25 .28 .55 .1 -bar .2 .8 .75 .22 .05
    +bar 0 1 .24 .76 .07
Flame: +poly .52 0 .8 .35 .86 .7 .68 .95 .32 .95 .14 .7 .22 .42 .38 .5
    -poly .5 .5 .64 .72 .58 .92 .42 .92 .36 .72
Wave: +wave .15 +wave .44 +wave .73
Cloud: +oval 0 .42 .42 .82 +oval .2 .15 .68 .65 +oval .5 .35 1 .82 +box .2 .6 .78 .82
Arrow: +bar .02 .98 .7 .3 .12 +poly 1 0 .9 .5 .5 .1
Anchor: +oval .38 0 .62 .24 -oval .45 .07 .55 .17 +box .45 .2 .55 .9 +box .28 .28 .72 .37
    +pie .02 .3 .98 1 10 170 -pie .14 .25 .86 .86 0 180 +box .45 .2 .55 .95
Apple: +oval .06 .26 .6 .98 +oval .4 .26 .94 .98 +bar .5 .34 .58 .05 .07 +oval .58 .04 .88 .2
Clock: +oval .02 .02 .98 .98 -oval .12 .12 .88 .88 +bar .5 .55 .5 .2 .08 +bar .46 .5 .76 .5 .08
Ring: +oval .1 .24 .9 1 -oval .22 .36 .78 .88 +poly .32 .06 .68 .06 .82 .18 .5 .4 .18 .18
Bottle: +box .42 0 .58 .3 +poly .42 .26 .58 .26 .74 .46 .74 1 .26 1 .26 .46 -box .32 .6 .68 .82
Candle: +box .36 .4 .64 .92 +poly .5 0 .6 .22 .5 .34 .4 .22 +box .14 .9 .86 1
Umbrella: +pie 0 .05 1 1.05 180 360 +box .47 .5 .53 .9 +pie .47 .78 .75 1 0 180
    -pie .53 .8 .69 .94 0 180
Wheel: +oval 0 0 1 1 -oval .14 .14 .86 .86 +bar .935 .616 .065 .384 .07
    +bar .617 .934 .383 .066 .07 +bar .182 .819 .818 .181 .07 +oval .38 .38 .62 .62
Tent: +poly .5 .08 1 .92 0 .92 -poly .5 .4 .66 .92 .34 .92
Lantern: +pie .3 0 .7 .4 180 360 +box .22 .2 .78 .28 +box .22 .88 .78 1 +box .26 .26 .34 .9
    +box .66 .26 .74 .9 +oval .4 .42 .6 .78
"""
# A shape is +, drawn in the motif's colour, or -, in the colour behind it, then its kind and its
# numbers in the unit square, y down:
#   box, oval: left top right bottom      pie: the same, then degrees from and to
#   poly: x y of each corner              bar: x y to x y, width
#   star: points, inner radius            wave: top
_SHAPE = re.compile(r"([+-])(\w+)((?: -?[.\d]+)+)")


def draw_motif(
    canvas: ImageDraw.ImageDraw,
    name: str,
    at: tuple[float, float, float],
    colour: Colour,
    behind: Colour,
) -> None:
    """Draw a motif into the square of left, top and side ``at``, in pixels."""
    left, top, side = at
    for sign, kind, numbers in _shapes(name):
        fill = colour if sign == "+" else behind
        scaled = [value * side + (left, top)[i % 2] for i, value in enumerate(numbers)]
        if kind == "pie":
            canvas.pieslice(scaled[:4], numbers[4], numbers[5], fill=fill)
        elif kind == "oval":
            canvas.ellipse(scaled, fill=fill)
        else:
            canvas.polygon(scaled, fill=fill)


@cache
def _shapes(name: str) -> list[tuple[str, str, list[float]]]:
    text = re.search(rf"^{name}:(.*(?:\n {{4}}.*)*)", _DRAWINGS, re.MULTILINE)
    if text is None:
        raise KeyError(name)
    shapes = []
    for sign, kind, numbers in _SHAPE.findall(" ".join(text[1].split())):
        values = [float(number) for number in numbers.split()]
        shapes.append((sign, kind, _CORNERS[kind](*values) if kind in _CORNERS else values))
    return shapes


def _box(x0: float, y0: float, x1: float, y1: float) -> list[float]:
    return [x0, y0, x1, y0, x1, y1, x0, y1]


def _bar(x0: float, y0: float, x1: float, y1: float, width: float) -> list[float]:
    length = math.hypot(x1 - x0, y1 - y0)
    dx, dy = (y1 - y0) / length * width / 2, -(x1 - x0) / length * width / 2
    return [x0 + dx, y0 + dy, x1 + dx, y1 + dy, x1 - dx, y1 - dy, x0 - dx, y0 - dy]


def _star(points: float, inner: float) -> list[float]:
    corners: list[float] = []
    for at in range(2 * round(points)):
        radius = 0.48 * (inner if at % 2 else 1)
        angle = math.pi * at / points - math.pi / 2
        corners += [0.5 + radius * math.cos(angle), 0.5 + radius * math.sin(angle)]
    return corners


def _wave(top: float) -> list[float]:
    crest = [(x / 20, top + 0.09 * math.sin(x * 0.95)) for x in range(21)]
    return [value for x, y in crest for value in (x, y)] + [
        value for x, y in reversed(crest) for value in (x, y + 0.13)
    ]


_CORNERS: dict[str, Callable[..., list[float]]] = {
    "box": _box,
    "bar": _bar,
    "star": _star,
    "wave": _wave,
}
