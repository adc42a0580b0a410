"""Calibration of margins and of logarithms of probabilities."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dustjacket.genres.calibration import fit_calibration, out_of_fold
from dustjacket.genres.scores import logarithms, softmax


def drawn(scores):
    """Draw a label for each row from the softmax of its scores."""
    shares = softmax(scores).cumsum(axis=1)
    return (np.random.default_rng(4).random((len(scores), 1)) > shares).sum(axis=1)


@given(st.floats(0.2, 5))
@settings(deadline=None, max_examples=10)
def test_a_temperature_is_found_again(temperature):
    true = logarithms(softmax(np.random.default_rng(1).normal(size=(4000, 3)) * 2))
    labels = drawn(true)
    found = fit_calibration(logarithms(softmax(true * temperature)), labels)
    close = found.probabilities(logarithms(softmax(true * temperature)))
    assert np.abs(close - softmax(true)).mean() < 0.03


def test_margins_are_calibrated_better_than_by_a_temperature():
    margins = np.random.default_rng(1).normal(-0.6, 0.4, size=(6000, 5))
    odds = 1 / (1 + np.exp(-(4 * margins + 1)))
    true = odds / odds.sum(axis=1, keepdims=True)
    found = fit_calibration(margins, drawn(np.log(true)))
    assert found.offset > -3
    assert np.abs(found.probabilities(margins) - true).mean() < 0.02
    assert (found.probabilities(margins).argmax(axis=1) == margins.argmax(axis=1)).all()


def test_a_fold_is_calibrated_by_the_others():
    found = np.random.default_rng(1).normal(size=(300, 3)) * 4
    folds = np.arange(300) % 3
    labels = found.argmax(axis=1)
    one = out_of_fold(found, labels, folds)
    changed = labels.copy()
    changed[folds == 0] = (changed[folds == 0] + 1) % 3  # fold 0 is all wrong: only others learn
    other = out_of_fold(found, changed, folds)
    assert np.array_equal(one[folds == 0], other[folds == 0])
    assert not np.allclose(one[folds == 1], other[folds == 1])


def test_a_genre_that_the_other_folds_lack_has_shares_that_sum_to_1():
    found = np.random.default_rng(1).normal(size=(60, 30))
    labels = np.arange(60) // 2
    probabilities = out_of_fold(found, labels, np.where(labels < 15, 0, 1))
    assert np.isfinite(probabilities).all()
    assert np.allclose(probabilities.sum(axis=1), 1)
