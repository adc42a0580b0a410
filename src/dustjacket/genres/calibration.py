"""Fitting of calibrations: predicted probabilities then match observed frequencies."""

import numpy as np
from scipy.optimize import minimize

from dustjacket.genres.scores import Calibration

_MAX_BOOKS = 10_000
_MIN_PROBABILITY = 1e-15


def fit_calibration(scores: np.ndarray, labels: np.ndarray) -> Calibration:
    """Return the calibration with the lowest log loss (Platt 1999; Guo et al. 2017).

    Args:
        scores: (n, genres) of books that the classifier was not trained on; of more than 10,000
            books, 10,000 evenly spaced ones are used.
        labels: (n,).
    """
    sample = np.linspace(0, len(labels) - 1, min(len(labels), _MAX_BOOKS)).astype(int)
    sample_scores, true = scores[sample].astype(float), labels[sample]

    def loss(parameters: np.ndarray) -> float:
        calibration = Calibration(float(np.exp(parameters[0])), float(parameters[1]))
        probabilities = calibration.probabilities(sample_scores)[np.arange(len(true)), true]
        return float(-np.log(np.maximum(probabilities, _MIN_PROBABILITY)).mean())

    # The best offset is near 0 for margins, and far below for logarithms of probabilities.
    minima = [
        minimize(loss, start, method="L-BFGS-B", bounds=[(-4, 4), (-20, 20)])
        for start in ([0.0, 0.0], [0.0, -8.0])
    ]
    slope, offset = min(minima, key=lambda minimum: minimum.fun).x
    return Calibration(float(np.exp(slope)), float(offset))


def out_of_fold(scores: np.ndarray, labels: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Return (n, genres) probabilities, each fold's by a calibration fitted to the other folds."""
    calibrated = np.empty_like(scores)
    for fold in np.unique(folds):
        held_out = folds == fold
        calibration = fit_calibration(scores[~held_out], labels[~held_out])
        calibrated[held_out] = calibration.probabilities(scores[held_out])
    return calibrated
