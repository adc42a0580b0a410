"""Genres predicted from covers, titles and both."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.evaluation.contradictions import find_contradictions
from dustjacket.evaluation.covers import sample_books, true_genres
from dustjacket.evaluation.genre import (
    best_weight,
    classifier_probabilities,
    fit_probe,
    fuse,
    genre_accuracy,
    measure_genres,
)
from tests.support.evaluation_case import comparison

GENRES = ["Art", "Law", "Travel"]


def shares(rng, n):
    found = rng.random((n, 3)) + 0.01
    return found / found.sum(axis=1, keepdims=True)


def test_a_category_is_a_genre_whatever_its_case_and_punctuation():
    categories = pd.Series(["Self-Help", "self help", "Cookery", None, "", "Childrens Books"])
    found = true_genres(categories, ["Self-Help", "Art", "Children's Books"])
    assert found.tolist() == ["Self-Help", "Self-Help", None, None, None, "Children's Books"]


def test_what_the_labels_do_not_hold_is_shared_by_the_other_genres():
    top = [{"genre": "Law", "probability": 0.6}, {"genre": "Poetry", "probability": 0.1}]
    found = classifier_probabilities(pd.DataFrame({"top": [top]}), GENRES)[0]
    assert found.sum() == pytest.approx(1)
    assert found[0] == found[2] == pytest.approx(0.1 / 0.8)
    assert found.argmax() == 1


def test_the_weight_goes_from_the_title_to_the_cover():
    rng = np.random.default_rng(1)
    titles, covers = shares(rng, 20), shares(rng, 20)
    np.testing.assert_allclose(fuse(titles, covers, 0), titles)
    np.testing.assert_allclose(fuse(titles, covers, 1), covers)
    np.testing.assert_allclose(fuse(titles, covers, 0.5).sum(axis=1), 1)


@given(st.integers(0, 20))
def test_the_chosen_weight_is_at_least_as_good_as_either_alone(seed):
    rng = np.random.default_rng(seed)
    titles, covers, true = shares(rng, 30), shares(rng, 30), rng.integers(3, size=30)

    def right(found):
        return (found.argmax(axis=1) == true).mean()

    chosen = right(fuse(titles, covers, best_weight(titles, covers, true)))
    assert chosen >= max(right(titles), right(covers))
    assert best_weight(titles[:0], covers[:0], true[:0]) == 0.5


def test_top_3_counts_the_first_three():
    found = np.array([[0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4]])
    row = genre_accuracy("both", found, np.array([2, 0]), top3=True)
    assert (row.top1, row.top3) == (0, 0.5)
    assert genre_accuracy("both", found, np.array([0, 3]), top3=False).top1 == 1
    assert genre_accuracy("both", found, np.array([0, 3]), top3=False).top3 is None


def test_a_probe_separates_clusters_and_gives_unseen_genres_probability_0():
    rng = np.random.default_rng(2)
    true = np.arange(60) % 2
    covers = np.eye(4)[true] + 0.1 * rng.normal(size=(60, 4))
    names = [GENRES[at] for at in true]
    probe = fit_probe(covers[:40], names[:40], covers[40:], names[40:], GENRES)
    found = probe.probabilities(covers[40:])
    assert [GENRES[at] for at in found.argmax(axis=1)] == names[40:]
    assert (found[:, 2] == 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_with_one_genre_no_probe_is_fitted():
    probe = fit_probe(np.ones((3, 2)), ["Art"] * 3, np.empty((0, 2)), [], GENRES)
    np.testing.assert_allclose(probe.probabilities(np.ones((2, 2))), 1 / 3)


def test_a_probe_classifies_coloured_covers_and_labels_their_titles():
    case = comparison()
    models = {"fine_tuned": case.models["candidate"]}
    task = measure_genres(models, case.covers.books, case.splits)
    rows = {row.source.partition(" (")[0]: row for row in task.rows}
    assert rows["cover alone, linear probe"].top1 > 0.8
    assert rows["title alone, our classifier"].top1 == 1
    assert rows["title alone, our classifier"].top3 is None, "labels hold one genre"
    assert rows["title and cover, late fusion"].top1 >= rows["cover alone, linear probe"].top1
    assert task.chance == pytest.approx((1 / 3, 1))


def test_a_book_in_another_genres_colour_is_a_contradiction():
    case = comparison()
    books = case.covers.books
    at = int(case.test_indices[0])
    books.loc[at, "genre"] = "Travel"
    found = find_contradictions(case.models["candidate"], books, case.splits)
    assert at in found["index"].tolist()
    row = found[found["index"] == at].iloc[0]
    assert (row["by_title"], row["by_cover"]) == ("Travel", "Art")


def test_all_test_covers_and_a_sample_of_the_others_are_used(monkeypatch):
    monkeypatch.setattr("dustjacket.evaluation.covers._SAMPLE_SIZES", {"train": 5, "validation": 2})
    books = pd.DataFrame(
        {"split": ["train"] * 20 + ["test"] * 9 + ["validation"], "position": range(30)}
    )
    found = sample_books(books, seed=1)
    assert found["split"].value_counts().to_dict() == {"test": 9, "train": 5, "validation": 1}
    assert found["position"].is_monotonic_increasing
    assert found.equals(sample_books(books, seed=1))
