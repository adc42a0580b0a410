"""The learning rate of the decoder's training."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.generation.train import schedule


@given(st.integers(1, 2000), st.floats(0, 1))
def test_the_rate_rises_and_falls_and_is_never_above_its_peak_or_0(steps, warmup):
    rates = [schedule(step, steps, warmup) for step in range(steps)]
    assert all(0 < rate <= 1 for rate in rates)
    peak = rates.index(max(rates))
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)


def test_a_training_can_be_continued_for_more_steps_until_its_rate_falls():
    assert [schedule(step, 1000, 0.05) for step in range(50, 700)] == [1.0] * 650
    assert [schedule(step, 5000, 0.01) for step in range(50, 700)] == [1.0] * 650
    assert schedule(0, 1000, 0.05) == pytest.approx(0.02)
    assert schedule(999, 1000, 0.05) == pytest.approx(1 / 300)
