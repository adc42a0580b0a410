"""Answers: order, alternatives, and of what a classifier is sure."""

import numpy as np
import pytest

from dustjacket.genres.answers import Predictions

GENRES = ["Cooking", "Travel", "Science"]


def predictions():
    return Predictions(
        GENRES, np.array([[0.2, 0.7, 0.1], [0.4, 0.3, 0.3]]), np.array([True, False])
    )


def test_an_answer_has_its_genre_its_alternatives_and_whether_it_is_sure():
    first, second = predictions().answers()
    assert (first.genre, first.probability, first.sure) == ("Travel", pytest.approx(0.7), True)
    assert first.alternatives == (("Cooking", 0.2), ("Science", 0.1))
    assert first.ranked[0] == ("Travel", 0.7)
    assert (second.genre, second.sure) == ("Cooking", False)
    assert [genre for genre, _ in second.alternatives] == ["Travel", "Science"], "ties: their order"


@pytest.mark.parametrize(("alternatives", "kept"), [(0, 0), (1, 1), (9, 2), (None, 2)])
def test_as_many_alternatives_as_wanted(alternatives, kept):
    assert {len(answer.alternatives) for answer in predictions().answers(alternatives)} == {kept}


def test_no_books_have_no_answers():
    nothing = Predictions(GENRES, np.empty((0, 3)), np.empty(0, bool))
    assert nothing.answers() == []
