"""Behavioural tests of a classifier, and the keywords that they swap."""

import numpy as np
import pandas as pd
import pytest

from dustjacket.genres.checklist import keywords, run_checklist

GENRES = ["Cooking", "Law"]
WORDS = {"Cooking": "recipes", "Law": "torts"}
BOOKS = pd.DataFrame(
    {
        "title": ["Soup Recipes", "RECIPES", "Torts Explained", "Old Roads"],
        "author": ["A", None, "B", "C"],
        "genre": ["Cooking", "Cooking", "Law", "Law"],
    }
)


def reader(law):
    """A classifier that predicts law if ``law`` is true of the title and author."""

    def predict(titles, authors):
        found = np.array([law(*book) for book in zip(titles, authors, strict=True)], dtype=float)
        return np.column_stack([1 - found, found])

    return predict


def tried(law, books=BOOKS, **options):
    return run_checklist(reader(law), books, GENRES, WORDS, **options).set_index("behaviour")


def test_a_classifier_that_reads_words_holds_every_expectation():
    found = tried(lambda title, _: "torts" in title.casefold())
    assert found["share_held"].tolist() == [1.0] * 6
    assert found["example"].tolist() == [""] * 6
    # Only changed books are tried: one title is in capitals, one is a single word, one lacks an
    # author, one has no keyword.
    assert found["books"].to_dict() == {
        "upper case": 3, "lower case": 4, "punctuation added": 4, "blanks doubled": 3,
        "author added": 1, "keyword swapped": 3,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("law", "broken", "share"),
    [
        (lambda title, _: title.isupper(), "upper case", 0.0),
        (lambda title, _: title == title.lower(), "lower case", 0.0),
        (lambda title, _: "!" in title, "punctuation added", 0.0),
        (lambda title, _: "  " in title, "blanks doubled", 0.0),
        (lambda _, author: author == "Unknown Writer", "author added", 0.0),
        (lambda title, _: "torts" not in title.casefold(), "keyword swapped", 0.0),
        (lambda title, _: title.startswith("torts"), "keyword swapped", 2 / 3),
    ],
)
def test_a_classifier_that_reads_more_than_words_fails_what_it_should_not_read(law, broken, share):
    row = tried(law).loc[broken]
    assert row["share_held"] == pytest.approx(share)
    assert row["example"]


def test_an_example_shows_the_book_and_both_predictions():
    found = tried(lambda title, _: title == "OLD ROADS")
    assert found.loc["upper case", "example"] == (
        "Old Roads by C: Cooking 1.00 -> OLD ROADS by C: Law 1.00"
    )
    assert found.loc["upper case", "share_held"] == pytest.approx(2 / 3)
    swapped = tried(lambda *_: False, BOOKS.iloc[[2]]).loc["keyword swapped"]
    assert swapped["example"] == (
        "torts explained by B: Cooking 1.00 -> recipes explained by B: Cooking 1.00"
    )


def test_an_expectation_that_no_book_can_test_has_no_share():
    row = tried(lambda *_: True, BOOKS.iloc[[3]]).loc["author added"]
    assert row["books"] == 0
    assert np.isnan(row["share_held"])
    assert row["example"] == ""


def test_at_most_max_books_are_tested_and_a_seed_draws_the_same():
    many = pd.concat([BOOKS] * 20, ignore_index=True)

    def law(title, _):
        return len(title) % 2 == 0

    found = tried(law, many, max_books=7)
    assert found["books"].max() == 7
    pd.testing.assert_frame_equal(found, tried(law, many, max_books=7))


def test_keywords_of_genres_that_were_not_trained_on_are_never_swapped_in():
    words = {**WORDS, "Maps": "atlas"}
    found = run_checklist(
        reader(lambda title, _: "torts" in title.casefold()), BOOKS, GENRES, words
    )
    assert found.set_index("behaviour").loc["keyword swapped", "share_held"] == 1


def test_a_keyword_is_the_most_typical_word_of_a_genre():
    books = pd.DataFrame(
        {
            "title": ["The Café of Rome", "the café guide"] + ["The road"] * 3 + ["Law of roads"],
            "genre": ["Travel", "Travel", "Motoring", "Motoring", "Motoring", "Law"],
        }
    )
    assert keywords(books, min_titles=2) == {"Travel": "cafe", "Motoring": "road"}
    assert keywords(books, min_titles=3) == {"Motoring": "road"}


def test_a_word_counts_once_a_title():
    titles = ["map map map", "atlas", "atlas", "law", "law"]
    books = pd.DataFrame({"title": titles, "genre": ["Travel"] * 3 + ["Law"] * 2})
    assert keywords(books, min_titles=2) == {"Travel": "atlas", "Law": "law"}
