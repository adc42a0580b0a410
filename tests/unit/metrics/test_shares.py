"""Intervals of shares: never without a width, near 95 % of the time around the truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from dustjacket.metrics.shares import effective_size, mean_of, share_interval, wilson


@given(st.integers(0, 40), st.integers(1, 40))
def test_the_interval_is_wilsons_and_has_a_width(hits, n):
    hits = min(hits, n)
    low, high = share_interval(np.arange(n) < hits)
    expected = binomtest(hits, n).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert low < high


def test_no_hit_in_few_and_only_hits_in_few_leave_room():
    assert share_interval(np.zeros(14))[1] > 0.2
    assert share_interval(np.ones(10))[0] < 0.75
    assert share_interval(np.empty(0)) == (0, 1)


@pytest.mark.parametrize("n", [8, 14, 30, 100])
def test_the_interval_holds_the_truth_about_95_times_in_100(n):
    ends = np.array([wilson(hits / n, n) for hits in range(n + 1)])
    shares = np.linspace(0.02, 0.98, 49)
    held = [
        binom.pmf(np.arange(n + 1), n, share)[(ends[:, 0] <= share) & (share <= ends[:, 1])].sum()
        for share in shares
    ]
    assert np.mean(held) > 0.94
    assert min(held) > 0.82


def test_books_of_one_group_count_as_far_as_they_agree():
    rng = np.random.default_rng(1)
    hits, groups = rng.random(400) < 0.4, np.arange(400) // 4
    assert effective_size(hits, np.arange(400)) == 400
    assert effective_size(np.repeat(hits[::4], 4), groups) == pytest.approx(100, rel=0.05)
    assert effective_size(hits, groups) > 250
    assert effective_size(np.ones(400), groups) == 100, "equal values could be copies"


def test_intervals_of_groups_hold_the_truth_about_95_times_in_100():
    rng = np.random.default_rng(2)
    groups, inside = np.repeat(np.arange(80), 5), 0
    for _ in range(1000):
        chances = rng.beta(0.6, 0.9, size=80)
        low, high = share_interval(rng.random(400) < chances[groups], groups)
        inside += low <= 0.4 <= high
    assert inside / 1000 == pytest.approx(0.95, abs=0.03)


def test_the_mean_of_independent_estimates_is_surer_than_each():
    low, high = mean_of([0.5, 0.3], [(0.4, 0.6), (0.2, 0.45)])
    assert (low, high) == pytest.approx((0.4 - 0.0707, 0.4 + 0.0901), abs=1e-3)
