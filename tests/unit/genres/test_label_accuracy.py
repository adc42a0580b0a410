"""Labels of covers are as accurate as their probabilities promise, where categories tell."""

import pytest

from dustjacket.genres.label_accuracy import accuracies, count_by_genre, earlier_accuracies
from dustjacket.metrics.estimated import Accuracy
from tests.support.bucket import store_in_memory
from tests.support.facts import least_facts

GENRES = ["Art & Craft", "Cooking"]


def row(genre, category, covers, probability):
    total, squares = covers * probability, covers * probability**2
    return {"genre": genre, "category": category, "covers": covers,
            "total": total, "squares": squares}  # fmt: skip


COUNTED = [
    row("Cooking", "cooking", 60, 0.8),
    row("Cooking", "Art and craft", 40, 0.7),
    row("Art & Craft", None, 100, 0.5),
    row("Art & Craft", "Unknown shelf", 50, 0.9),
]


def test_covers_are_counted_by_genre_alone():
    assert count_by_genre(COUNTED) == {"Art & Craft": 150, "Cooking": 100}


def test_the_estimate_is_of_all_covers_and_what_came_true_of_those_with_a_known_category():
    found = accuracies(COUNTED, GENRES, "")
    assert found["estimated"].answers == 250
    assert found["estimated"].value == pytest.approx((48 + 28 + 50 + 45) / 250)
    assert found["estimated_there"].value == pytest.approx(0.76)
    assert found["realised"].value == pytest.approx(0.6)
    assert (found["estimated_there"].answers, found["realised"].answers) == (100, 100)
    low, high = found["realised"].interval
    assert low < 0.6 < high


def test_without_categories_nothing_is_realised():
    assert set(accuracies(COUNTED[2:], GENRES, "")) == {"estimated"}
    assert accuracies([], GENRES, "") == {}


@pytest.mark.parametrize("treatment", ["none", "class_weights"])
def test_after_logit_adjustment_nothing_is_estimated(treatment):
    assert set(accuracies(COUNTED, GENRES, "logit_adjustment")) == {"realised"}
    assert accuracies(COUNTED, GENRES, treatment) == accuracies(COUNTED, GENRES, "")


def test_the_series_leaves_out_what_earlier_releases_did_not_measure():
    store = store_in_memory()
    store.draft("labelled_covers", "v1").publish(facts=least_facts("labelled_covers"))
    accuracy = {"estimated": {"value": 0.8, "interval": [0.7, 0.9], "answers": 9}}
    facts = least_facts("labelled_covers", accuracy=accuracy)
    store.draft("labelled_covers", "v2").publish(facts=facts)
    assert [version for version, _ in earlier_accuracies(store)] == ["v1", "v2"]
    assert earlier_accuracies(store)[0][1] == {}
    assert earlier_accuracies(store)[1][1]["estimated"] == Accuracy(0.8, [0.7, 0.9], 9)
