"""Motifs drawn with simple shapes in two tones, distinguishable at 64 pixels."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache

from PIL import Image, ImageChops, ImageDraw

_DRAWINGS = """
Moon: +oval .06 .03 .96 .95 -oval .38 -.06 1.18 .74 ~oval .15 .5 .27 .62 ~oval .3 .7 .45 .85
    ~oval .12 .3 .2 .38
Sun: ~star 12 .64 -oval .19 .19 .81 .81 +oval .24 .24 .76 .76
Star: +star 5 .42 ~facet 5 .42 0 ~facet 5 .42 1 ~facet 5 .42 2 ~facet 5 .42 3 ~facet 5 .42 4
Tree: ~box .43 .8 .57 1 +poly .5 .38 .98 .86 .02 .86 ~poly .5 .38 .98 .86 .5 .86
    +poly .5 .18 .87 .6 .13 .6 ~poly .5 .18 .87 .6 .5 .6 +poly .5 0 .76 .34 .24 .34
    ~poly .5 0 .76 .34 .5 .34
House: ~box .7 .06 .84 .36 ~poly .5 .02 1 .48 0 .48 +box .1 .46 .9 .98 -box .42 .64 .58 .98
    -box .18 .55 .33 .71 -box .67 .55 .82 .71
Heart: +oval .02 .08 .54 .6 +oval .46 .08 .98 .6 +poly .07 .48 .93 .48 .5 .98 +box .3 .34 .7 .5
Mountain: ~poly .72 .36 1.02 .94 .44 .94 +poly .38 .06 .8 .94 -.02 .94
    ~poly .38 .06 .8 .94 .48 .94 .41 .62 .47 .4 +poly .38 .06 .56 .42 .49 .36 .45 .46 .39 .38
Ship: +poly .45 .05 .45 .64 .03 .64 ~poly .55 .12 .55 .64 .93 .64 +box .47 .02 .53 .74
    +poly 0 .72 1 .72 .84 .97 .16 .97 ~poly 0 .72 1 .72 .97 .79 .05 .79
Fish: ~poly .3 .3 .44 .08 .62 .32 ~poly .36 .7 .46 .88 .58 .7 +poly .64 .5 1 .2 .9 .5 1 .8
    +blob 0 .52 .16 .3 .42 .22 .66 .38 .78 .5 .66 .62 .42 .78 .16 .72
    ~pie .1 .26 .42 .76 -70 70 +pie .05 .26 .37 .76 -70 70 -oval .13 .4 .23 .5
Bird: ~poly 0 .4 .2 .3 .2 .44 ~poly .66 .56 1 .34 .94 .7 ~bar .44 .78 .4 1 .04
    ~bar .56 .78 .54 1 .04
    +blob .13 .4 .2 .24 .36 .22 .48 .38 .74 .5 .84 .62 .66 .82 .4 .84 .22 .66
    ~blob .4 .5 .6 .46 .78 .6 .66 .7 .48 .68 -oval .24 .32 .32 .4
Key: +oval .24 0 .76 .48 -oval .38 .12 .62 .36 +box .43 .44 .57 1 ~box .38 .46 .62 .54
    +box .55 .7 .78 .8 +box .55 .88 .82 .98
Crown: +poly .04 .2 .26 .54 .5 .1 .74 .54 .96 .2 .88 .74 .12 .74 ~box .12 .78 .88 .94
    +oval .43 .01 .57 .15 +oval 0 .12 .12 .24 +oval .88 .12 1 .24 -oval .44 .8 .56 .92
    -oval .22 .81 .32 .91 -oval .68 .81 .78 .91
Sword: +poly .5 0 .62 .14 .62 .66 .38 .66 .38 .14 ~poly .5 0 .62 .14 .62 .66 .5 .66
    ~box .12 .63 .88 .74 +box .43 .74 .57 .9 ~oval .4 .82 .6 1
