"""Linear models on hashed n-grams, and their vote: scores and saved files."""

import numpy as np
import pytest

from dustjacket.genres.hashed_linear import HashedLinear
from dustjacket.genres.hashed_ngrams import count_ngrams
from dustjacket.genres.scorer import Scorer
from dustjacket.genres.scores import Calibration, softmax
from tests.support.classifiers import random_hashed


@pytest.mark.parametrize("members", [1, 2])
def test_a_saved_hashed_scorer_loads_as_it_was(members, tmp_path):
    scorer = Scorer("vote", ["a", "b", "c"], random_hashed(members=members), Calibration(2.0, 0.5))
    scorer.save(tmp_path)
    books = (["Rice", "Paris road", ""], ["Ann", None, None])
    loaded = Scorer.load(tmp_path)
    assert np.array_equal(loaded.probabilities(*books), scorer.probabilities(*books))
    assert loaded.probabilities(*books).sum(axis=1) == pytest.approx(1)


def test_a_vote_is_the_mean_of_its_members_calibrated():
    both = random_hashed(members=2)
    books = (["Rice and road"], [None])
    alone = [
        member.calibration.probabilities(
            HashedLinear(both.weights, (member,), None, use_descriptions=False).scores(*books)
        )
        for member in both.members
    ]
    assert softmax(both.scores(*books)) == pytest.approx(np.mean(alone, axis=0))


def test_many_books_score_exactly_as_each_alone():
    model = random_hashed(members=2)
    words = ["the", "road", "to", "bread", "and", "rice", "in", "paris", "quux"]
    draw = np.random.default_rng(3)
    titles = [" ".join(draw.choice(words, size)) for size in draw.integers(0, 9, 1600)]
    authors = [None, "Lee"] * 800
    together = model.scores(titles, authors)
    for at in (*range(64), 1023, 1024, 1599):
        alone = model.scores(titles[at : at + 1], authors[at : at + 1])[0]
        assert np.array_equal(together[at], alone), titles[at]


@pytest.mark.parametrize("embedded", ["plain", "by_sign"])
def test_embeddings_are_features_plain_or_by_sign(embedded):
    given = np.array([[0.5, -0.5, 0.0, 0.7]])
    model = random_hashed(embedded=embedded)
    by_sign = [[0.5, 0.0, 0.0, 0.7, 0.0, 0.5, 0.0, 0.0]]
    read = given if embedded == "plain" else np.array(by_sign)
    member = model.members[0]
    found = model.scores(["Quux"], [None], sentences=given)
    assert found == pytest.approx(member.bias + read @ member.sentences, abs=1e-6)


@pytest.mark.parametrize("title", ["", "!!!", "漢字の本", "x" * 10_000, "\ud800 lone", "a\nb\0c"])
def test_any_title_gets_finite_probabilities(title):
    found = Scorer("x", ["a", "b", "c"], random_hashed()).probabilities([title], [None])
    assert np.isfinite(found).all()
    assert found.sum() == pytest.approx(1, abs=1e-6)


def test_descriptions_are_ignored_unless_trained_with():
    without = count_ngrams(["Rice"], [None])
    with_one = count_ngrams(["Rice"], [None], ["A cook book"])
    assert len(with_one.buckets) == len(without.buckets) + 3
    model = random_hashed()
    assert np.array_equal(
        model.scores(["Rice"], [None], descriptions=["road"]),
        model.scores(["Rice"], [None]),
    )
