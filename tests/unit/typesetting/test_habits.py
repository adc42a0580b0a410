import pytest

from dustjacket.typesetting.habits import measure_habits


def test_habits_follow_the_covers_and_forgive_few():
    foot = [(0.1, 0.8, 0.9, 0.95), (0.2, 0.05, 0.8, 0.09)]
    few, many = measure_habits([foot]), measure_habits([foot] * 200 + [[]])
    assert (few.covers, many.covers) == (1, 200)
    assert many.weight("title", 0.9) > few.weight("title", 0.9) > 1
    assert many.weight("author", 0.05) > 5
    assert sum(many.title) == pytest.approx(1)
    assert measure_habits([]).weight("title", 0.5) == pytest.approx(1)