Flower: ~box .47 .6 .53 1 ~blob .52 .96 .6 .78 .84 .7 .78 .88 ~blob .48 .9 .4 .76 .2 .72 .26 .86
    +oval .35 -.01 .65 .29 +oval .57 .14 .87 .44 +oval .49 .39 .79 .69 +oval .21 .39 .51 .69
    +oval .13 .14 .43 .44 +oval .33 .17 .67 .51 ~oval .37 .2 .63 .46
Cup: +oval .6 .32 1 .74 -oval .69 .42 .91 .64 +poly .04 .26 .82 .26 .72 .84 .14 .84
    ~poly .04 .26 .82 .26 .81 .35 .06 .35 ~box 0 .9 .86 .98
    ~bar .28 .18 .33 .02 .05 ~bar .46 .18 .51 .02 .05
Bell: +oval .43 .01 .57 .15 ~oval .4 .76 .6 .98
    +poly .5 .07 .64 .1 .73 .22 .77 .5 .84 .66 .97 .78 .03 .78 .16 .66 .23 .5 .27 .22 .36 .1
    ~poly .16 .66 .84 .66 .97 .78 .03 .78
Eye: +lens .16 .84 -oval .27 .27 .73 .73 ~oval .31 .31 .69 .69 -oval .41 .41 .59 .59
    ~bar .5 .1 .5 0 .05
    ~bar .26 .16 .2 .07 .05 ~bar .74 .16 .8 .07 .05
Ladder: ~box .3 .09 .7 .18 ~box .28 .32 .72 .41 ~box .26 .55 .74 .64 ~box .24 .78 .76 .87
    +poly .22 0 .34 0 .28 1 .14 1 +poly .66 0 .78 0 .86 1 .72 1
Bridge: +box 0 .38 1 .92 -pie .05 .54 .47 1.3 180 360 -pie .53 .54 .95 1.3 180 360
    ~box 0 .3 1 .4 ~box .02 .2 .08 .3 ~box .47 .2 .53 .3 ~box .92 .2 .98 .3
Tower: +box .2 .04 .34 .26 +box .43 .04 .57 .26 +box .66 .04 .8 .26 +box .2 .2 .8 .32
    +poly .28 .3 .72 .3 .8 1 .2 1 ~poly .5 .3 .72 .3 .8 1 .5 1 ~box .2 .28 .8 .34
    -box .44 .42 .56 .6 -pie .4 .76 .6 1.24 180 360
Kite: +poly .5 0 .86 .34 .5 .76 .14 .34 ~poly .5 0 .86 .34 .5 .34 ~poly .5 .34 .5 .76 .14 .34
    +bar .5 .75 .62 .88 .035 +bar .62 .88 .5 1 .035 ~poly .5 .82 .5 .94 .74 .82 .74 .94
Leaf: +blob .95 .03 .94 .4 .72 .76 .36 .9 .14 .78 .12 .5 .3 .22 .62 .08
    ~poly .95 .03 .94 .4 .8 .66 .6 .82 .36 .89 .2 .8 -bar .2 .78 .78 .22 .04
    +bar 0 1 .24 .76 .07
Flame: +blob .54 0 .64 .24 .84 .44 .86 .72 .7 .93 .5 .99 .28 .93 .14 .72 .18 .46 .34 .56 .36 .26
    ~blob .52 .46 .62 .6 .72 .74 .66 .9 .5 .96 .34 .9 .3 .74 .42 .64
    -blob .5 .7 .58 .82 .5 .93 .42 .82
Wave: +wave .12 ~wave .41 +wave .7
Cloud: +oval 0 .42 .42 .82 +oval .18 .14 .68 .64 +oval .5 .34 1 .82 +box .2 .6 .78 .82
    ~blob .05 .7 .25 .74 .5 .68 .75 .75 .96 .68 .84 .8 .72 .82 .24 .82 .12 .8
