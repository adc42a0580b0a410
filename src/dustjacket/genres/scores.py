"""Conversion of a classifier's scores to probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

UNSEEN = -1e4
"""The score of a genre without training rows: its probability is 0."""
_MIN_PROBABILITY = 1e-30


@dataclass(frozen=True)
class Calibration:
    """Calibrated probabilities: sigmoid(slope * score + offset), divided by the sum over genres.

    For margins this is Platt scaling with one slope and offset for all genres (Platt 1999). For
    logarithms of probabilities and an offset far below 0, where a sigmoid is an exponential, it is
    temperature scaling (Guo et al. 2017). Neither changes which genre is likeliest.

    Attributes:
        shift: (genres,) what logit adjustment adds to the logarithms; empty: nothing.
    """

    slope: float = 1.0
    offset: float = -20.0
    shift: Sequence[float] = ()

    def probabilities(self, scores: np.ndarray) -> np.ndarray:
        """Return (rows, genres), each row summing to 1."""
        logits = -np.logaddexp(0, -(self.slope * scores + self.offset))
        return softmax(logits + np.asarray(self.shift) if len(self.shift) else logits)


UNCALIBRATED = Calibration()
"""Maps logarithms of probabilities to those probabilities."""


def softmax(scores: np.ndarray) -> np.ndarray:
    """Return (rows, genres), each row summing to 1.

    Equal to ``scipy.special.softmax``, whose import and overhead would dominate the time of a
    scorer's first title and of each one after it.
    """
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def logarithms(probabilities: np.ndarray) -> np.ndarray:
    """Return the natural logarithms; that of 0 is about -69."""
    return np.asarray(np.log(np.maximum(probabilities, _MIN_PROBABILITY)))
