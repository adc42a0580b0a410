"""Why a genre: words that sum to the score, and similar training books."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.genres.hashed_linear import HashedLinear
from dustjacket.genres.scorer import Scorer
from dustjacket.genres.why import TrainingBooks, explain
from tests.support.classifiers import random_hashed, small_catalog
from tests.unit.genres.test_scorer import forest, linear

GENRES = ["a", "b", "c"]


def hashed(members=1, described=False):
    model = random_hashed(members=members)
    return Scorer("x", GENRES, replace(model, use_descriptions=described))


def score_beside_the_mean(scorer, books, column):
    (member,) = scorer.model.members
    scores = scorer.model.scores(*books)[0] - member.bias
    return scores[column] - scores.mean()


WORDS = st.lists(
    st.sampled_from(["rice", "bread", "road", "to", "paris", "the", "quux"]), max_size=6
)


@given(WORDS, st.sampled_from([None, "Ann Lee", "Lee Lee"]), st.integers(0, 2))
def test_words_of_a_linear_model_sum_to_its_score(words, author, column):
    scorer, title = hashed(), " ".join(words)
    found = explain(scorer, title, author, "ignored", GENRES[column])
    assert found.exact
    total = sum(value for _, value in found.words)
    assert total == pytest.approx(
        score_beside_the_mean(scorer, ([title], [author]), column), abs=1e-5
    )
    values = [value for _, value in found.words]
    assert values == sorted(values, reverse=True)


def test_words_and_authors_are_apart_and_unknown_words_are_left_out():
    found = dict(explain(hashed(), "Rice and quux", "Ann Lee", None, "b").words)
    assert {"rice", "rice and", "author: ann", "author: lee"} <= set(found)
    assert not any("quux" in word for word in found)


def test_terms_of_a_counted_model_sum_to_its_score():
    scorer = linear()
    found = explain(scorer, "Rice, rice in Paris", "King", None, "Travel")
    index, values = scorer.model.features("Rice, rice in Paris", "King")
    weights = scorer.model.head.weights[index]
    expected = values @ (weights[:, 1] - weights.mean(axis=1))
    assert sum(value for _, value in found.words) == pytest.approx(expected)
    assert found.words[0][0] == "author: king"
    assert found.words[-1][0] == "rice", "it speaks against travel"


@pytest.mark.parametrize("scorer", [hashed(members=2), forest()], ids=["vote", "forest"])
def test_of_other_models_a_word_is_what_its_absence_takes(scorer):
    genre = scorer.genres[0]
    found = explain(scorer, "Rice and road", None, None, genre)
    assert not found.exact
    whole, without = scorer.probabilities(["Rice and road", "and road"], [None] * 2)[:, 0]
    fall = np.log(whole / (1 - whole)) - np.log(without / (1 - without))
    assert dict(found.words)["rice"] == pytest.approx(fall)


def test_words_of_descriptions_count_only_where_they_are_read():
    words = dict(explain(hashed(), "Rice", None, "the road", "a").words)
    assert not any(word.startswith("description") for word in words)
    members = hashed(members=2, described=True)
    assert isinstance(members.model, HashedLinear)
    explain(members, "Rice", None, "word " * 100_000, "a")


def test_an_unknown_genre_is_refused():
    with pytest.raises(ValueError, match="z"):
        explain(hashed(), "Rice", None, None, "z")


def test_the_nearest_training_book_is_the_same_title():
    books = small_catalog(30)
    index = TrainingBooks.of(books)
    title, author = books["title"][4], books["author"][4]
    first, *others = index.nearest(title, author)
    assert (first.title, first.similarity) == (title, pytest.approx(1, abs=1e-5))
    shares = [book.similarity for book in (first, *others)]
    assert shares == sorted(shares, reverse=True)
    assert len(shares) == 5
    assert index.nearest("三体", None) == []
    assert index.nearest("!!!", None) == []


def test_similarity_is_the_cosine():
    books = pd.DataFrame(
        {"title": ["rice bread", "rice", ""], "author": [None, "Lee", None], "genre": ["x"] * 3}
    )
    index = TrainingBooks.of(books)
    starts, columns, values = index.vectors
    dense = np.zeros((3, len(index.weights.buckets)))
    for row in range(3):
        part = slice(starts[row], starts[row + 1])
        dense[row, columns[part]] = values[part]
    expected = dense[0] @ dense[1] / np.linalg.norm(dense[0]) / np.linalg.norm(dense[1])
    found = {book.title: book.similarity for book in index.nearest("rice bread", None)}
    assert found == {"rice bread": pytest.approx(1), "rice": pytest.approx(expected)}
