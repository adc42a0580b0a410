"""Abstention: the guarantee on errors, and the curve of coverage and accuracy."""

import numpy as np
import pytest

from dustjacket.genres.abstention import coverage_curve, fit_threshold, measure_abstention
from dustjacket.genres.answers import NEVER


def draw_books(books, seed, rate=lambda confidence: confidence):
    """Return confidences, and whether each is right, at the rate that is a function of it."""
    draw = np.random.default_rng(seed)
    confidence = draw.uniform(0.1, 1, books)
    return confidence, draw.random(books) < rate(confidence)


def threshold_of(confidence, right, max_error=0.1, known=None, groups=None):
    known = np.ones(len(right), bool) if known is None else known
    groups = np.arange(len(right)) if groups is None else groups
    return fit_threshold(confidence, right, known, groups, max_error)


@pytest.mark.parametrize(("size", "max_error"), [(400, 0.3), (4000, 0.1)])
def test_no_more_are_wrong_than_stated_in_19_of_20_draws(size, max_error):
    """An overconfident classifier: right at the square of its confidence."""
    grid = np.linspace(0.1, 1, 100_001)
    broken = covered = 0
    for seed in range(400):
        threshold = threshold_of(*draw_books(size, seed, np.square), max_error)
        if threshold < NEVER:
            covered += 1
            broken += (1 - np.square(grid[grid >= threshold])).mean() > max_error
    assert covered > 200
    assert broken / 400 <= 0.05


def test_of_many_books_the_threshold_is_near_the_best_one():
    # With calibrated confidences from t to 1, the error is (1 - t) / 2.
    assert 0.8 <= threshold_of(*draw_books(50_000, 1)) <= 0.83
    assert 0.6 <= threshold_of(*draw_books(50_000, 1), max_error=0.2) <= 0.63


def test_a_classifier_that_is_always_right_is_always_sure():
    confidence, _ = draw_books(500, 1)
    assert threshold_of(confidence, np.ones(500, bool)) <= 0.1


def test_a_classifier_that_is_often_wrong_or_hardly_tested_is_never_sure():
    confidence, right = draw_books(2000, 1, lambda confidence: np.full(len(confidence), 0.5))
    assert threshold_of(confidence, right) == NEVER
    assert threshold_of(np.full(20, 0.99), np.ones(20, bool)) == NEVER
    assert threshold_of(np.empty(0), np.empty(0, bool)) == NEVER


def test_books_of_one_group_count_once():
    confidence, right = np.full(300, 0.995), np.ones(300, bool)
    assert threshold_of(confidence, right) < NEVER
    assert threshold_of(confidence, right, groups=np.arange(300) % 10) == NEVER


def test_books_without_a_known_word_do_not_count():
    confidence, right = np.full(400, 0.995), np.arange(400) < 300
    assert threshold_of(confidence, right) == NEVER
    assert threshold_of(confidence, right, known=np.arange(400) < 300) < NEVER


def test_the_curve_takes_the_most_confident_first():
    curve = coverage_curve(np.array([0.2, 0.9, 0.8, 0.4]), np.array([False, True, True, False]))
    assert list(curve["coverage"]) == [0.25, 0.5, 0.75, 1.0]
    assert list(curve["threshold"]) == [0.9, 0.8, 0.4, 0.2]
    assert list(curve["accuracy"]) == [1.0, 1.0, pytest.approx(2 / 3), 0.5]


def test_what_is_measured_has_intervals_by_group():
    sure, right = np.array([True] * 20 + [False] * 20), np.array([True] * 18 + [False] * 22)
    found = measure_abstention(sure, right, np.arange(40))
    assert found["coverage"][0] == 0.5
    value, low, high = found["error"]
    assert value == pytest.approx(0.1)
    assert low < 0.1 < high
    wider = measure_abstention(sure, right, np.arange(40) // 4)["error"]
    assert wider[2] - wider[1] > high - low
    assert "error" not in measure_abstention(np.zeros(4, bool), right[:4], np.arange(4))
