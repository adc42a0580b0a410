"""Calibration: a classifier that is right as often as it is sure."""

import numpy as np
from scipy.optimize import minimize

from dustjacket.genres.scores import Calibration

_MOST = 10_000
_LEAST = 1e-15


def fit_calibration(scores: np.ndarray, labels: np.ndarray) -> Calibration:
    """Return the calibration of least log loss.

    Args:
        scores: (n, genres) of books that the classifier was not trained on; of many, some evenly
            spaced ones are looked at.
        labels: (n,).
    """
    some = np.linspace(0, len(labels) - 1, min(len(labels), _MOST)).astype(int)
    found, true = scores[some].astype(float), labels[some]

    def loss(settings: np.ndarray) -> float:
        calibrated = Calibration(float(np.exp(settings[0])), float(settings[1]))
        of_true = calibrated.probabilities(found)[np.arange(len(true)), true]
        return float(-np.log(np.maximum(of_true, _LEAST)).mean())

    # Margins have their best offset near 0, logarithms of probabilities far below.
    tried = [
        minimize(loss, start, method="L-BFGS-B", bounds=[(-4, 4), (-20, 20)])
        for start in ([0.0, 0.0], [0.0, -8.0])
    ]
    slope, offset = min(tried, key=lambda found: found.fun).x
    return Calibration(float(np.exp(slope)), float(offset))


def out_of_fold(scores: np.ndarray, labels: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Return (n, genres) probabilities, each fold's calibrated as was best for the other folds."""
    calibrated = np.empty_like(scores)
    for fold in np.unique(folds):
        held_out = folds == fold
        fitted = fit_calibration(scores[~held_out], labels[~held_out])
        calibrated[held_out] = fitted.probabilities(scores[held_out])
    return calibrated
