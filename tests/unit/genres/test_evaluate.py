"""A classifier is used only if enough test books show that it beats the most frequent genre."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from dustjacket.genres.evaluate import check_usable


def usable(true, predicted, majority="a", min_test_books=30):
    right = float(np.mean(np.array(true) == np.array(predicted)))
    evaluation = SimpleNamespace(predicted=list(predicted), test={"accuracy": right})
    test_data = SimpleNamespace(books=pd.DataFrame({"genre": list(true)}))
    return check_usable(evaluation, test_data, majority, min_test_books)


@pytest.mark.parametrize(
    ("books", "right"), [(14, False), (9, True)], ids=["never_right", "always_right"]
)
def test_too_few_test_books_show_nothing(books, right):
    true = [f"genre {number % 5}" for number in range(books)]
    found = usable(true, true if right else ["other"] * books)
    assert found["verdict"] == "insufficient"
    assert found["reason"].startswith(f"{books} test books are too few")
    assert usable(true, true, "genre 0", min_test_books=9) is None or not right


def test_titles_that_are_all_the_same_tell_no_genres_apart():
    true = list(np.random.default_rng(1).choice(list("abcd"), 400, p=[0.28, 0.24, 0.24, 0.24]))
    for predicted in (["a"] * 400, ["b"] * 400, list(np.random.default_rng(2).permutation(true))):
        found = usable(true, predicted)
        assert found["verdict"] == "not_better"
        assert "always predicting 'a'" in found["reason"]


def test_a_classifier_that_beats_the_most_frequent_genre_is_usable():
    true = [*"aaabbbccc"] * 20
    predicted = [genre if number % 5 else "a" for number, genre in enumerate(true)]
    assert usable(true, predicted) is None
    assert usable(["a"] * 90 + ["b"] * 90, ["a"] * 80 + ["b"] * 100) is None
