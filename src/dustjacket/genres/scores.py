"""From a classifier's scores to probabilities."""

from dataclasses import dataclass

import numpy as np

UNSEEN = -1e4
"""The score of a genre that a classifier was not trained on: its probability is 0."""
_LEAST = 1e-30


@dataclass(frozen=True)
class Calibration:
    """How sure to be of a score: the sigmoid of ``slope * score + offset``, shares of the sum.

    For margins that is Platt scaling, the same for all genres; for logarithms of probabilities and
    an offset far below 0, where a sigmoid is an exponential, it is temperature scaling (Platt 1999;
    Guo et al. 2017). Neither changes which genre is likeliest.
    """

    slope: float = 1.0
    offset: float = -20.0

    def probabilities(self, scores: np.ndarray) -> np.ndarray:
        """Return (rows, genres), each row summing to 1."""
        return softmax(-np.logaddexp(0, -(self.slope * scores + self.offset)))


UNCALIBRATED = Calibration()
"""Of logarithms of probabilities, those probabilities."""


def softmax(scores: np.ndarray) -> np.ndarray:
    """Return (rows, genres), each row summing to 1."""
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def logarithms(probabilities: np.ndarray) -> np.ndarray:
    """Return the natural logarithms; that of 0 is about -69."""
    return np.asarray(np.log(np.maximum(probabilities, _LEAST)))