Arrow: +bar .06 .94 .7 .3 .11 +poly 1 0 .9 .5 .5 .1 ~poly 1 0 .9 .5 .7 .3
    ~poly .02 .8 .2 .62 .32 .68 .14 .86 ~poly .2 .98 .38 .8 .32 .68 .14 .86
Anchor: +oval .36 0 .64 .26 -oval .44 .08 .56 .18 ~box .26 .28 .74 .37
    +pie .04 .24 .96 1 15 165 -pie .17 .12 .83 .84 0 180 +poly 0 .56 .2 .62 .06 .8
    +poly 1 .56 .8 .62 .94 .8 +box .44 .22 .56 .96
Apple: ~blob .52 .2 .62 .04 .9 .02 .8 .18 ~bar .5 .34 .46 .08 .06
    +blob .5 .3 .72 .22 .92 .36 .94 .6 .8 .88 .62 .98 .5 .95 .38 .98 .2 .88 .06 .6 .08 .36 .28 .22
    ~pie .26 .26 .94 .96 -50 70 +pie .16 .24 .86 .96 -60 80
Clock: ~oval 0 0 1 1 -oval .1 .1 .9 .9 +oval .14 .14 .86 .86 -bar .5 .53 .5 .22 .07
    -bar .47 .5 .72 .6 .07 ~box .47 .15 .53 .2 ~box .47 .8 .53 .85 ~box .15 .47 .2 .53
    ~box .8 .47 .85 .53
Ring: +oval .1 .26 .9 1 -oval .22 .38 .78 .9 ~poly .32 .02 .68 .02 .84 .17 .5 .42 .16 .17
    +poly .32 .02 .5 .02 .4 .17 .16 .17 +poly .4 .17 .6 .17 .5 .42
Bottle: ~box .41 0 .59 .08 +box .43 .08 .57 .34
    +poly .43 .26 .57 .26 .6 .36 .72 .48 .74 .54 .74 1 .26 1 .26 .54 .28 .48 .4 .36
    -box .26 .58 .74 .88 ~box .26 .62 .74 .84
Candle: ~blob .5 0 .58 .14 .6 .24 .5 .33 .4 .24 .42 .14 +box .36 .38 .64 .9
    ~poly .52 .38 .64 .38 .64 .9 .56 .9 +poly .36 .38 .44 .38 .4 .56 ~box .12 .88 .88 1
Umbrella: +pie 0 .06 1 1.06 180 360 ~pie .3 .06 .7 1.06 180 360 -oval 0 .48 .333 .66
    -oval .333 .48 .667 .66 -oval .667 .48 1 .66 +box .47 0 .53 .9
    +pie .47 .78 .77 1.02 0 180 -pie .53 .8 .71 .94 0 180
Wheel: +oval 0 0 1 1 -oval .13 .13 .87 .87 ~bar .935 .616 .065 .384 .07
    ~bar .617 .934 .383 .066 .07 ~bar .182 .819 .818 .181 .07 +oval .36 .36 .64 .64
    -oval .45 .45 .55 .55
Tent: +bar .44 0 .56 .14 .03 +bar .56 0 .44 .14 .03 +poly .5 .08 1 .94 0 .94
    ~poly .5 .08 .66 .94 .34 .94 -poly .5 .36 .61 .94 .39 .94
Lantern: ~oval .4 0 .6 .16 -oval .45 .04 .55 .12 +pie .24 .1 .76 .5 180 360 ~box .2 .26 .8 .34
    ~box .2 .86 .8 1 +box .25 .34 .33 .86 +box .67 .34 .75 .86
    +blob .5 .42 .6 .6 .58 .76 .5 .8 .42 .76 .4 .6
