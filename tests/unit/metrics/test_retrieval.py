"""Retrieval metrics: ranks, recalls, what chance reaches, and probabilities of titles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from dustjacket.metrics.retrieval import (
    Ranks,
    chance,
    own_ranks,
    rank_metrics,
    retrieval_metrics,
    similarity,
    title_probabilities,
)


def unit(rng, n, d=8):
    vectors = rng.normal(size=(n, d))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_the_rank_counts_the_covers_before_the_own_one():
    similarities = np.array([[0.9, 0.1, 0.2], [0.8, 0.5, 0.1], [0.9, 0.8, 0.7]])
    assert own_ranks(np.eye(3), similarities.T).middle.tolist() == [1, 2, 3]


def test_constant_embeddings_score_as_chance_does():
    alike = np.ones((25, 4)) / 2
    found = retrieval_metrics(alike, alike)["title_to_cover"]
    assert found == pytest.approx(chance(25))
    assert found["median_rank"] == 13


def test_two_books_of_one_title_share_the_hits_of_their_places():
    titles = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    covers = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])
    ranks = own_ranks(covers, titles)
    assert ranks.middle.tolist() == [1.5, 1.5, 1]
    assert ranks.hits(1).tolist() == [0.5, 0.5, 1]
    assert ranks.hits(2).tolist() == [1, 1, 1]
    assert ranks.reciprocals() == pytest.approx([0.75, 0.75, 1])
    assert ranks[np.array([True, False, True])].hits(1).tolist() == [0.5, 1]


@given(st.integers(1, 40), st.integers(0, 40), st.integers(1, 30))
def test_a_tie_counts_as_the_mean_over_its_places(first, ties, k):
    places = np.arange(first, first + ties + 1)
    ranks = Ranks(np.array([places.mean()]), np.array([ties]))
    assert ranks.hits(k)[0] == pytest.approx((places <= k).mean())
    assert ranks.reciprocals()[0] == pytest.approx((1 / places).mean())


def test_each_direction_is_measured_by_itself():
    titles = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    covers = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])
    found = retrieval_metrics(titles, covers)
    assert found["title_to_cover"]["recall_at_1"] == pytest.approx(2 / 3)
    assert found["cover_to_title"]["recall_at_1"] == pytest.approx(0.5)
    assert found["title_to_cover"]["recall_at_5"] == 1


def test_random_embeddings_reach_about_chance():
    rng = np.random.default_rng(0)
    found = rank_metrics(own_ranks(unit(rng, 2000, 32), unit(rng, 2000, 32)))
    expected = chance(2000)
    assert found["recall_at_10"] == pytest.approx(expected["recall_at_10"], abs=0.004)
    assert found["mrr"] == pytest.approx(expected["mrr"], abs=0.002)


@given(st.integers(1, 40), st.integers(1, 45), st.integers(0, 5))
def test_blocks_give_the_ranks_of_the_whole_matrix(n, block, seed):
    rng = np.random.default_rng(seed)
    # Products of small integers are exact in any order, and many tie.
    titles, covers = rng.integers(-2, 3, size=(2, n, 3)).astype(float)
    ranks = [rankdata(-row)[own] for own, row in enumerate(titles @ covers.T)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dustjacket.metrics.retrieval._BLOCK", block)
        assert own_ranks(titles, covers).middle.tolist() == ranks


@given(st.integers(1, 30), st.integers(1, 4), st.integers(0, 5))
def test_harder_galleries_search_the_covers_they_name_and_no_others(n, kinds, seed):
    rng = np.random.default_rng(seed)
    titles, covers, codes = unit(rng, n), unit(rng, n), rng.integers(kinds, size=n)
    within, apart = (own_ranks(titles, covers, **{name: codes}) for name in ("within", "apart"))
    for query in range(n):
        own = codes == codes[query]
        score = covers @ titles[query]
        better = score > score[query]
        assert within.middle[query] == 1 + (better & own).sum()
        assert apart.middle[query] == 1 + (better & ~own).sum()


@given(st.integers(1, 30), st.integers(1, 40), st.integers(0, 5))
def test_several_queries_may_belong_to_one_cover_and_some_covers_to_none(n, queries, seed):
    rng = np.random.default_rng(seed)
    texts, covers, own = unit(rng, queries), unit(rng, n), rng.integers(n, size=queries)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dustjacket.metrics.retrieval._BLOCK", 7)
        found = own_ranks(texts, covers, own=own)
    scores = texts @ covers.T
    expected = [1 + (row > row[index]).sum() for row, index in zip(scores, own, strict=True)]
    assert found.middle.tolist() == expected


def test_chance_over_galleries_of_several_sizes_is_their_mean():
    assert chance(np.array([5, 20]))["recall_at_10"] == pytest.approx((1 + 0.5) / 2)
    assert chance(np.array([3, 3, 3])) == chance(3)
    assert chance(1) == {
        "recall_at_1": 1, "recall_at_5": 1, "recall_at_10": 1, "median_rank": 1, "mrr": 1,
    }  # fmt: skip


def test_without_covers_all_metrics_are_zero():
    nothing = np.empty((0, 4))
    assert set(retrieval_metrics(nothing, nothing)["title_to_cover"].values()) == {0}
    assert set(chance(0).values()) == {0}
    assert (
        similarity(nothing, nothing) == title_probabilities(nothing, nothing, 100).probability == 0
    )


def test_similarity_and_match_probability_of_perfect_pairs():
    eye = np.eye(4)
    assert similarity(eye, eye) == 1
    assert title_probabilities(eye, eye, scale=100).probability == pytest.approx(1)
    assert title_probabilities(eye, eye, scale=0).probability == pytest.approx(1 / 4)


def test_the_likeliest_title_is_right_where_it_is_the_covers_own():
    titles = np.eye(3)
    covers = titles[[0, 2, 2]]
    found = title_probabilities(titles, covers, scale=np.log(8))
    assert found.right.tolist() == [True, False, True]
    assert found.best.tolist() == pytest.approx([0.8] * 3)
    assert found.own.tolist() == pytest.approx([0.8, 0.1, 0.8])
