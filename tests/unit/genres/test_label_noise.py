"""Label noise: suspect books, and their weights in training."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from dustjacket.genres.label_noise import correction_effect, sample_weights, suspects

SHELF = pd.DataFrame(
    {
        "title": ["Painting", "Drawing", "Torts", "Contracts", "Sketching"],
        "author": [None, "A", "B", "C", "D"],
        "genre": ["Art", "Art", "Law", "Law", "Law"],
    }
)
OUT_OF_FOLD = np.array([[0.9, 0.1], [0.7, 0.3], [0.1, 0.9], [0.45, 0.55], [0.8, 0.2]])


def test_a_book_is_suspect_where_another_genre_is_as_likely_as_it_usually_is():
    found = suspects(SHELF, OUT_OF_FOLD, ["Art", "Law"])  # Art is usually given 0.8
    assert found.to_dict("records") == [
        {
            "title": "Sketching", "author": "D", "genre": "Law", "likely": "Art",
            "probability": 0.8, "given_probability": 0.2,
        }
    ]  # fmt: skip
    unsure = OUT_OF_FOLD.copy()
    unsure[4] = 0.79, 0.21
    assert suspects(SHELF, unsure, ["Art", "Law"]).empty


def test_the_widest_margin_is_the_most_suspect():
    books = pd.concat([SHELF, SHELF.iloc[[4, 4]]], ignore_index=True)
    found = np.vstack([OUT_OF_FOLD, [0.95, 0.05], [0.85, 0.15]])
    ranked = suspects(books, found, ["Art", "Law"])
    assert list(ranked.index) == [5, 6, 4]
    assert list(suspects(books, found, ["Art", "Law"], max_books=2).index) == [5, 6]


def test_suspects_count_less_in_training_and_only_they_do():
    assert sample_weights(SHELF, OUT_OF_FOLD, ["Art", "Law"]).tolist() == [1, 1, 1, 1, 0.2]
    assert sample_weights(SHELF, OUT_OF_FOLD, ["Art", "Law"], weight=0.0).tolist() == [
        1,
        1,
        1,
        1,
        0,
    ]


def test_a_genre_that_no_book_was_given_has_no_suspects():
    found = np.column_stack([OUT_OF_FOLD[:, 0] / 10, OUT_OF_FOLD[:, 1] / 10, np.full(5, 0.9)])
    assert suspects(SHELF, found, ["Art", "Law", "Travel"]).empty


def test_a_given_genre_that_was_not_trained_on_has_probability_0():
    books = SHELF.assign(genre=["Art", "Art", "Law", "Law", "Maps"])
    found = suspects(books, OUT_OF_FOLD, ["Art", "Law"])
    assert found[["genre", "likely", "given_probability"]].to_numpy().tolist() == [
        ["Maps", "Art", 0.0]
    ]


@given(st.integers(0, 2**32 - 1), st.integers(2, 4), st.integers(1, 25))
@settings(deadline=None, max_examples=40)
def test_the_books_of_lower_weight_are_the_suspects(seed, genres, books):
    rng = np.random.default_rng(seed)
    names = [f"genre {at}" for at in range(genres)]
    shelf = pd.DataFrame(
        {"title": "t", "author": None, "genre": rng.choice(names, books)}, index=range(books)
    )
    found = rng.dirichlet(np.ones(genres), size=books)
    suspect = suspects(shelf, found, names)
    assert (suspect["likely"] != suspect["genre"]).all()
    assert (suspect["probability"] - suspect["given_probability"]).is_monotonic_decreasing
    weights = sample_weights(shelf, found, names)
    assert sorted(suspect.index) == np.flatnonzero(weights < 1).tolist()


def test_a_correction_of_a_wrong_genre_lowers_the_estimated_noise():
    books = SHELF.assign(
        genre=["Art", "Art", "Law", "Law", "Art"],
        listed=SHELF["genre"],
        corrected=[True, False, False, False, True],
        group=list("abcde"),
    )
    effect = correction_effect(books, OUT_OF_FOLD, ["Art", "Law"])
    assert (effect.books, effect.changed) == (2, 1)
    assert (effect.noise_before, effect.noise_after) == (0.2, 0.0)
    assert effect.noise_before_interval[0] < 0.2 < effect.noise_before_interval[1]
    assert 0 == effect.noise_after_interval[0] < effect.noise_after_interval[1]
    kept = books.assign(corrected=False)
    assert correction_effect(kept, OUT_OF_FOLD, ["Art", "Law"]) is None