"""
# A shape begins with + (in the motif's colour), ~ (in its second tone) or - (cut out). Its kind and
# its numbers follow, in the unit square, y down:
#   box, oval: left top right bottom      pie: the same, then degrees from and to
#   poly: x y of each corner              blob: x y of points on a smooth outline
#   bar: x y to x y, width                wave: top            lens: top bottom
#   star: points, inner radius            facet: the same, then which arm's right half
_SHAPE = re.compile(r"([+~-])(\w+)((?: -?[.\d]+)+)")
_RIM = 0.035
"""Width of the shaded edge at a motif's lower right, as a share of its side."""


@dataclass(frozen=True)
class MotifMasks:
    """A motif as square 8-bit masks: its area, and the part of it in the second tone."""

    body: Image.Image
    shade: Image.Image


@lru_cache(maxsize=16)
def draw_motif(name: str, side: int) -> MotifMasks:
    """Return the masks of a motif, ``side`` pixels wide and high.

    Raises:
        KeyError: there is no motif of that name.
    """
    body, shade = Image.new("L", (side, side)), Image.new("L", (side, side))
    on_body, on_shade = ImageDraw.Draw(body), ImageDraw.Draw(shade)
    for sign, kind, numbers in _shapes(name):
        _fill(on_body, kind, numbers, side, 0 if sign == "-" else 255)
        _fill(on_shade, kind, numbers, side, 255 if sign == "~" else 0)
    rim = round(_RIM * side)
    lit = Image.new("L", (side, side))
    lit.paste(body, (-rim, -rim))
    edge = ImageChops.subtract(body, lit)
    return MotifMasks(body, ImageChops.lighter(shade, edge))


def _fill(
    canvas: ImageDraw.ImageDraw, kind: str, numbers: list[float], side: int, value: int
) -> None:
    if kind == "pie":
        box = [number * side for number in numbers[:4]]
        canvas.pieslice(box, numbers[4], numbers[5], fill=value)
        return
    scaled = [number * side for number in numbers]
    if kind == "oval":
        canvas.ellipse(scaled, fill=value)
    else:
        canvas.polygon(scaled, fill=value)


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
    for corner in range(2 * round(points)):
        radius = 0.5 * (inner if corner % 2 else 1)
        angle = math.pi * corner / points - math.pi / 2
        corners += [0.5 + radius * math.cos(angle), 0.5 + radius * math.sin(angle)]
    return corners


def _facet(points: float, inner: float, arm: float) -> list[float]:
    corners = _star(points, inner)
    return [0.5, 0.5, *corners[4 * round(arm) : 4 * round(arm) + 4]]


def _wave(top: float) -> list[float]:
    crest = [(x / 40, top + 0.08 * math.sin(x * 0.45)) for x in range(41)]
    return [value for x, y in crest for value in (x, y)] + [
        value for x, y in reversed(crest) for value in (x, y + 0.15)
    ]


def _lens(top: float, bottom: float) -> list[float]:
    half, across = (bottom - top) / 2, [x / 12 for x in range(13)]
    bulge = [half * (1 - (2 * x - 1) ** 2) for x in across]
    middle = (top + bottom) / 2
    upper = [value for x, y in zip(across, bulge, strict=True) for value in (x, middle - y)]
    return upper + [
        value for x, y in zip(across[::-1], bulge[::-1], strict=True) for value in (x, middle + y)
    ]


def _blob(*numbers: float) -> list[float]:
    """Return corners along a closed Catmull-Rom curve through the points."""
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    corners: list[float] = []
    for start in range(len(points)):
        p0, p1, p2, p3 = (points[(start + step) % len(points)] for step in (-1, 0, 1, 2))
        for t in (0.0, 0.17, 0.33, 0.5, 0.67, 0.83):
            corners += [
                b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
                for a, b, c, d in zip(p0, p1, p2, p3, strict=True)
            ]
    return corners


_CORNERS: dict[str, Callable[..., list[float]]] = {
    "box": _box,
    "bar": _bar,
    "star": _star,
    "facet": _facet,
    "wave": _wave,
    "lens": _lens,
    "blob": _blob,
}
