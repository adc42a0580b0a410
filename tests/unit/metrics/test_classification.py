"""The metrics of predicted genres, also where genres are missing on one side."""

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    log_loss,
    roc_auc_score,
    top_k_accuracy_score,
)

from dustjacket.metrics.classification import confusion, f1_by_genre, probability_metrics

GENRES = ["a", "b", "c", "d"]
TRUE = ["a", "b", "c", "a", "b"]
FOUND = np.array(
    [
        [0.7, 0.1, 0.1, 0.1],
        [0.1, 0.6, 0.2, 0.1],
        [0.5, 0.3, 0.15, 0.05],
        [0.1, 0.2, 0.4, 0.3],
        [0.3, 0.4, 0.2, 0.1],
    ]
)


def test_metrics_are_the_textbooks():
    found = probability_metrics(TRUE, FOUND, GENRES)
    assert found["accuracy"] == pytest.approx(3 / 5)
    assert found["top3_accuracy"] == pytest.approx(4 / 5)
    assert found["log_loss"] == pytest.approx(log_loss(TRUE, FOUND, labels=GENRES))
    # of pairs of a book in the genre and one outside: a has 3.5 of 6 in order, b all, c 1 of 4
    assert found["roc_auc_ovr_macro"] == pytest.approx(np.mean([3.5 / 6, 1, 1 / 4]))
    assert set(found) == {
        "accuracy", "f1_weighted", "f1_macro", "top3_accuracy", "log_loss", "ece",
        "roc_auc_ovr_macro",
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_all_figures_are_scikit_learns(seed):
    draw, genres = np.random.default_rng(seed), list("abcdef")
    found = draw.dirichlet(np.full(6, 0.5), 400)
    true = [genres[draw.choice(6, p=row)] for row in found]
    predicted = [genres[label] for label in found.argmax(axis=1)]
    expected = {
        "accuracy": accuracy_score(true, predicted),
        "f1_weighted": f1_score(true, predicted, average="weighted"),
        "f1_macro": f1_score(true, predicted, average="macro"),
        "top3_accuracy": top_k_accuracy_score(true, found, k=3, labels=genres),
        "log_loss": log_loss(true, found, labels=genres),
        "roc_auc_ovr_macro": roc_auc_score(true, found, multi_class="ovr", labels=genres),
    }
    ours = probability_metrics(true, found, genres)
    assert {name: ours[name] for name in expected} == pytest.approx(expected, abs=1e-12)


def test_a_genre_that_was_never_learnt_is_wrong_not_an_error():
    known = probability_metrics(TRUE, FOUND, GENRES)
    found = probability_metrics([*TRUE, "new"], np.vstack([FOUND, FOUND[0]]), GENRES)
    assert found["accuracy"] == pytest.approx(known["accuracy"] * 5 / 6)
    assert found["top3_accuracy"] == pytest.approx(known["top3_accuracy"] * 5 / 6)
    assert np.isfinite(list(found.values())).all()
    assert found["log_loss"] > known["log_loss"]


def test_one_genre_alone_has_no_area_under_a_curve():
    found = probability_metrics(["a", "a"], FOUND[:2], GENRES)
    assert "roc_auc_ovr_macro" not in found
    assert found["accuracy"] == 0.5


def test_confidence_as_high_as_accuracy_is_calibrated():
    found = np.tile([0.75, 0.25], (4, 1))
    assert probability_metrics(["a", "a", "a", "b"], found, ["a", "b"])["ece"] == pytest.approx(0)
    assert probability_metrics(["b"] * 4, found, ["a", "b"])["ece"] == pytest.approx(0.75)


def test_figures_show_every_genre_that_occurs():
    genres, counts = confusion(["a", "b"], ["a", "z"])
    assert genres == ["a", "b", "z"]
    assert counts.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert f1_by_genre(["a", "b"], ["a", "z"]) == {"a": 1.0, "b": 0.0}
