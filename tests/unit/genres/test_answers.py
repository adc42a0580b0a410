"""Answers: order, alternatives, and of what a classifier is sure."""

import numpy as np
import pytest

from dustjacket.genres.answers import DOUBTS, Abstention, Predictions

GENRES = ["Cooking", "Travel", "Science"]


def predictions():
    return Predictions(GENRES, np.array([[0.2, 0.7, 0.1], [0.4, 0.3, 0.3]]), np.array([0, 2]))


def test_an_answer_has_its_genre_its_alternatives_and_whether_it_is_sure():
    first, second = predictions().answers()
    assert (first.genre, first.probability, first.sure) == ("Travel", pytest.approx(0.7), True)
    assert first.alternatives == (("Cooking", 0.2), ("Science", 0.1))
    assert first.ranked[0] == ("Travel", 0.7)
    assert (first.doubt, second.doubt) == (None, "unproven")
    assert (second.genre, second.sure) == ("Cooking", False)
    assert [genre for genre, _ in second.alternatives] == ["Travel", "Science"], "ties: their order"


@pytest.mark.parametrize(("alternatives", "kept"), [(0, 0), (1, 1), (9, 2), (None, 2)])
def test_as_many_alternatives_as_wanted(alternatives, kept):
    assert {len(answer.alternatives) for answer in predictions().answers(alternatives)} == {kept}


def test_no_books_have_no_answers():
    nothing = Predictions(GENRES, np.empty((0, 3)), np.empty(0, int))
    assert nothing.answers() == []


def test_every_doubt_has_a_statement_of_its_own():
    rule = Abstention(max_error=0.1)
    statements = [rule.explain(doubt) for doubt in DOUBTS]
    assert len(set(statements)) == len(DOUBTS)
    assert "too few books to tell" in statements[DOUBTS.index("unproven")]
    assert "at most 10%" in statements[0]
