"""Intervals of retrieval metrics, and of a difference between two models."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dustjacket.metrics.retrieval import Ranks, rank_metrics
from dustjacket.metrics.retrieval_intervals import mean_interval, paired_difference, rank_intervals
from dustjacket.metrics.shares import share_interval

DRAWS = {"resamples": 2000, "seed": 13}


def test_intervals_are_those_of_drawing_covers_one_by_one():
    rng = np.random.default_rng(1)
    found = rng.geometric(0.1, size=80).astype(float)
    by_hand = [rank_metrics(Ranks(found[rng.integers(80, size=80)])) for _ in range(2000)]
    for metric, ends in rank_intervals(Ranks(found), **DRAWS).items():
        expected = np.percentile([each[metric] for each in by_hand], [2.5, 97.5])
        assert ends == pytest.approx(tuple(expected), rel=0.1, abs=0.02)


def test_the_interval_of_a_recall_is_the_binomials():
    found = np.array([1.0] * 300 + [50.0] * 100)
    half = 1.96 * np.sqrt(0.75 * 0.25 / 400)
    low, high = rank_intervals(Ranks(found), **DRAWS)["recall_at_1"]
    assert (low, high) == pytest.approx((0.75 - half, 0.75 + half), abs=0.005)


@settings(max_examples=40)
@given(st.lists(st.sampled_from([1.0, 1.5, 2, 6, 11, 40]), min_size=1, max_size=30))
@example([1.0, 11, 11])
def test_an_interval_lies_between_the_least_and_the_greatest_that_can_be_drawn(values):
    one_by_one = [rank_metrics(Ranks(np.array([value]))) for value in values]
    found = rank_intervals(Ranks(np.array(values)), resamples=100, seed=1)
    of_each = [each["median_rank"] for each in one_by_one]
    low, high = found["median_rank"]
    assert min(of_each) <= low <= high <= max(of_each)
    mrr = rank_metrics(Ranks(np.array(values)))["mrr"]
    assert 0 <= found["mrr"][0] <= mrr <= found["mrr"][1] <= 1
    assert all(low < high for name, (low, high) in found.items() if name.startswith("recall"))


def test_without_covers_a_share_can_be_anything():
    found = rank_intervals(Ranks(np.empty(0)), **DRAWS)
    assert found.pop("median_rank") == (0, 0)
    assert set(found.values()) == {(0, 1)}
    assert mean_interval(np.empty(0), **DRAWS) == (0, 1)
    nothing = paired_difference(np.empty(0), np.empty(0))
    assert (nothing.gain, nothing.low, nothing.high, nothing.p) == (0, -1, 1, 1)


def test_pairing_finds_a_small_difference_that_two_intervals_do_not():
    rng = np.random.default_rng(3)
    theirs = rng.random(300) < 0.5
    ours = theirs.copy()
    ours[np.flatnonzero(~theirs)[:9]] = True
    found = paired_difference(ours, theirs)
    assert found.gain == pytest.approx(0.03)
    assert 0 < found.low < found.gain < found.high
    assert share_interval(ours)[0] < share_interval(theirs)[1]
    assert (found.better, found.worse) == (9, 0)
    assert found.p == pytest.approx(2 / 2**9)


def test_a_model_does_not_differ_from_itself():
    hits = np.array([True, False, True])
    found = paired_difference(hits, hits)
    assert (found.gain, found.p) == (0, 1)
    assert found.low == pytest.approx(-found.high)
    assert found.high > 0.5, "three covers show little"


@given(st.integers(0, 30), st.integers(0, 30))
def test_the_test_is_the_same_whichever_model_comes_first(better, worse):
    ours = np.array([1] * better + [0] * worse + [1] * 5)
    theirs = np.array([0] * better + [1] * worse + [1] * 5)
    one, other = paired_difference(ours, theirs), paired_difference(theirs, ours)
    assert one.p == pytest.approx(other.p)
    assert one.gain == pytest.approx(-other.gain)
    assert 0 < one.p <= 1


def test_copies_of_each_cover_in_its_group_narrow_no_interval():
    rng = np.random.default_rng(5)
    ranks = rng.geometric(0.08, size=150).astype(float)
    alone = rank_intervals(Ranks(ranks), **DRAWS)
    groups = np.repeat(np.arange(150), 4)
    copied = rank_intervals(Ranks(np.repeat(ranks, 4)), groups=groups, **DRAWS)
    for metric, (low, high) in alone.items():
        assert copied[metric] == pytest.approx((low, high), rel=0.15, abs=0.02), metric
    theirs, ours = ranks > 20, ranks > 15
    one = paired_difference(ours, theirs)
    four = paired_difference(np.repeat(ours, 4), np.repeat(theirs, 4), groups=groups)
    assert (four.low, four.high) == pytest.approx((one.low, one.high), abs=0.005)
    assert (four.better, four.worse, four.p) == (one.better, one.worse, one.p)
