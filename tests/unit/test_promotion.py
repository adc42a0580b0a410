import pytest

from dustjacket.parameters import EvaluationParameters
from dustjacket.promotion import decide


@pytest.mark.parametrize(
    ("champion", "candidate", "covers", "verdict"),
    [
        (0.2, 0.6, 99, "insufficient"),
        (0.2, 0.6, 100, "promoted"),
        (0.5, 0.5, 100, "not_better"),
        (0.6, 0.2, 100, "not_better"),
    ],
)
def test_only_what_is_better_on_enough_covers_is_promoted(champion, candidate, covers, verdict):
    decision = decide(champion, candidate, covers, EvaluationParameters())
    assert decision.verdict == verdict
    assert decision.promoted == (verdict == "promoted")
    assert f"{candidate:.3f}" in decision.reason
    assert str(covers) in decision.reason


def test_the_gain_asked_for_must_be_exceeded():
    parameters = EvaluationParameters(min_gain=0.1)
    assert decide(0.50, 0.59, 500, parameters).verdict == "not_better"
    assert decide(0.50, 0.61, 500, parameters).verdict == "promoted"
