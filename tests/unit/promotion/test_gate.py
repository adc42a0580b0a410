"""The gate: every rule by itself, and all of them together."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dustjacket.evaluation.step import EvaluationParameters
from dustjacket.promotion.gate import GateInput, as_facts, decide

BETTER = GateInput(
    test_covers=209,
    champion=0.3,
    candidate=0.8,
    gain_interval=(0.4, 0.6),
    by_genre={"Horror": (0.3, 0.8, 40), "Travel": (0.4, 0.4, 40)},
    general=(0.70, 0.70),
    general_interval=(-0.02, 0.02),
    leaked_share=0.01,
)
PARAMETERS = EvaluationParameters()
shares = st.floats(0, 1)
intervals = st.tuples(st.floats(-1, 1), st.floats(-1, 1)).map(lambda ends: tuple(sorted(ends)))
comparisons = st.builds(
    GateInput,
    test_covers=st.integers(0, 500),
    champion=shares,
    candidate=shares,
    gain_interval=intervals,
    by_genre=st.dictionaries(
        st.sampled_from(["Horror", "Travel", "Poetry"]),
        st.tuples(shares, shares, st.integers(1, 200)),
    ),
    general=st.tuples(shares, shares),
    general_interval=intervals,
    leaked_share=shares,
)


def broken(found, parameters=PARAMETERS):
    return [rule.name for rule in decide(found, parameters).rules if not rule.held]


def test_a_better_candidate_that_breaks_no_rule_is_promoted():
    decision = decide(BETTER, PARAMETERS)
    assert decision.promoted
    assert broken(BETTER) == []
    assert "0.800 against the champion's 0.300, on 209 test covers" in decision.reason


@pytest.mark.parametrize(
    ("covers", "verdict"), [(0, "insufficient"), (99, "insufficient"), (100, "promoted")]
)
def test_too_few_test_covers_are_insufficient(covers, verdict):
    assert decide(replace(BETTER, test_covers=covers), PARAMETERS).verdict == verdict


@pytest.mark.parametrize(
    ("interval", "least", "verdict"),
    [
        ((0.001, 0.1), 0.0, "promoted"),
        ((0.0, 0.1), 0.0, "not_better"),
        ((-0.2, 0.9), 0.0, "not_better"),
        ((-0.5, -0.2), 0.0, "not_better"),
        ((0.4, 0.6), 0.4, "not_better"),
        ((0.41, 0.6), 0.4, "promoted"),
        ((float("nan"), float("nan")), 0.0, "not_better"),
    ],
)
def test_the_low_end_of_the_interval_must_be_above_the_gain_asked_for(interval, least, verdict):
    found = replace(BETTER, gain_interval=interval)
    assert decide(found, EvaluationParameters(min_gain=least)).verdict == verdict


@pytest.mark.parametrize(
    ("horror", "verdict"),
    [
        ((0.9, 0.3, 40), "worse_genre"),
        ((0.9, 0.3, 19), "promoted"),  # too few to count
        ((0.5, 0.25, 400), "promoted"),  # exactly as much as is allowed
        ((0.5, 0.24, 400), "worse_genre"),
        ((0.5, 0.2, 20), "promoted"),  # as large a drop comes by chance among so few
        ((0.3, 0.9, 40), "promoted"),  # better is not worse
    ],
)
def test_no_genre_may_lose_more_than_is_allowed_and_than_chance_takes(horror, verdict):
    decision = decide(replace(BETTER, by_genre={**BETTER.by_genre, "Horror": horror}), PARAMETERS)
    assert decision.verdict == verdict
    assert ("Horror" in decision.reason) == (verdict == "worse_genre")


def test_the_more_genres_are_tested_the_larger_a_significant_drop_must_be():
    drop = (0.6, 0.3, 40)
    few = replace(BETTER, by_genre={"Horror": drop})
    many = replace(BETTER, by_genre={"Horror": drop} | {f"g{n}": (0.5, 0.5, 40) for n in range(29)})
    assert decide(few, PARAMETERS).verdict == "worse_genre"
    assert decide(many, PARAMETERS).promoted


@pytest.mark.parametrize(
    ("general", "interval", "verdict"),
    [
        ((0.50, 0.48), (-0.03, -0.01), "promoted"),
        ((0.50, 0.47), (-0.05, -0.01), "forgotten"),
        ((0.50, 0.47), (-0.07, 0.01), "promoted"),
        ((0.5, 0.9), (0.3, 0.5), "promoted"),
    ],
)
def test_general_recognition_may_not_surely_fall_by_more_than_the_limit(general, interval, verdict):
    found = replace(BETTER, general=general, general_interval=interval)
    assert decide(found, PARAMETERS).verdict == verdict


@pytest.mark.parametrize(("share", "verdict"), [(0.05, "promoted"), (0.051, "leaked")])
def test_a_leaked_test_is_invalid(share, verdict):
    assert decide(replace(BETTER, leaked_share=share), PARAMETERS).verdict == verdict


def test_the_first_broken_rule_is_the_verdict_and_all_are_reported():
    worst = GateInput(
        5, 0.9, 0.1, (-0.9, -0.7), {"Horror": (0.9, 0.1, 50)}, (0.7, 0.1), (-0.7, -0.5), 0.5
    )
    decision = decide(worst, PARAMETERS)
    assert decision.verdict == "insufficient"
    assert broken(worst) == [
        "enough_covers", "no_leak", "better", "no_worse_genre", "nothing_forgotten",
    ]  # fmt: skip
    assert decide(replace(worst, test_covers=500), PARAMETERS).verdict == "leaked"


@given(comparisons)
def test_promoted_means_that_every_rule_held_and_the_reason_is_one_of_them(found):
    decision = decide(found, PARAMETERS)
    assert decision.promoted == all(rule.held for rule in decision.rules)
    assert decision.reason in {rule.sentence for rule in decision.rules}
    assert len({rule.name for rule in decision.rules}) == 5


@given(comparisons)
def test_every_limit_can_be_moved_out_of_the_way_but_better_must_be_better(found):
    lenient = EvaluationParameters(
        min_test_covers=1, max_genre_drop=1, max_forgetting=1, max_leaked_share=1
    )
    if found.test_covers:
        assert set(broken(found, lenient)) <= {"better"}


def test_what_an_evaluation_says_of_the_gate_holds_every_figure():
    facts = as_facts(BETTER, decide(BETTER, PARAMETERS))
    assert facts["promoted"] is True
    assert GateInput(**facts["comparison"]) == BETTER
    assert [rule["name"] for rule in facts["rules"]][2] == "better"


def test_a_limit_that_is_none_is_refused():
    with pytest.raises(ValidationError):
        EvaluationParameters(max_forgetting=-0.1)
