"""Contrast of text with what is behind it, by WCAG 2.2."""

import numpy as np

MIN_CONTRAST = 4.5
"""WCAG 2.2, success criterion 1.4.3 (AA)."""
QUANTILE = 0.01
"""Share of the pixels behind text that may have less contrast: specks, such as stars."""
_LINEAR_BELOW = 0.04045


def luminance(colours: np.ndarray | tuple[int, int, int]) -> np.ndarray:
    """Return the relative luminance of sRGB colours (…, 3), 0 to 255."""
    values = np.asarray(colours, np.float64) / 255
    linear = np.where(values <= _LINEAR_BELOW, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ np.array([0.2126, 0.7152, 0.0722]))


def contrast(text: tuple[int, int, int], behind: np.ndarray) -> float:
    """Return the contrast ratio, 1 to 21, that all but 1 % of the pixels behind text reach.

    Args:
        text: its colour.
        behind: (pixels, 3), 0 to 255.
    """
    if not behind.size:
        return 21.0
    own, others = float(luminance(text)), luminance(behind.reshape(-1, 3))
    ratios = (np.maximum(own, others) + 0.05) / (np.minimum(own, others) + 0.05)
    return float(np.quantile(ratios, QUANTILE))


def veil_opacity(
    text: tuple[int, int, int], veil: tuple[int, int, int], behind: np.ndarray
) -> float:
    """Return the least opacity of a veil over the pixels behind text that gives enough contrast.

    It is 0 if none is needed, and 1 if a solid field is needed or even that would not do.
    """
    colour = np.asarray(veil, np.float64)
    for opacity in np.arange(0, 1.0, 0.08):
        if contrast(text, behind * (1 - opacity) + colour * opacity) >= MIN_CONTRAST * 1.05:
            return float(opacity)
    return 1.0
