"""When a classifier is used at all, and when it replaces the champion."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from dustjacket.genres.evaluate import check_usable, compare_with_champion
from dustjacket.promotion.spending import sketch
from dustjacket.storage.manifest import Manifest


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


CHAMPION = Manifest(
    kind="genre_classifier", version="v0", attempt="a", published_at=datetime.now(UTC), files=[]
)
GENRES = ["Art", "Law"]
BOOKS = 300


def judged(better, worse, earlier=0):
    """Return the verdict on a classifier that is right on ``better`` books more, ``worse`` less."""
    groups = [f"{number:016x}" for number in range(BOOKS)]
    champion = np.zeros(BOOKS, int)
    champion[:better] = 1
    ours = np.zeros(BOOKS, int)
    ours[better : better + worse] = 1
    test_data = SimpleNamespace(
        books=pd.DataFrame({"genre": "Art", "group": groups}),
        predict=lambda _: SimpleNamespace(probabilities=np.eye(2)[champion]),
    )
    evaluation = SimpleNamespace(
        predicted=[GENRES[code] for code in ours], test={"accuracy": (ours == 0).mean()}
    )
    return compare_with_champion(
        cast("Any", evaluation), CHAMPION, lambda _: cast("Any", SimpleNamespace(genres=GENRES)),
        cast("Any", test_data), "accuracy", [sketch(groups)] * earlier,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("better", "worse", "verdict"),
    [(20, 2, "promoted"), (4, 0, "not_better"), (7, 1, "not_better"), (2, 20, "not_better")],
)
def test_a_classifier_must_be_better_than_chance_explains(better, worse, verdict):
    assert judged(better, worse)["verdict"] == verdict


def test_the_more_often_the_test_books_decided_the_larger_a_gain_must_be():
    assert judged(20, 5)["verdict"] == "promoted"
    later = judged(20, 5, earlier=30)
    assert later["verdict"] == "not_better"
    assert "decided 30 times before" in later["reason"]
