"""The gate for generators: each broken rule has its verdict, and unproven figures are not named."""

from dataclasses import replace

import pytest

from dustjacket.generation.gate import GeneratorGateInput, decide_generator
from dustjacket.generation.schemas import GeneratorGateParameters
from dustjacket.metrics.paired import PairedOutcome
from dustjacket.promotion.gate import as_facts
from dustjacket.promotion.schemas import GateFacts

GAIN = PairedOutcome(200, 200.0, 0.4, 0.05, 80, 10)
NONE = PairedOutcome(200, 200.0, 0.1, 0.1, 20, 20)
GOOD = GeneratorGateInput(
    titles=200, ceiling=0.75, drawn=0.777, genre_mean=0.5, fits=GAIN, shows=GAIN, kid=0.0123,
    kid_difference=(-0.002, 0.001), serving_kid=0.01, kid_floor=0.001, near_copies=0.005,
    near_copies_interval=(0.001, 0.02),
)  # fmt: skip
CHANGES = {
    "insufficient": {"titles": 99},
    "judge_too_weak": {"ceiling": 0.59},
    "near_copies": {"near_copies": 0.05, "near_copies_interval": (0.021, 0.1)},
    "not_better": {"fits": NONE},
    "only_colour": {"shows": NONE},
    "less_real": {"kid_difference": (0.001, 0.0021)},
}


def verdict(**changes):
    return decide_generator(replace(GOOD, **changes), GeneratorGateParameters())


def test_a_generator_that_breaks_no_rule_is_promoted_also_as_the_first():
    assert verdict().promoted
    first = verdict(kid_difference=None, serving_kid=None)
    assert first.promoted
    assert [rule.held for rule in first.rules] == [True, True, True, True, True, None]


@pytest.mark.parametrize("expected", CHANGES)
def test_each_broken_rule_names_the_verdict(expected):
    decision = verdict(**CHANGES[expected])
    assert decision.verdict == expected
    assert decision.reason in [rule.sentence for rule in decision.rules if rule.held is False]


def test_of_several_broken_rules_the_first_is_the_verdict():
    broken = {name: value for changes in CHANGES.values() for name, value in changes.items()}
    assert verdict(**broken).verdict == "insufficient"


def test_how_well_unproven_pictures_fit_is_in_no_sentence():
    decision = verdict(fits=NONE)
    assert not decision.proven
    sentences = " ".join(rule.sentence for rule in decision.rules)
    assert "0.777" not in sentences
    assert "0.0123" not in sentences


def test_the_more_often_a_test_side_decided_the_larger_a_gain_must_be():
    some = PairedOutcome(200, 200.0, 0.2, 0.08, 40, 16)
    assert verdict(fits=some).promoted
    assert verdict(fits=some, uses=40).verdict == "not_better"


def test_the_facts_of_a_decision_are_those_that_promotion_reads():
    decision = verdict()
    facts = GateFacts.model_validate({**as_facts(GOOD, decision), "champion_version": None})
    assert facts.promoted
    assert facts.comparison["test_side"] == ()
