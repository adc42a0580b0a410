"""Error analysis: metrics by slice, and the most frequent confusions."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dustjacket.genres.error_examples import metrics_by_slice, worst_confusions
from dustjacket.metrics.classification import label_metrics

GENRE = st.sampled_from(["Art", "Crime", "Law", "Travel"])
TESTED = pd.DataFrame(
    {
        "title": [
            "Torts",
            "The Law of the Sea",
            "A Very Long Walk Through the Alps and What We Saw There",
            "Contracts: Cases, Notes - and Comments",
            "Alpine Walks",
            "The Seven Hills of Rome, on Foot",
        ],
        "author": ["A", None, "", "Jo. B", "C", "D"],
        "genre": ["Law", "Law", "Travel", "Law", "Travel", "Travel"],
    },
    index=[7, 7, 3, 1, 0, 9],
)
TRAINED = ["B, Jo.", None, "d"]
ANSWERS = ["Law", "Travel", "Travel", "Travel", "Art", "Travel"]


def test_slices_divide_the_books_by_genre_by_length_and_by_author():
    found = metrics_by_slice(TESTED, ANSWERS, TRAINED)
    counts = {(row.slice, row.value): row.books for row in found.itertuples()}
    assert counts == {
        ("genre", "Law"): 3, ("genre", "Travel"): 3,
        ("title words", "1-3"): 2, ("title words", "4-6"): 2,
        ("title words", "7-10"): 1, ("title words", "11+"): 1,
        ("author", "seen"): 2, ("author", "never seen"): 2, ("author", "none"): 2,
    }  # fmt: skip
    assert list(found.columns) == ["slice", "value", "books", "accuracy", "f1_weighted"]


def test_a_slice_is_measured_on_its_own_books():
    found = metrics_by_slice(TESTED, ANSWERS, TRAINED).set_index(["slice", "value"])
    assert found.loc[("genre", "Law"), "accuracy"] == pytest.approx(1 / 3)
    assert found.loc[("author", "none"), "accuracy"] == pytest.approx(1 / 2)
    assert found.loc[("author", "never seen"), "accuracy"] == pytest.approx(1 / 2)
    seen = label_metrics(["Law", "Travel"], ["Travel", "Travel"])
    assert found.loc[("author", "seen"), "f1_weighted"] == seen["f1_weighted"]


SLICED = st.tuples(st.integers(1, 13), GENRE, GENRE, st.sampled_from([None, "", "A"]))


@given(st.lists(SLICED, min_size=1, max_size=8))
@settings(deadline=None, max_examples=8)
def test_every_way_to_slice_covers_every_book(rows):
    words, genres, predicted, authors = map(list, zip(*rows, strict=True))
    titles = ["word " * count for count in words]
    books = pd.DataFrame({"title": titles, "author": authors, "genre": genres})
    found = metrics_by_slice(books, predicted, [])
    right = np.sum(np.array(genres) == np.array(predicted))
    for _, part in found.groupby("slice"):
        assert part["books"].sum() == len(rows)
        assert (part["books"] * part["accuracy"]).sum() == pytest.approx(right)


def test_the_worst_confusion_is_of_the_most_books():
    found = worst_confusions(TESTED, ANSWERS, examples=1)
    assert found.to_dict("records") == [
        {
            "genre": "Law", "taken_for": "Travel", "books": 2, "share": pytest.approx(2 / 3),
            "titles": "The Law of the Sea",
        },
        {
            "genre": "Travel", "taken_for": "Art", "books": 1, "share": pytest.approx(1 / 3),
            "titles": "Alpine Walks",
        },
    ]  # fmt: skip
    assert len(worst_confusions(TESTED, ANSWERS, max_rows=1)) == 1
    titles = worst_confusions(TESTED, ANSWERS)["titles"]
    assert titles[0] == "The Law of the Sea | Contracts: Cases, Notes - and Comments"


def test_right_answers_confuse_nothing():
    found = worst_confusions(TESTED, list(TESTED["genre"]))
    assert found.empty
    assert list(found.columns) == ["genre", "taken_for", "books", "share", "titles"]
