"""The levels of a test side's decisions, how often it has decided, and whole histories of them."""

from hashlib import sha256

import pytest

from dustjacket.metrics.paired import detectable_gain
from dustjacket.promotion.spending import ERROR, level, sketch, uses
from tests.benchmarks.gate_simulation import HISTORIES, false_promotions, power


def groups(count):
    return [sha256(f"book {number}".encode()).hexdigest()[:16] for number in range(count)]


def test_all_levels_together_are_the_error_and_none_is_0():
    levels = [level(number) for number in range(100_000)]
    assert sum(levels) == pytest.approx(ERROR, abs=1e-7)
    assert sum(levels) <= ERROR
    assert levels == sorted(levels, reverse=True)
    assert levels[-1] > 0


def test_later_decisions_still_find_a_large_gain():
    gains = [detectable_gain(1000, level(number)) for number in (0, 9, 20, 199)]
    assert gains[0] == gains[1] < 0.05 < gains[2] < gains[3] < 0.1


def test_the_same_test_side_counts_each_decision():
    side = sketch(groups(700))
    assert uses(side, []) == 0
    assert uses(side, [side] * 7) == 7
    assert uses(side, [None] * 3) == 3, "earlier releases did not record their test side"


@pytest.mark.parametrize("size", [40, 5000])
def test_new_books_renew_a_test_side_by_their_share(size):
    books = groups(2 * size)
    old, both, new = (sketch(part) for part in (books[:size], books, books[size:]))
    assert uses(new, [old] * 10) == 0
    assert uses(both, [old] * 20) == pytest.approx(10, abs=3)
    assert uses(old, [both] * 20) == 20


def test_without_books_nothing_was_decided():
    assert uses([], [sketch(groups(9))] * 3) == 0


SEES_TEST = list(HISTORIES)[-1]


@pytest.fixture(scope="module")
def shares():
    return false_promotions(80, 209)


def test_a_useless_candidate_is_promoted_in_at_most_5_of_100_histories(shares):
    for name, (without, spent) in shares.items():
        assert without > 0.5, f"{name}: without spending, one is promoted sooner or later"
        if name != SEES_TEST:
            assert spent <= 0.05, name


def test_figures_of_the_test_side_would_let_a_useless_candidate_pass(shares):
    assert shares[SEES_TEST][1] > 0.9, "so the gate publishes none before a gain is proven"


@pytest.mark.parametrize("uses", [0, 9])
def test_a_real_gain_among_the_first_ten_candidates_is_promoted_four_times_in_five(uses):
    assert power(400, 1000, 0.05, uses, seed=7) >= 0.78, "80 %, less the noise of 400 draws"
