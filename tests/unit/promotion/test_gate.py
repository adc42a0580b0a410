"""The gate: every rule by itself, and all of them together."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dustjacket.evaluation.step import EvaluationParameters
from dustjacket.metrics.paired import PairedOutcome
from dustjacket.promotion.gate import POOLED, GateInput, as_facts, decide
from dustjacket.promotion.spending import level
from tests.support.gate_case import gate_case

BETTER = gate_case(
    110, 5, champion=0.3, by_genre={"Horror": (0.3, 0.8, 40, 20, 0), "Travel": (0.4, 0.4, 40, 2, 2)}
)
PARAMETERS = EvaluationParameters()
shares = st.floats(0, 1)
intervals = st.tuples(st.floats(-0.99, 1), st.floats(-0.99, 1)).map(
    lambda ends: tuple(sorted(ends))
)
comparisons = st.builds(
    gate_case,
    better=st.integers(0, 60),
    worse=st.integers(0, 60),
    covers=st.integers(120, 500),
    champion=shares,
    by_genre=st.dictionaries(
        st.sampled_from(["Horror", "Travel", "Poetry"]),
        st.tuples(shares, shares, st.integers(30, 200), st.integers(0, 15), st.integers(0, 15)),
    ),
    general=st.tuples(shares, shares),
    general_interval=intervals,
    general_champion=intervals,
    general_chance=shares,
    leaked_share=shares,
    uses=st.integers(0, 300),
)


def broken(found, parameters=PARAMETERS):
    return [rule.name for rule in decide(found, parameters).rules if rule.held is False]


def test_a_better_candidate_that_breaks_no_rule_is_promoted():
    decision = decide(BETTER, PARAMETERS)
    assert decision.promoted
    assert broken(BETTER) == []
    assert "0.802 against the champion's 0.300, on 209 test covers" in decision.reason


@pytest.mark.parametrize(
    ("covers", "verdict"), [(0, "insufficient"), (99, "insufficient"), (100, "promoted")]
)
def test_too_few_test_covers_are_insufficient(covers, verdict):
    assert decide(replace(BETTER, test_covers=covers), PARAMETERS).verdict == verdict


@pytest.mark.parametrize(
    ("better", "worse", "least", "verdict"),
    [
        (110, 5, 0.0, "promoted"),
        (4, 0, 0.0, "not_better"),
        (7, 1, 0.0, "not_better"),
        (5, 110, 0.0, "not_better"),
        (0, 0, 0.0, "not_better"),
        (110, 5, 0.35, "promoted"),
        (110, 5, 0.45, "not_better"),
    ],
)
def test_the_low_end_of_the_interval_must_be_above_the_gain_asked_for(
    better, worse, least, verdict
):
    found = gate_case(better, worse)
    assert decide(found, EvaluationParameters(min_gain=least)).verdict == verdict


@pytest.mark.parametrize("covers", [100, 209])
@pytest.mark.parametrize("uses", [0, 9, 30])
def test_whatever_the_counts_promoted_means_that_the_exact_test_is_significant(covers, uses):
    for better in range(40):
        for worse in range(min(20, covers - better)):
            found = gate_case(better, worse, covers, uses=uses)
            p = PairedOutcome(covers, covers, 0, 0, better, worse).p_better
            if decide(found, PARAMETERS).promoted:
                assert p <= level(uses), (better, worse)


def test_the_more_often_a_test_side_decided_the_larger_a_gain_must_be():
    found = gate_case(30, 10)
    assert decide(found, PARAMETERS).promoted
    assert "decided 0 times before" in decide(found, PARAMETERS).reason
    later = decide(replace(found, uses=40), PARAMETERS)
    assert later.verdict == "not_better"
    assert "decided 40 times before" in later.reason


@given(comparisons)
def test_without_a_proven_gain_no_sentence_depends_on_what_was_found(found):
    decision = decide(found, PARAMETERS)
    other = replace(
        found, champion=0.123, candidate=0.1, gain_interval=(-0.9, 0.9), better=0, worse=1,
        gained=0.0, lost=0.1, by_genre={"Horror": (0.9, 0.1, 50, 0, 40)},
    )  # fmt: skip
    assert decision.proven or decision == decide(other, PARAMETERS)


@pytest.mark.parametrize(
    ("horror", "verdict"),
    [
        ((0.9, 0.3, 40, 1, 25), "worse_genre"),
        ((0.9, 0.3, 5, 0, 3), "promoted"),  # too few to count
        ((0.5, 0.25, 400, 0, 100), "promoted"),  # exactly as much as is allowed
        ((0.5, 0.24, 400, 0, 104), "worse_genre"),
        ((0.5, 0.2, 20, 2, 8), "promoted"),  # as large a drop comes by chance among so few
        ((0.3, 0.9, 40, 24, 0), "promoted"),  # better is not worse
    ],
)
def test_no_genre_may_lose_more_than_is_allowed_and_than_chance_takes(horror, verdict):
    decision = decide(replace(BETTER, by_genre={**BETTER.by_genre, "Horror": horror}), PARAMETERS)
    assert decision.verdict == verdict
    assert ("Horror" in decision.reason) == (verdict == "worse_genre")


def test_a_fall_without_gains_is_seen_on_20_pairs_of_three_genres():
    others = dict.fromkeys(("Travel", "Poetry"), (0.5, 0.5, 60, 3, 3))
    found = replace(BETTER, by_genre={"Horror": (0.8, 0.5, 20, 0, 6), **others})
    assert decide(found, PARAMETERS).verdict == "worse_genre"
    calm = decide(replace(BETTER, by_genre={"Horror": (0.8, 0.8, 20, 0, 0), **others}), PARAMETERS)
    assert "a fall of 0.30 could have been seen" in calm.rules[3].sentence


def test_small_genres_that_fall_together_are_seen():
    small = {f"g{number}": (0.8, 0.4, 5, 0, 2) for number in range(12)}
    decision = decide(replace(BETTER, by_genre=small), PARAMETERS)
    assert decision.verdict == "worse_genre"
    assert f"{POOLED} (from 0.800 to 0.400)" in decision.reason


@pytest.mark.parametrize("genres", [[20] * 12, [40] * 3 + [6] * 30, [100, 100], [5] * 40])
def test_an_equal_candidate_is_called_worse_in_a_genre_at_most_once_in_20(genres):
    rng, refused = np.random.default_rng(1), 0
    for _ in range(300):
        rows = {}
        for number, covers in enumerate(genres):
            gained, lost, hits, _ = rng.multinomial(covers, [0.25, 0.25, 0.3, 0.2])
            before, after = (hits + lost) / covers, (hits + gained) / covers
            rows[f"g{number}"] = (before, after, covers, int(gained), int(lost))
        refused += decide(replace(BETTER, by_genre=rows), PARAMETERS).verdict == "worse_genre"
    assert refused / 300 <= 0.05


def test_the_more_genres_are_tested_the_larger_a_significant_drop_must_be():
    drop = (0.6, 0.3, 40, 4, 16)
    few = replace(BETTER, by_genre={"Horror": drop})
    calm = {f"g{n}": (0.5, 0.5, 40, 2, 2) for n in range(29)}
    many = replace(BETTER, by_genre={"Horror": drop} | calm)
    assert decide(few, PARAMETERS).verdict == "worse_genre"
    assert decide(many, PARAMETERS).promoted


@pytest.mark.parametrize(
    ("general", "interval", "limit", "verdict"),
    [
        ((0.50, 0.48), (-0.03, -0.01), 0.02, "forgotten"),
        ((0.50, 0.47), (-0.05, -0.01), 0.02, "forgotten"),
        ((0.50, 0.47), (-0.07, 0.01), 0.02, "forgotten"),
        ((0.50, 0.49), (-0.019, -0.001), 0.02, "promoted"),
        ((0.50, 0.50), (-0.025, 0.025), 0.03, "promoted"),
        ((0.5, 0.9), (0.3, 0.5), 0.02, "promoted"),
    ],
)
def test_a_fall_of_general_recognition_by_the_limit_must_be_excluded(
    general, interval, limit, verdict
):
    found = replace(BETTER, general=general, general_interval=interval)
    assert decide(found, EvaluationParameters(max_forgetting=limit)).verdict == verdict


def test_of_a_champion_at_chance_it_cannot_be_told_what_was_forgotten():
    found = replace(
        BETTER, general=(0.049, 0.04), general_interval=(-0.03, 0.01),
        general_champion=(0.032, 0.065), general_chance=0.064,
    )  # fmt: skip
    decision = decide(found, PARAMETERS)
    assert decision.promoted
    assert decision.rules[4].held is None
    assert decision.rules[4].sentence.startswith("cannot be told, and refuses nobody")


@pytest.mark.parametrize(
    ("limit", "verdict"), [(0.05, "leaked"), (0.99, "leaked"), (1, "promoted")]
)
def test_leaks_that_cannot_be_looked_for_are_refused_unless_a_person_accepts_them(limit, verdict):
    found = replace(BETTER, leaked_share=0, unchecked="labelled_covers/1 is gone")
    decision = decide(found, EvaluationParameters(max_leaked_share=limit))
    assert decision.verdict == verdict
    rule = next(rule for rule in decision.rules if rule.name == "no_leak")
    assert "labelled_covers/1 is gone (max_leaked_share=1 accepts that)" in rule.sentence


@pytest.mark.parametrize(("share", "verdict"), [(0.05, "promoted"), (0.051, "leaked")])
def test_a_leaked_test_is_invalid(share, verdict):
    assert decide(replace(BETTER, leaked_share=share), PARAMETERS).verdict == verdict


def test_the_first_broken_rule_is_the_verdict_and_all_are_reported():
    worst = gate_case(
        0, 4, 5, champion=0.9, by_genre={"Horror": (0.9, 0.1, 50, 0, 40)},
        general=(0.7, 0.1), general_interval=(-0.7, -0.5), leaked_share=0.5,
    )  # fmt: skip
    decision = decide(worst, PARAMETERS)
    assert decision.verdict == "insufficient"
    assert broken(worst) == ["enough_covers", "no_leak", "better", "nothing_forgotten"]
    assert decision.rules[3].held is None, "genres are looked at after the gain is proven"
    assert decide(replace(worst, test_covers=500), PARAMETERS).verdict == "leaked"


@given(comparisons)
def test_promoted_means_that_every_rule_held_and_the_reason_is_one_of_them(found):
    decision = decide(found, PARAMETERS)
    assert decision.promoted == all(rule.held is not False for rule in decision.rules)
    assert not decision.promoted or decision.proven
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
