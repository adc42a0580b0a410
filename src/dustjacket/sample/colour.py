"""Colours: how far apart two are, whether type of one can be read on another, and mixing them."""

import math
import random

import numpy as np

Colour = tuple[int, int, int]

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
"""One of the two can be read on any colour."""
READABLE = 4.5
"""Contrast that type must have with what is behind it (WCAG 2.2, success criterion 1.4.3)."""
_APART = 110.0
_WEIGHTS = np.array([0.2126, 0.7152, 0.0722])
_LEVELS = np.arange(256) / 255
_LINEAR = np.where(_LEVELS <= 0.04045, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4)


def parsed(text: str) -> Colour:
    """Return the colour of six hexadecimal digits."""
    red, green, blue = bytes.fromhex(text)
    return red, green, blue


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """Return ``one`` with ``share`` (0 to 1) of ``other`` in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def varied(colour: Colour, rng: random.Random, reach: int) -> Colour:
    """Return ``colour`` with each channel moved by up to ``reach``."""
    red, green, blue = (max(0, min(255, value + rng.randint(-reach, reach))) for value in colour)
    return red, green, blue


def second_tone(colour: Colour) -> Colour:
    """Return a shade of ``colour``: darker, or lighter where it is too dark for one."""
    if luminance(colour) < 0.03:
        return mixed(colour, WHITE, 0.3)
    return mixed(colour, (30, 20, 50), 0.3 if luminance(colour) < 0.6 else 0.22)


def stands_out(colour: Colour, ground: Colour) -> bool:
    """Return whether a thing of ``colour`` is seen on ``ground`` at a glance."""
    return math.dist(colour, ground) > _APART


def luminance(colour: Colour) -> float:
    """Return the relative luminance of WCAG 2.2, 0 to 1."""
    return float(luminances(np.array(colour)))


def luminances(pixels: np.ndarray) -> np.ndarray:
    """Return the relative luminance of each of (…, 3) 8-bit pixels."""
    found: np.ndarray = _LINEAR[pixels] @ _WEIGHTS
    return found


def contrast(one: float, other: float) -> float:
    """Return the contrast ratio of two luminances, 1 to 21."""
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)
