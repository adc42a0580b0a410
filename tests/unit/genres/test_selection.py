"""Choosing a classifier: folds, features, the rule, and its scorer against Spark's own figures."""

import numpy as np
import pandas as pd
import pytest

from dustjacket.errors import BadInputError
from dustjacket.genres.bag_of_words import Counted, LinearModel
from dustjacket.genres.candidates import CANDIDATES
from dustjacket.genres.labels import labeller
from dustjacket.genres.scorer import Scorer
from dustjacket.genres.selection import Result, select
from dustjacket.genres.training_data import check_folds


def result(name, *values, seconds=1.0):
    return Result(CANDIDATES[name], {}, values, seconds)


def test_too_few_rows_for_the_folds_is_said():
    few = pd.DataFrame({"genre": ["a", "b"], "fold": [0, 1]})
    with pytest.raises(BadInputError, match="too small for 3 folds"):
        check_folds(few, 3)


def test_the_best_is_selected():
    results = [
        result("naive_bayes", 0.50, 0.51, 0.52),
        result("logistic_regression", 0.60, 0.61, 0.62),
    ]
    assert select(results).candidate.name == "logistic_regression"


def test_within_one_standard_error_the_simpler_is_selected():
    results = [
        result("random_forest", 0.60, 0.61, 0.62),
        result("logistic_regression", 0.595, 0.605, 0.615),
        result("naive_bayes", 0.59, 0.60, 0.61),
    ]
    assert results[0].std == pytest.approx(0.01)
    assert select(results).candidate.name == "logistic_regression"
    assert select(results[:1]).candidate.name == "random_forest"


def test_of_equally_simple_ones_one_of_fast_fits_is_selected():
    plain = result("logistic_regression", 0.60, 0.61, 0.62, seconds=30.0)
    tuned = result("logistic_regression_cv", 0.60, 0.61, 0.62, seconds=60.0)  # of thrice the fits
    assert select([plain, tuned]).candidate.name == "logistic_regression", "about as fast"
    quick = result("logistic_regression_cv", 0.60, 0.61, 0.62, seconds=30.0)
    assert select([plain, quick]).candidate.name == "logistic_regression_cv"
    faster = result("linear_svm", 0.59, 0.61, 0.62, seconds=9.0)
    assert select([plain, tuned, faster]).candidate.name == "linear_svm"
    simpler = result("complement_nb", 0.59, 0.61, 0.62, seconds=900.0)
    assert select([plain, tuned, faster, simpler]).candidate.name == "complement_nb"


def test_a_vote_takes_as_long_as_its_members():
    members = tuple(
        result(name, 0.60, 0.61, seconds=12.0) for name in ("complement_nb", "linear_svm")
    )
    vote = Result(CANDIDATES["vote"], {}, [0.6, 0.6], 24.0, members=members)
    assert vote.seconds_per_fit == pytest.approx(2 + 2)


def test_labels_carry_what_a_reader_of_covers_needs():
    weights = np.array([[3.0, 0.0, 1.0]])
    model = Counted({"rice": 0}, np.ones(1), LinearModel(weights, np.zeros(3)))
    scorer = Scorer("x", ["a", "b", "c"], model)
    covers = pd.DataFrame(
        {
            "key": ["1", "2"], "title": ["Rice", "Quux"], "author": [None, "Ann"],
            "category": [None, "z"], "group": ["g", "h"], "split": ["train", "test"],
            "position": [0, 1], "shard": ["s", "s"], "offset": [512, 1024], "size": [9, 8],
            "sha256": ["x", "y"], "width": [1, 2], "height": [1, 2], "dhash": ["0", "1"],
        }
    )  # fmt: skip
    (labels,) = labeller(lambda: scorer, "v1", 2)(iter([covers]))
    assert list(labels["genre"]) == ["a", "a"]
    assert [[one["genre"] for one in top] for top in labels["top"]] == [["a", "c"], ["a", "b"]]
    assert labels["probability"][0] == labels["top"][0][0]["probability"] > 0.8
    assert list(labels["model_version"]) == ["v1", "v1"]
    assert labels["entropy"][1] == pytest.approx(np.log(3))
    assert 0 < labels["entropy"][0] < labels["entropy"][1]
    for column in (
        "key",
        "title",
        "author",
        "category",
        "group",
        "split",
        "position",
        "shard",
        "offset",
        "size",
        "sha256",
    ):
        assert list(labels[column]) == list(covers[column])
