"""Treatments of genres of very different sizes, compared on folds."""

import random

import numpy as np
import pandas as pd
import pytest

from dustjacket.genres import imbalance
from dustjacket.genres.candidates import CANDIDATES
from dustjacket.genres.compare import calibrated
from dustjacket.genres.fits import Fits
from dustjacket.genres.imbalance import treat_imbalance
from dustjacket.genres.linear import balance
from dustjacket.genres.out_of_fold import probabilities_by_title
from dustjacket.genres.plugins import PluginError
from dustjacket.genres.scorer import Scorer
from dustjacket.genres.scores import Calibration, logarithms
from dustjacket.genres.selection import CandidateResult
from dustjacket.genres.step import ClassifierParameters
from dustjacket.genres.training_data import TrainingData
from dustjacket.metrics.classification import label_metrics
from tests.support.classifiers import OneProcess


@pytest.fixture
def logged(monkeypatch):
    kept = {}
    monkeypatch.setattr(imbalance.mlflow, "log_metric", kept.__setitem__)
    monkeypatch.setattr(
        imbalance.mlflow, "log_table", lambda table, name: kept.update({name: table})
    )
    return kept


@pytest.fixture
def data():
    """Two genres that share most words; one has a tenth of the books."""
    draw = random.Random(3)
    rows = []
    for number in range(440):
        rare = number % 11 == 0
        own = ["ship", "sea"] if rare else ["road", "house", "tree"]
        words = draw.choices(["the", "old", "red", "ship", "road", *own], k=4)
        rows.append((" ".join(words), "rare" if rare else "usual", number // 11 % 2))
    books = pd.DataFrame(rows, columns=["title", "genre", "fold"])
    books = books.assign(author=None, description=None, group=[str(n) for n in range(440)])
    return TrainingData(
        OneProcess(), books, None, ClassifierParameters(folds=2, treat_imbalance=True)
    )


def selected_of(data, name, **hyperparameters):
    candidate, fits = CANDIDATES[name], Fits(data, select=False)
    result = CandidateResult(candidate, hyperparameters, [0.5, 0.5], 1.0)
    parts = [fits.score_result(result, fold) for fold in (0, 1)]
    return fits, calibrated(data, result, parts)


def macro(data, probabilities):
    return label_metrics(data.labels, probabilities.argmax(axis=1))["f1_macro"]


@pytest.mark.parametrize("balanced", [{}, {"balanced": 1.0}])
def test_the_treatment_of_the_best_macro_f1_is_taken_and_all_are_reported_by_genre(
    data, logged, balanced
):
    fits, selected = selected_of(data, "linear_svm", C=0.3, **balanced)
    treated, name = treat_imbalance(fits, selected)
    table = logged["imbalance.json"]
    assert list(table.columns) == ["genre", "books", "none", "class_weights", "logit_adjustment"]
    assert dict(zip(table["genre"], table["books"], strict=True)) == {"rare": 40, "usual": 400}
    means = {key.split(".")[1]: at for key, at in logged.items() if key.startswith("imbalance.")
             and key != "imbalance.json"}  # fmt: skip
    assert name != "none"
    assert means[name] == max(means.values()) > means["none"] + 0.05
    assert macro(data, treated.probabilities) > means["none"]
    assert bool(treated.hyperparameters.get("balanced")) == (name == "class_weights")
    assert treated.probabilities.sum(axis=1) == pytest.approx(1, abs=1e-6)


def test_logit_adjustment_is_kept_by_what_serves(data, logged, monkeypatch, tmp_path):
    fits, selected = selected_of(data, "linear_svm", C=0.3)
    monkeypatch.setattr(imbalance, "_weighted", lambda _, result, **__: result)
    treated, name = treat_imbalance(fits, selected)
    assert name == "logit_adjustment", "class weights change nothing here"
    shift = np.array(treated.calibration.shift)
    assert shift[0] > shift[1] > 0, "the rare genre gains"
    plain = Scorer("x", data.genres, fits.fit_all(selected, None), selected.calibration)
    served = Scorer("x", data.genres, fits.fit_all(treated, None), treated.calibration)
    served.save(tmp_path)
    titles = list(data.books["title"])
    before, after = (
        each.probabilities(titles, [None] * len(titles)) for each in (plain, Scorer.load(tmp_path))
    )
    odds = logarithms(after) - logarithms(before)
    assert odds[:, 0] - odds[:, 1] == pytest.approx(shift[0] - shift[1], abs=1e-5)
    by_title, calibration = probabilities_by_title(fits, treated)
    assert by_title is treated.probabilities
    assert calibration == treated.calibration


def test_a_vote_is_treated_in_each_of_its_members(data, logged):
    fits, svm = selected_of(data, "linear_svm", C=0.3)
    _, bayes = selected_of(data, "complement_nb", alpha=0.3)
    vote = CandidateResult(CANDIDATES["vote"], {}, [0.5, 0.5], 1.0, members=(svm, bayes))
    mean = np.mean([svm.probabilities, bayes.probabilities], axis=0)
    vote = CandidateResult(
        vote.candidate, {}, [0.5, 0.5], 1.0, probabilities=mean, members=(svm, bayes)
    )
    treated, name = treat_imbalance(fits, vote)
    weights = {bool(member.hyperparameters.get("balanced")) for member in treated.members}
    assert weights == {name == "class_weights"}
    assert fits.fit_all(treated, None).scores(["the ship"], [None]).shape == (1, 2)


def test_class_weights_that_a_plug_in_cannot_take_are_left_out(data, logged, monkeypatch, caplog):
    fits, selected = selected_of(data, "linear_svm", C=0.3)
    score = Fits.score

    def score_unweighted(fits, candidate, hyperparameters, fold, **options):
        if hyperparameters.get("balanced"):
            raise PluginError("plug-in knn: takes no sample_weight")
        return score(fits, candidate, hyperparameters, fold, **options)

    monkeypatch.setattr(Fits, "score", score_unweighted)
    _, name = treat_imbalance(fits, selected)
    assert name == "logit_adjustment"
    assert list(logged["imbalance.json"])[2:] == ["none", "logit_adjustment"]
    line = "imbalance, class_weights left out: plug-in knn: takes no sample_weight"
    assert [record.getMessage() for record in caplog.records].count(line) == 1


def test_without_the_parameter_what_was_selected_stays(data, logged):
    _, selected = selected_of(data, "complement_nb", alpha=0.3)
    data = TrainingData(OneProcess(), data.books, None, ClassifierParameters(folds=2))
    assert treat_imbalance(Fits(data, select=False), selected) == (selected, "")
    assert logged == {}


def test_balanced_weights_make_all_classes_weigh_the_same():
    weights = balance(np.array([0, 0, 0, 1, 3]))
    assert weights.mean() == pytest.approx(1)
    assert weights[:3].sum() == pytest.approx(weights[3]) == pytest.approx(weights[4])


def test_a_calibration_without_a_shift_is_as_it_was():
    scores = np.random.default_rng(1).normal(size=(5, 3))
    before = Calibration(2.0, -1.0).probabilities(scores)
    assert np.array_equal(Calibration(2.0, -1.0, (0.0, 0.0, 0.0)).probabilities(scores), before)
