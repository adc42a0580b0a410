"""Hashed n-grams: counting, and their TF-IDF weights."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.genres.hashed_ngrams import BITS, TfidfWeights, concatenate, count_ngrams
from dustjacket.genres.terms import plain_words

TEXT = st.text(st.sampled_from("abc dé,'\n漢字"), max_size=30) | st.text(max_size=30)
BUCKETS = [  # part of the scorer's format
    395639, 550250, 846742, 1255459, 2344641, 2377082, 2394172, 2472446,
    2535030, 2606818, 2735122, 2802785, 3104658, 3615800, 3616973, 3650382, 3768703, 3811559,
    3894944, 4013922, 4058530, 4158221,
    4722355, 5250045,
]  # fmt: skip


def ngrams_one_by_one(title, author):
    """The n-grams of a book as their texts, counted one after another."""
    words = plain_words(title).split()
    return Counter(
        [("word", word) for word in words]
        + [("pair", *pair) for pair in pairwise(words)]
        + [("author", word) for word in plain_words(author).split()]
        + [
            ("characters", f" {word} "[at : at + size])
            for word in words
            for size in (3, 4, 5)
            for at in range(len(word) + 3 - size)
        ]
    )


@given(st.lists(st.tuples(TEXT, st.none() | TEXT), min_size=1, max_size=6))
def test_ngrams_are_counted_as_one_by_one(books):
    titles, authors = zip(*books, strict=True)
    counts = count_ngrams(titles, authors)
    of_bucket = {}
    for number, book in enumerate(books):
        expected = ngrams_one_by_one(*book)
        part = slice(counts.starts[number], counts.starts[number + 1])
        assert sorted(counts.counts[part]) == sorted(expected.values())
        words = sum(1 for kind, *_ in expected if kind != "characters")
        assert (counts.buckets[part] < 1 << BITS).sum() == words
        alone = count_ngrams([book[0]], [book[1]])
        assert np.array_equal(alone.buckets, counts.buckets[part])
        for ngram, times in expected.items():
            fits = set(counts.buckets[part][counts.counts[part] == times])
            of_bucket[ngram] = of_bucket.get(ngram, fits) & fits
    assert all(of_bucket.values()), "an n-gram has the same bucket in every book"


def test_rows_and_concatenation_keep_the_counts():
    titles, authors = ["Rice", "", "The Road to Rice", "漢字 Σ"], [None, "Ann", "Lee King", None]
    together = count_ngrams(titles, authors)
    again = concatenate(
        [count_ngrams(titles[:1], authors[:1]), count_ngrams(titles[1:], authors[1:])]
    )
    for name in ("starts", "buckets", "counts"):
        assert np.array_equal(getattr(again, name), getattr(together, name))
    some = together.rows(np.array([2, 1]))
    expected = count_ngrams([titles[2], titles[1]], [authors[2], authors[1]])
    assert np.array_equal(some.buckets, expected.buckets)
    assert np.array_equal(some.starts, expected.starts)
    assert len(concatenate([])) == 0


def test_words_and_character_ngrams_have_unit_length_each():
    counts = count_ngrams(["Rice rice road", "Quux", ""], [None, None, "Ann"])
    starts, columns, values = TfidfWeights.fit(counts, 1).vectors(counts)
    words = TfidfWeights.fit(counts, 1).buckets[columns] < 1 << BITS
    first = slice(starts[0], starts[1])
    assert (values[first][words[first]] ** 2).sum() == pytest.approx(1)
    assert (values[first][~words[first]] ** 2).sum() == pytest.approx(1)
    assert starts[-1] == len(values) == len(columns)
    assert list(values[starts[2] :]) == [1.0], "an author alone is one word"


def test_weights_are_fitted_to_ngrams_in_enough_books():
    counts = count_ngrams(["rice", "rice road", "sea"], [None] * 3)
    weights = TfidfWeights.fit(counts, 2)
    assert set(weights.buckets) == set(count_ngrams(["rice"], [None]).buckets)
    assert weights.idf == pytest.approx(np.log(4 / 3) + 1)
    assert (TfidfWeights.fit(counts, 1, idf=False).idf == 1).all()
    nothing = weights.vectors(count_ngrams(["sea"], [None]))
    assert list(nothing[0]) == [0, 0]


def test_a_description_is_scaled_by_itself():
    counts = count_ngrams(["Rice", "Rice"], [None, None], ["a map of the sea", None])
    starts, columns, values = TfidfWeights(np.unique(counts.buckets), np.ones(99)).vectors(counts)
    described, plain = (
        dict(zip(columns[part], values[part], strict=True))
        for part in (slice(starts[0], starts[1]), slice(starts[1], starts[2]))
    )
    assert plain.items() <= described.items()
    assert sum(value**2 for value in described.values()) == pytest.approx(3)
    without = counts.without_descriptions(np.array([True, False]))
    assert (
        without.rows(np.array([0])).buckets.tolist() == counts.rows(np.array([1])).buckets.tolist()
    )
    kept = counts.without_descriptions(np.array([False, True]))
    assert np.array_equal(kept.buckets, counts.buckets)


def test_a_word_of_one_description_is_no_feature():
    counts = count_ngrams(["a", "b", "c"], [None] * 3, ["map sea", "sea", None])
    kept = TfidfWeights.fit(counts, 1).buckets
    (sea,) = {*count_ngrams([""], [None], ["sea"]).buckets}
    (chart,) = {*count_ngrams([""], [None], ["map"]).buckets}
    assert sea in kept
    assert chart not in kept


@pytest.mark.parametrize("text", ["long " * 2_000_000, "x" * 10_000_000])
def test_a_description_of_10_mb_is_read_up_to_a_limit(text):
    found = count_ngrams(["Rice"], [None], [text])
    assert np.array_equal(found.buckets, count_ngrams(["Rice"], [None], [text[:10_000]]).buckets)


def test_the_buckets_of_saved_scorers_stay():
    counts = count_ngrams(["Rice road"], ["Ann"], ["a map"])
    assert counts.buckets.tolist() == BUCKETS
    assert set(counts.counts) == {1}
