"""Intervals of label metrics, and of a difference between two classifiers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dustjacket.metrics.classification import label_metrics
from dustjacket.metrics.classification_intervals import difference, intervals

METRICS = ("accuracy", "f1_weighted", "f1_macro")
GENRE = st.sampled_from(["Art", "Crime", "Law", "Travel"])
TRIPLES = st.lists(st.tuples(GENRE, GENRE, GENRE), min_size=1, max_size=30)


def some_labels(books, right, seed=1):
    rng = np.random.default_rng(seed)
    true = rng.choice(["Art", "Crime", "Law"], books, p=[0.6, 0.3, 0.1])
    guess = rng.choice(["Art", "Crime", "Law", "Travel"], books)
    return list(true), list(np.where(rng.random(books) < right, true, guess))


@given(TRIPLES)
@settings(deadline=None, max_examples=25)
def test_the_difference_is_that_of_the_label_metrics(triples):
    true, ours, theirs = map(list, zip(*triples, strict=True))
    one, other = label_metrics(true, ours), label_metrics(true, theirs)
    for metric in METRICS:
        found = difference(true, ours, theirs, metric, resamples=5)[0]
        assert found == pytest.approx(one[metric] - other[metric], abs=1e-12)


def test_intervals_are_those_of_drawing_books_one_by_one():
    true, predicted = some_labels(60, right=0.5)
    rng = np.random.default_rng(2)
    drawn = [rng.integers(60, size=60) for _ in range(100)]
    scores = [label_metrics([true[i] for i in d], [predicted[i] for i in d]) for d in drawn]
    found = intervals(true, predicted, resamples=4000)
    assert set(found) == set(METRICS)
    for metric, ends in found.items():
        by_hand = np.percentile([score[metric] for score in scores], [2.5, 97.5])
        assert ends == pytest.approx(tuple(by_hand), abs=0.05)


def test_the_interval_of_an_accuracy_is_the_binomials():
    true, predicted = ["Art"] * 400, ["Art"] * 300 + ["Law"] * 100
    low, high = intervals(true, predicted, resamples=4000)["accuracy"]
    half = 1.96 * np.sqrt(0.75 * 0.25 / 400)
    assert (low, high) == pytest.approx((0.75 - half, 0.75 + half), abs=0.005)


def test_a_seed_draws_the_same_books_however_many_are_drawn_at_once(monkeypatch):
    labels = some_labels(50, right=0.5)
    whole = intervals(*labels, resamples=50, seed=3)
    monkeypatch.setattr("dustjacket.metrics.bootstrap._CELLS", 1)
    assert intervals(*labels, resamples=50, seed=3) == whole
    assert intervals(*labels, resamples=50, seed=4) != whole


@pytest.mark.parametrize(("books", "low_end"), [(10, 0.75), (50, 0.95)])
def test_few_books_that_are_all_right_leave_a_doubt(books, low_end):
    true, _ = some_labels(books, right=1)
    for low, high in intervals(true, true, resamples=50).values():
        assert 0.5 < low < low_end
        assert high == 1


def test_few_books_that_are_all_wrong_leave_a_hope():
    for low, high in intervals(["Art"] * 14, ["Law"] * 14, resamples=50).values():
        assert low == 0
        assert 0.2 < high < 0.3


def test_a_model_does_not_differ_from_itself_but_as_many_books_could_hide_it():
    true, predicted = some_labels(50, right=0.5)
    for metric in METRICS:
        gain, low, high = difference(true, predicted, predicted, metric, resamples=50)
        assert gain == 0
        assert -0.1 < low < 0 < high < 0.1


def test_copies_of_each_book_in_its_group_narrow_no_interval():
    true, ours = some_labels(200, right=0.6)
    theirs = some_labels(200, right=0.5, seed=2)[1]
    three = [[label for label in labels for _ in range(3)] for labels in (true, ours, theirs)]
    groups = np.repeat(np.arange(200), 3)
    alone, copied = intervals(true, ours), intervals(*three[:2], groups=groups)
    for metric in METRICS:
        assert copied[metric] == pytest.approx(alone[metric], abs=0.02)
        assert difference(*three, metric, groups=groups) == pytest.approx(
            difference(true, ours, theirs, metric), abs=0.03
        )


def test_pairing_finds_a_small_difference_that_two_intervals_do_not():
    true, ours = some_labels(300, right=0.6)
    theirs = list(ours)
    for at in [at for at, genre in enumerate(true) if ours[at] == genre][:9]:
        theirs[at] = "Travel"
    gain, low, high = difference(true, ours, theirs, "accuracy")
    assert gain == pytest.approx(0.03)
    assert 0 < low < gain < high
    assert intervals(true, ours)["accuracy"][0] < intervals(true, theirs)["accuracy"][1]


def test_without_books_there_is_no_interval():
    with pytest.raises(ValueError, match="no book"):
        intervals([], [])
    with pytest.raises(ValueError, match="no book"):
        difference([], [], [], "accuracy")
