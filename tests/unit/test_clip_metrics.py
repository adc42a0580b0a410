import numpy as np
import pytest

from dustjacket.clip.metrics import chance, match_probability, ranks, retrieval, similarity


def test_the_rank_counts_the_covers_that_come_before_the_own_one():
    similarities = np.array([[0.9, 0.1, 0.2], [0.8, 0.5, 0.1], [0.9, 0.8, 0.7]])
    assert ranks(similarities).tolist() == [1, 2, 3]


def test_a_model_that_tells_none_apart_is_no_better_than_chance():
    alike = np.ones((25, 4)) / 2
    found = retrieval(alike, alike)["title_to_cover"]
    assert found["recall_at_10"] == 0
    assert found["median_rank"] == chance(25)["median_rank"] == 13


def test_each_direction_is_measured_by_itself():
    titles = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    covers = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    found = retrieval(titles, covers)
    assert found["title_to_cover"]["recall_at_1"] == pytest.approx(2 / 3)
    assert found["cover_to_title"]["recall_at_1"] == pytest.approx(1 / 3)
    assert found["title_to_cover"]["recall_at_5"] == 1


def test_random_embeddings_reach_about_chance():
    rng = np.random.default_rng(0)
    titles, covers = (rng.normal(size=(2000, 32)) for _ in range(2))
    found = retrieval(titles, covers)["title_to_cover"]
    assert found["recall_at_10"] == pytest.approx(chance(2000)["recall_at_10"], abs=0.004)


def test_similarity_and_match_probability_of_perfect_pairs():
    eye = np.eye(4)
    assert similarity(eye, eye) == 1
    assert match_probability(eye, eye, scale=100) == pytest.approx(1)
    assert match_probability(eye, eye, scale=0) == pytest.approx(1 / 4)
