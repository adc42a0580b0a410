"""The style of each genre: its palettes and typefaces."""

import random
from dataclasses import dataclass, fields

from dustjacket.sample.colour import Colour, parse_hex, vary
from dustjacket.sample.grammar import GENRES
from dustjacket.sample.lettering import Face

BORROWED_SHARE = 0.06
"""Share of covers with a palette of a random genre, so that colours never identify a genre."""
_JITTER = 7


@dataclass(frozen=True)
class Palette:
    """Colours of one cover, except the main motif's.

    Attributes:
        paper: the background.
        second: a second background colour, for example of a hill.
        accent: the colour of ornaments and small motifs.
        ink: the colour of type; readable on ``paper``.
    """

    paper: Colour
    second: Colour
    accent: Colour
    ink: Colour


_PALETTES = """
2b2f3a 1a1d26 b5453a efe4c8 | 1c1e26 31343f d8a23c e9e4d8 | 3d414b 272a33 c9895b f6efe0
    | 24262b 3a3033 c23b3b f0e9dc
f6d6dc eab4c0 b03060 6b1236 | f2b8c6 e396aa 9c2350 561029 | fbe3e6 f3c3cc d0605c 6b1f2e
    | 8f1f48 6d1435 f7b5b0 fff0ee
161e50 0b1030 4fc3e8 d8f3ff | 2a1548 190a30 e86fd0 f4e3ff | 241f6b 15124a 6fe3d4 e9f4ff
    | 1a1140 34206b f2c14e f1eaff
ffe98a ffd052 e8505b 1d3f7d | ffdc4f ffbf2e 1f8fc4 3d1f5c | fff2b5 ffdf75 f2643d 1f4a33
    | ffcc57 ffb02e 2a9d8f 4a1a3d
f3b27a e6955a 8f2f1b 47190c | f8cfa4 f0ae74 6f8f3a 43210f | e9985f d67a40 fff0d6 330f05
    | b0452a 8a3019 f7c873 fff1df
a9dceb 6fb8d0 f08a4b 123e54 | 7cc4e0 4fa3c7 f4e3c0 0b2c40 | cbebf5 97d0e6 d9663a 17455c
    | 1d6488 12496a f5c25b f2faff
d0b88a b0945f 8c2f1b 3a180b | bfa06a a0814b 35536b 27140a | dfcda6 c7ae7c 7a3520 3a2413
    | 65452a 4a2f1a e0bd74 f8ebcd
e8e5f5 c6bfe2 b58b2e 38246b | cdbfe6 ab98d2 7a4a1f 2c1a56 | ddd3f2 bcabe0 8a5fb0 351f60
    | 55418c 3d2d6b e8c76a f8f3ff
b9e3df 8cccc6 e0662f 053a3f | 0f5c63 0a4248 f2b632 e6fffb | 9ad6d0 6dbab3 1d3f6b 04302f
    | 0a3d47 125a63 5fe0c0 e0fbf6
d8f0ca aede97 f0a93b 1c5a30 | c3e7a8 9bd07c d9593d 16451f | e8f6dc c5e6ac 3f9a6a 23502d
    | a5d88f 80c069 fff6d0 0f3a1b
1f4d2e 12331d f2c230 f3f7e8 | 2c6638 1c4a27 f08a3c f5f9e6 | 4a6b23 35501a ffd24a f8fbe4
    | 285a3f 184029 e8e0c0 f4faf0
f4f4f2 d8d8d4 d43d2a 1c1c1c | dcdde0 bfc1c6 2f5d8a 202226 | ffffff e4e4e6 b23a6a 111111
    | c3c6cb a4a8af 23252b 16181c
"""
# One line for each genre, in the order of the grammar's genres: paper, second, accent and ink of
# each palette.

_BOLD, _SERIF, _ITALIC = "DejaVuSans-Bold.ttf", "STIXGeneralBol.ttf", "STIXGeneralBolIta.ttf"
_NARROW = Face(_BOLD, squeeze=0.74, capitals=True)
_ROMAN = Face("cmb10.ttf", ascii_only=True)
_SCRIPT = Face("cmti10.ttf", ascii_only=True)
_PLAIN = Face("cmss10.ttf", ascii_only=True)
_CODE = Face("DejaVuSansMono-Bold.ttf", squeeze=0.86)
_FACES: tuple[tuple[Face, Face], ...] = (
    (_NARROW, Face(_SERIF, capitals=True)),
    (Face(_ITALIC), _SCRIPT),
    (Face(_BOLD, squeeze=0.82, capitals=True), Face("STIXGeneral.ttf", capitals=True)),
    (Face(_BOLD, squeeze=0.88), Face("DejaVuSerif-Bold.ttf", squeeze=0.9)),
    (Face("DejaVuSerif-BoldItalic.ttf", squeeze=0.88), _ROMAN),
    (_NARROW, Face("DejaVuSerif-Bold.ttf", squeeze=0.85)),
    (Face(_SERIF, capitals=True), Face("cmb10.ttf", capitals=True, ascii_only=True)),
    (Face("STIXGeneral.ttf", capitals=True), Face("DejaVuSerif-Italic.ttf", squeeze=0.9)),
    (_CODE, Face(_BOLD, squeeze=0.8)),
    (_PLAIN, Face("DejaVuSans-BoldOblique.ttf", squeeze=0.82)),
    (Face("DejaVuSans-BoldOblique.ttf", squeeze=0.76, capitals=True), _NARROW),
    (_PLAIN, _ROMAN),
)
"""Typefaces of the titles of each genre, in the order of the grammar's genres."""


def _palettes(text: str) -> list[list[Palette]]:
    lines = text.replace("\n    |", " |").strip().splitlines()
    return [
        [Palette(*map(parse_hex, colours.split())) for colours in line.split("|")] for line in lines
    ]


PALETTES = _palettes(_PALETTES)
"""The palettes of each genre, in the order of the grammar's genres."""


def palette_of(genre: int, rng: random.Random) -> Palette:
    """Return a palette of genre number ``genre`` in the grammar, with slightly varied colours."""
    if rng.random() < BORROWED_SHARE:
        genre = rng.randrange(len(GENRES))
    chosen = rng.choice(PALETTES[genre])
    return Palette(*(vary(getattr(chosen, field.name), rng, _JITTER) for field in fields(Palette)))


def face_of(genre: int, rng: random.Random) -> Face:
    """Return a typeface for the titles of genre number ``genre`` in the grammar."""
    return rng.choice(_FACES[genre])
