"""Galleries that are harder than all covers together."""

import numpy as np
import pandas as pd
import pytest

from dustjacket.evaluation.galleries import (
    OTHER_AUTHORS,
    SAME_GENRE,
    hard_chance,
    hard_galleries,
    measure_retrieval,
)

BOOKS = pd.DataFrame(
    {
        "known_genre": ["Art", "Art", "Law", "Art"],
        "author": ["Ada Stern", "ADA STERN", None, ""],
    }
)


def test_a_gallery_of_one_genre_has_as_many_covers_as_the_genre():
    assert hard_galleries(BOOKS)[SAME_GENRE].sizes.tolist() == [3, 3, 1, 3]


def test_other_books_by_the_author_are_left_out_and_unnamed_authors_are_not_one():
    assert hard_galleries(BOOKS)[OTHER_AUTHORS].sizes.tolist() == [3, 3, 4, 4]


def test_chance_is_higher_where_fewer_covers_are_searched():
    books = pd.concat([BOOKS] * 10, ignore_index=True)
    found = hard_chance(hard_galleries(books))
    assert found[SAME_GENRE]["recall_at_10"] == pytest.approx((30 * 10 / 30 + 10 * 1) / 40)


def test_a_model_that_knows_only_genres_is_at_chance_within_one():
    rng = np.random.default_rng(0)
    genres = rng.integers(4, size=400)
    covers = np.eye(4)[genres]
    books = pd.DataFrame({"known_genre": genres.astype(str), "author": None})
    galleries = hard_galleries(books)
    noise = 1e-3 * rng.normal(size=(2, 400, 4))
    found = measure_retrieval(
        covers + noise[0], covers + noise[1], 10.0, galleries, resamples=100, seed=1
    ).metrics
    whole = found["title_to_cover"]["recall_at_10"]
    within = found["hard"][SAME_GENRE]["title_to_cover"]["recall_at_10"]
    assert whole == pytest.approx(within)
    assert within == pytest.approx(hard_chance(galleries)[SAME_GENRE]["recall_at_10"], abs=0.05)
    assert found["ece"] < 0.05


def test_perfect_embeddings_are_sure_and_right():
    eye = np.eye(12)
    books = pd.DataFrame({"known_genre": ["Art"] * 12, "author": "Ada Stern"})
    found = measure_retrieval(eye, eye, 100.0, hard_galleries(books), resamples=100, seed=1)
    assert found.metrics["title_to_cover"]["mrr"] == 1
    assert found.metrics["intervals"]["cover_to_title"]["recall_at_1"][1] == 1
    assert 0.7 < found.metrics["intervals"]["cover_to_title"]["recall_at_1"][0] < 0.8
    assert found.metrics["match_probability"] == pytest.approx(1)
    assert found.metrics["ece"] == pytest.approx(0, abs=1e-6)
    assert found.hits(k=1).all()
