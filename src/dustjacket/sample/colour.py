"""Colours: distance, contrast of text with its background, and mixtures."""

import math
import random

import numpy as np

Colour = tuple[int, int, int]

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
"""On any background, text in one of the two is readable."""
READABLE = 4.5
"""Minimum contrast of text with its background (WCAG 2.2, success criterion 1.4.3)."""
_MIN_DISTANCE = 110.0
_WEIGHTS = np.array([0.2126, 0.7152, 0.0722])
_LEVELS = np.arange(256) / 255
_LINEAR = np.where(_LEVELS <= 0.04045, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4)


def parse_hex(text: str) -> Colour:
    """Return the colour that six hexadecimal digits name."""
    red, green, blue = bytes.fromhex(text)
    return red, green, blue


def mix(colour: Colour, other: Colour, share: float) -> Colour:
    """Return a mixture of two colours; ``share`` (0 to 1) is that of ``other``."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def vary(colour: Colour, rng: random.Random, max_change: int) -> Colour:
    """Return ``colour`` with each channel changed at random by up to ``max_change``."""
    red, green, blue = (
        max(0, min(255, value + rng.randint(-max_change, max_change))) for value in colour
    )
    return red, green, blue


def second_tone(colour: Colour) -> Colour:
    """Return a darker tone of ``colour``, or a lighter one if the colour is almost black."""
    if luminance(colour) < 0.03:
        return mix(colour, WHITE, 0.3)
    return mix(colour, (30, 20, 50), 0.3 if luminance(colour) < 0.6 else 0.22)


def stands_out(colour: Colour, ground: Colour) -> bool:
    """Return whether ``colour`` is clearly visible on ``ground``."""
    return math.dist(colour, ground) > _MIN_DISTANCE


def luminance(colour: Colour) -> float:
    """Return the relative luminance (WCAG 2.2), 0 to 1."""
    return float(luminances(np.array(colour)))


def luminances(pixels: np.ndarray) -> np.ndarray:
    """Return the relative luminance of each of (…, 3) 8-bit pixels."""
    values: np.ndarray = _LINEAR[pixels] @ _WEIGHTS
    return values


def contrast(first: float, second: float) -> float:
    """Return the contrast ratio (WCAG 2.2) of two luminances, 1 to 21."""
    return (max(first, second) + 0.05) / (min(first, second) + 0.05)
