"""Hashed pieces and linear models on them: counting, weights, fits as Spark tasks, the scorer."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dustjacket.genres.calibration import fit_calibration, out_of_fold
from dustjacket.genres.hashed_linear import Hashed
from dustjacket.genres.hashed_ngrams import BITS, Weights, count, joined
from dustjacket.genres.scorer import Scorer
from dustjacket.genres.scores import Calibration, logarithms, softmax
from dustjacket.splits import normalise
from tests.support.classifiers import random_hashed

TEXT = st.text(st.sampled_from("abc dé,'\n漢字"), max_size=30) | st.text(max_size=30)


def pieces_one_by_one(title, author):
    """The pieces of a book as their texts, counted one after another."""
    words = normalise(title).split()
    return Counter(
        [("word", word) for word in words]
        + [("pair", *pair) for pair in pairwise(words)]
        + [("author", word) for word in normalise(author).split()]
        + [
            ("piece", f" {word} "[at : at + size])
            for word in words
            for size in (3, 4, 5)
            for at in range(len(word) + 3 - size)
        ]
    )


@given(st.lists(st.tuples(TEXT, st.none() | TEXT), min_size=1, max_size=6))
def test_pieces_are_counted_as_one_by_one(books):
    titles, authors = zip(*books, strict=True)
    counts = count(titles, authors)
    of_bucket = {}
    for number, book in enumerate(books):
        expected = pieces_one_by_one(*book)
        part = slice(counts.starts[number], counts.starts[number + 1])
        assert sorted(counts.counts[part]) == sorted(expected.values())
        words = sum(1 for kind, *_ in expected if kind != "piece")
        assert (counts.buckets[part] < 1 << BITS).sum() == words
        alone = count([book[0]], [book[1]])
        assert np.array_equal(alone.buckets, counts.buckets[part])
        for piece, times in expected.items():
            fits = set(counts.buckets[part][counts.counts[part] == times])
            of_bucket[piece] = of_bucket.get(piece, fits) & fits
    assert all(of_bucket.values()), "a piece has one bucket, in whatever book it is"


def test_books_are_chosen_and_joined_as_they_were_counted():
    titles, authors = ["Rice", "", "The Road to Rice", "漢字 Σ"], [None, "Ann", "Lee King", None]
    all_of_them = count(titles, authors)
    again = joined([count(titles[:1], authors[:1]), count(titles[1:], authors[1:])])
    for name in ("starts", "buckets", "counts"):
        assert np.array_equal(getattr(again, name), getattr(all_of_them, name))
    some = all_of_them.rows(np.array([2, 1]))
    expected = count([titles[2], titles[1]], [authors[2], authors[1]])
    assert np.array_equal(some.buckets, expected.buckets)
    assert np.array_equal(some.starts, expected.starts)
    assert len(joined([])) == 0


def test_words_and_pieces_of_words_have_unit_length_each():
    counts = count(["Rice rice road", "Quux", ""], [None, None, "Ann"])
    starts, columns, values = Weights.learn(counts, 1).vectors(counts)
    words = Weights.learn(counts, 1).buckets[columns] < 1 << BITS
    first = slice(starts[0], starts[1])
    assert (values[first][words[first]] ** 2).sum() == pytest.approx(1)
    assert (values[first][~words[first]] ** 2).sum() == pytest.approx(1)
    assert starts[-1] == len(values) == len(columns)
    assert list(values[starts[2] :]) == [1.0], "an author alone is one word"


def test_weights_are_learnt_of_pieces_in_enough_books():
    counts = count(["rice", "rice road", "sea"], [None] * 3)
    weights = Weights.learn(counts, 2)
    assert set(weights.buckets) == set(count(["rice"], [None]).buckets)
    assert weights.idf == pytest.approx(np.log(4 / 3) + 1)
    assert (Weights.learn(counts, 1, idf=False).idf == 1).all()
    nothing = weights.vectors(count(["sea"], [None]))
    assert list(nothing[0]) == [0, 0]


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
            Hashed(both.weights, (member,), None, described=False).scores(*books)
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
def test_embeddings_are_read_plain_or_by_sign(embedded):
    given = np.array([[0.5, -0.5, 0.0, 0.7]])
    model = random_hashed(embedded=embedded)
    by_sign = [[0.5, 0.0, 0.0, 0.7, 0.0, 0.5, 0.0, 0.0]]
    read = given if embedded == "plain" else np.array(by_sign)
    member = model.members[0]
    found = model.scores(["Quux"], [None], sentences=given)
    assert found == pytest.approx(member.bias + read @ member.sentences, abs=1e-6)


@pytest.mark.parametrize("title", ["", "!!!", "漢字の本", "x" * 10_000, "\ud800 lone", "a\nb\0c"])
def test_any_title_gets_a_calm_answer(title):
    found = Scorer("x", ["a", "b", "c"], random_hashed()).probabilities([title], [None])
    assert np.isfinite(found).all()
    assert found.sum() == pytest.approx(1, abs=1e-6)


def test_a_description_is_read_only_where_it_was_learnt():
    without = count(["Rice"], [None])
    with_one = count(["Rice"], [None], ["A cook book"])
    assert len(with_one.buckets) == len(without.buckets) + 3
    model = random_hashed()
    assert np.array_equal(
        model.scores(["Rice"], [None], descriptions=["road"]),
        model.scores(["Rice"], [None]),
    )


def drawn(scores):
    """A label a row, as likely as the scores say."""
    shares = softmax(scores).cumsum(axis=1)
    return (np.random.default_rng(4).random((len(scores), 1)) > shares).sum(axis=1)


@given(st.floats(0.2, 5))
@settings(deadline=None, max_examples=10)
def test_a_temperature_is_found_again(temperature):
    true = logarithms(softmax(np.random.default_rng(1).normal(size=(4000, 3)) * 2))
    labels = drawn(true)
    found = fit_calibration(logarithms(softmax(true * temperature)), labels)
    close = found.probabilities(logarithms(softmax(true * temperature)))
    assert np.abs(close - softmax(true)).mean() < 0.03


def test_margins_are_calibrated_better_than_by_a_temperature():
    margins = np.random.default_rng(1).normal(-0.6, 0.4, size=(6000, 5))
    odds = 1 / (1 + np.exp(-(4 * margins + 1)))
    true = odds / odds.sum(axis=1, keepdims=True)
    found = fit_calibration(margins, drawn(np.log(true)))
    assert found.offset > -3
    assert np.abs(found.probabilities(margins) - true).mean() < 0.02
    assert (found.probabilities(margins).argmax(axis=1) == margins.argmax(axis=1)).all()


def test_a_fold_is_calibrated_by_the_others():
    found = np.random.default_rng(1).normal(size=(300, 3)) * 4
    folds = np.arange(300) % 3
    labels = found.argmax(axis=1)
    one = out_of_fold(found, labels, folds)
    changed = labels.copy()
    changed[folds == 0] = (changed[folds == 0] + 1) % 3  # fold 0 is all wrong: only others learn
    other = out_of_fold(found, changed, folds)
    assert np.array_equal(one[folds == 0], other[folds == 0])
    assert not np.allclose(one[folds == 1], other[folds == 1])
