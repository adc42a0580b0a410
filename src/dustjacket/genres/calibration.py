"""Calibration: a classifier that is right as often as it is sure."""

import numpy as np
from scipy.optimize import minimize_scalar

from dustjacket.genres.scorer import tempered

_MOST = 20_000
_LEAST = 1e-15


def fit_temperature(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the temperature of least log loss (Guo et al. 2017).

    Args:
        probabilities: (n, genres) of books that the classifier was not trained on; of many, some
            evenly spaced ones are looked at.
        labels: (n,).
    """
    some = np.linspace(0, len(labels) - 1, min(len(labels), _MOST)).astype(int)
    found, true = probabilities[some].astype(float), labels[some]

    def loss(log_temperature: float) -> float:
        calibrated = tempered(found, float(np.exp(log_temperature)))
        return float(-np.log(np.maximum(calibrated[np.arange(len(true)), true], _LEAST)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-3.5, 3.5), method="bounded").x))


def out_of_fold(probabilities: np.ndarray, labels: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Return (n, genres), each fold's at the temperature that was fitted to the other folds."""
    calibrated = np.empty_like(probabilities)
    for fold in np.unique(folds):
        held_out = folds == fold
        temperature = fit_temperature(probabilities[~held_out], labels[~held_out])
        calibrated[held_out] = tempered(probabilities[held_out], temperature)
    return calibrated
