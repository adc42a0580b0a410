"""What covers of a genre have in common: families of palettes and typefaces, for each style."""

import random
from dataclasses import dataclass, fields
from typing import Literal

from dustjacket.sample.colour import Colour, parsed, varied
from dustjacket.sample.grammar import GENRES
from dustjacket.sample.lettering import Face

Style = Literal["classic", "modern"]

BORROWED_SHARE = 0.1
"""Share of covers in the palette of any genre, so that none can be told for certain."""
_REACH = 7


@dataclass(frozen=True)
class Palette:
    """Colours of one cover, its main motif apart.

    Attributes:
        paper: the ground.
        second: a tone beside it: a band, a hill, the other half.
        accent: ornaments and what is small.
        ink: type; it can be read on ``paper``.
    """

    paper: Colour
    second: Colour
    accent: Colour
    ink: Colour


_CLASSIC = """
2b2f3a 171a22 b5453a efe4c8 | 1f2d3d 0f1a26 d8a23c e9eef2 | e8dfc9 c9b992 7a1f1f 22201d
    | 3b2a35 241820 c9895b f3e6d8
f6d6dc eab4c0 b03060 7a1640 | fbe9e1 f3c6b4 d0604c 6b1f2e | 7a1f3d 561329 f2b8a0 fdeee6
    | e9dcf0 cdb4dd 8f4a93 4a1f52
161e50 0b1030 4fc3e8 d8f3ff | 2a1548 160a2b e86fd0 f4e3ff | 0f3a40 072226 6fe3b4 e2fff4
    | dcdcea b2b0cc 5a4fa0 1c1a3a
ffe98a ffc94d e8505b 1d4f91 | a8e0f0 7cc7e4 ff7f50 173f6b | c9ecb0 98d685 f2643d 21502e
    | ffd3c4 ffae9a 3aa6a0 5b2150
faf2dc efd9a8 c0572b 5a2f12 | f3ead9 d9dcb0 6f8f3a 34401a | 7c2d1e 571b11 efb45a fdf1dc
    | fff7ec f6c9a8 d6433b 4a1d16
a9dceb 6fb8d0 f08a4b 123e54 | f4d9b0 e6b27c 2f8f9d 4b2a12 | cfe6d4 8fbfa0 d9663a 163f35
    | 1f4e6b 12344a f5c25b eef7fb
d0b88a a98c58 8c2f1b 3f1a0e | e9dfc6 c7b48c 35536b 2a2015 | 4a2418 2f140c c9a24e f3e4c0
    | bfc0a8 8f9274 7a3520 23261a
e8e5f5 c6bfe2 b58b2e 38246b | f6f1e4 dccfae 7a5ba6 3b2a55 | 2d2a5c 1b193d e3c067 f6f1dd
    | dcebf0 b0cddb c08a3e 1f4156
eaf1f1 bcd6d6 00857d 05393a | 10242b 08151a 2fd3a5 dff9f2 | f4f4ee d3d6d0 e0662f 1d2a33
    | 1d2b4f 111b34 f2b632 e7eefc
d8f0ca a7d890 f0a93b 1c5a30 | fdf6e3 f4dfa6 5aa469 2d4a2b | cdeee6 8fd3c5 f27059 0f4a48
    | fbe3d0 f5bf9a 6aa84f 4d2f1c
98c98c 5f9e58 d94f2b 3a1408 | 1f4d2e 12331d f2c230 f3f7e8 | f2e6cc d9bd86 2a6f97 4a1c0c
    | b03c17 8f2f12 ffd27a fff3e2
f4f4f2 d8d8d4 d43d2a 1c1c1c | 1b1b1d 0b0b0c e5c84a f7f7f5 | eee6da cfc2b0 2f5d8a 22201e
    | d9dfe4 aab5bf b23a6a 20262c
"""
_MODERN = """
15161c c8102e f0e6d2 f0e6d2 | f0e6d2 1c2a3a c8102e 15161c
ffd1dc d81e5b 7a0f3c 4a0626 | d81e5b ffb3a7 fff0ee fff5f2
0d0b2e 3d2fd0 19d3da e8fbff | c7f9f1 5b2fd0 ff4fa3 0d0b2e
ffe14d 2bb3e6 ff5a4f 123a63 | 2bb3e6 ffe14d ff8ac0 0b2e4f
fff1d6 f25c2a 2e6b34 43160a | f25c2a ffd166 fff1d6 2d0d03
8be0e6 f7a440 1d4e89 0c2c4a | f7c873 00838f d1495b 3a1a08
d9b26a 6b2d1a 24303a 24130a | 6b2d1a d9b26a f3e3c2 f3e3c2
d9d4ff 4b3b9e f0c24b 231857 | 4b3b9e f0c24b ffffff ffffff
e6fbf7 00a896 102a43 102a43 | 102a43 00c2a8 f5f749 e6fbf7
d7f9c4 2fa84f ffb238 0f3d1e | fff3c9 7bd389 ff7a59 17402a
b8e05a 176d3b ff5714 0c2f19 | ff5714 1b3a57 ffe8c2 1d0c03
ffffff 111111 ff2e2e 111111 | f2f0eb 2d4fff ffcf00 111111
"""
# A line a genre, in the order of the grammar's: paper, second, accent and ink of each palette.

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
"""Typefaces of the titles of each genre, in the order of the grammar's."""
_MODERN_FACES = (_PLAIN, Face(_BOLD, squeeze=0.8), _NARROW, Face(_BOLD, squeeze=0.9))


def _palettes(text: str) -> list[list[Palette]]:
    lines = text.replace("\n    |", " |").strip().splitlines()
    return [
        [Palette(*map(parsed, colours.split())) for colours in line.split("|")] for line in lines
    ]


PALETTES: dict[Style, list[list[Palette]]] = {
    "classic": _palettes(_CLASSIC),
    "modern": _palettes(_MODERN),
}
"""By style, the palettes of each genre, in the order of the grammar's."""


def palette_of(genre: int, style: Style, rng: random.Random) -> Palette:
    """Return a palette of genre number ``genre`` in the grammar, its hues a little varied."""
    if rng.random() < BORROWED_SHARE:
        genre = rng.randrange(len(GENRES))
    chosen = rng.choice(PALETTES[style][genre])
    return Palette(*(varied(getattr(chosen, field.name), rng, _REACH) for field in fields(Palette)))


def face_of(genre: int, style: Style, rng: random.Random) -> Face:
    """Return a typeface for the titles of genre number ``genre`` in the grammar."""
    if style == "modern" and rng.random() < 0.6:
        return rng.choice(_MODERN_FACES)
    return rng.choice(_FACES[genre])
