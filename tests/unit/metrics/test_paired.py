"""The exact test of two models on the same books, and the interval that agrees with it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from dustjacket.metrics.paired import PairedOutcome, detectable_gain, paired_outcome

LEVELS = (0.05, 0.0094, 1e-4, 1e-6)  # two-sided


def counts(better, worse, n):
    return PairedOutcome(n, n, better / n, worse / n, better, worse)


@pytest.mark.parametrize("n", [20, 100, 209])
def test_an_interval_above_0_always_has_a_test_that_agrees(n):
    for better in range(16):
        for worse in range(min(16, n - better + 1)):
            found = counts(better, worse, n)
            for level in LEVELS:
                low, high = found.interval(1 - level)
                assert -1 <= low < high <= 1
                assert low <= found.gain <= high
                if low > 0:
                    assert found.p_better <= level / 2
            low, high = found.interval()
            assert (low > 0 or high < 0) == (found.p < 0.05)


@given(st.integers(0, 30), st.integers(0, 30))
def test_the_test_is_the_exact_one(better, worse):
    found = counts(better, worse, 100)
    if better + worse:
        assert found.p == pytest.approx(binomtest(better, better + worse).pvalue)
        one_sided = binomtest(better, better + worse, alternative="greater").pvalue
        assert found.p_better == pytest.approx(one_sided)
    assert found.p_better == counts(worse, better, 100).p_worse


def test_without_a_difference_the_interval_is_tangos():
    low, high = counts(0, 0, 100).interval()
    assert high == pytest.approx(1.96**2 / (100 + 1.96**2), abs=1e-4)
    assert low == pytest.approx(-high)


@pytest.mark.parametrize(("n", "gain"), [(20, 0.0), (100, 0.05), (1000, 0.05)])
def test_the_interval_holds_the_true_gain_at_least_95_times_in_100(n, gain):
    rng = np.random.default_rng(1)
    drawn = rng.multinomial(n, [(0.2 + gain) / 2, (0.2 - gain) / 2, 0.8], size=400)
    ends = np.array([counts(better, worse, n).interval() for better, worse, _ in drawn])
    assert ((ends[:, 0] <= gain) & (gain <= ends[:, 1])).mean() > 0.93


def test_a_group_of_books_is_one_case_of_the_test():
    ours, theirs = np.array([1, 1, 1, 0, 1.0]), np.array([0, 0, 0, 1, 1.0])
    alone = paired_outcome(ours, theirs)
    assert (alone.better, alone.worse, alone.books, alone.size) == (3, 1, 5, 5)
    grouped = paired_outcome(ours, theirs, np.array([0, 0, 0, 1, 2]))
    assert (grouped.better, grouped.worse, grouped.gain) == (1, 1, alone.gain)
    assert grouped.size < 5
    assert paired_outcome(ours[:0], theirs[:0]).interval() == (-1, 1)


@pytest.mark.parametrize(("n", "level"), [(200, 0.05), (1000, 0.0047), (1000, 1e-5)])
def test_the_detectable_gain_is_found_four_times_in_five(n, level):
    gain = detectable_gain(n, level)
    differing = np.arange(n + 1)
    needed = binom.isf(level, differing, 0.5) + 1
    power = binom.sf(needed - 1, differing, 0.5 + gain / 0.4) @ binom.pmf(differing, n, 0.2)
    assert power == pytest.approx(0.8, abs=0.06)
    assert detectable_gain(0, level) == detectable_gain(5, 1e-9) == 1
