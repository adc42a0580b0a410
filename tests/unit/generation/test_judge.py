"""The judge, with its real network: what it sees, and that it learns the same each time."""

import numpy as np
import pytest

from dustjacket.generation.judge import NETWORK_FEATURES, picture_features, train_judge
from dustjacket.metrics.retrieval import own_ranks
from tests.support.art_case import sides


@pytest.fixture(scope="module")
def pictures():
    return sides(train=24, validation=1, test=1)["train"].art


def test_a_picture_has_the_same_features_alone_and_at_any_size(pictures):
    features = picture_features(pictures)
    assert features.shape == (24, NETWORK_FEATURES + 144)
    assert np.isfinite(features).all()
    np.testing.assert_allclose(picture_features(pictures[5:6])[0], features[5], atol=1e-3)
    assert picture_features(pictures[:0]).shape == (0, features.shape[1])


def test_a_judge_finds_what_it_was_trained_on_and_is_the_same_for_the_same_seed():
    rng = np.random.default_rng(4)
    pictures = rng.normal(size=(80, NETWORK_FEATURES + 144)).astype(np.float32)
    titles = rng.normal(size=(80, 384 + 1024)).astype(np.float32)
    judge, again = (train_judge(pictures, titles, seed=2) for _ in range(2))
    found = own_ranks(judge.embed_pictures(pictures), judge.embed_titles(titles))
    assert found.hits(1).mean() > 0.9
    np.testing.assert_array_equal(judge.embed_titles.weight, again.embed_titles.weight)
    np.testing.assert_allclose(np.linalg.norm(judge.embed_titles(titles), axis=1), 1, atol=1e-5)
