"""Estimated accuracy is that which comes true, as long as probabilities are calibrated."""

import numpy as np
import pytest

from dustjacket.metrics.estimated import estimated_accuracy, realised_accuracy


def estimate(probabilities):
    return estimated_accuracy(
        float(probabilities.sum()), float((probabilities**2).sum()), len(probabilities)
    )


def test_without_answers_there_is_no_accuracy():
    assert estimated_accuracy(0.0, 0.0, 0) is None
    assert realised_accuracy(0, 0) is None


def test_certain_answers_have_an_estimate_without_doubt():
    assert estimate(np.ones(9)).interval == (1.0, 1.0)


def test_the_interval_holds_what_comes_true_in_95_of_100_cases():
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(1000):
        probabilities = rng.beta(4, 2, 300)
        low, high = estimate(probabilities).interval
        held += low <= (rng.random(300) < probabilities).mean() <= high
    assert held == pytest.approx(950, abs=25)


def test_a_change_of_what_answers_mean_is_a_gap_between_both():
    rng = np.random.default_rng(0)
    probabilities = rng.beta(4, 2, 2000)
    right = rng.random(2000) < 0.7 * probabilities
    estimated, realised = estimate(probabilities), realised_accuracy(int(right.sum()), 2000)
    assert realised.interval[1] < estimated.interval[0]
    assert realised.value == pytest.approx(0.7 * estimated.value, abs=0.03)
