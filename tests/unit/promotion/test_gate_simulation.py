"""The gate over a whole history of candidates, as ``make bench NAME=gate-simulation`` draws it."""

import pytest

from tests.benchmarks.gate_simulation import HISTORIES, false_promotions, power

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
