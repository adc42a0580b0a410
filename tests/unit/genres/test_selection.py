"""The rule that selects a candidate."""

import pytest

from dustjacket.genres.candidates import CANDIDATES
from dustjacket.genres.selection import CandidateResult, reason_of, select


def result(name, *values, seconds=1.0):
    return CandidateResult(CANDIDATES[name], {}, values, seconds)


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
    vote = CandidateResult(CANDIDATES["vote"], {}, [0.6, 0.6], 24.0, members=members)
    assert vote.seconds_per_fit == pytest.approx(2 + 2)


def test_the_reason_names_the_best_where_a_simpler_one_was_selected():
    best = result("random_forest", 0.60, 0.61, 0.62)
    simple = result("logistic_regression", 0.595, 0.605, 0.615)
    assert reason_of([best, simple], simple) == (
        "logistic_regression (0.605) is simpler or faster than random_forest, the best (0.610), "
        "and within one standard error (0.006) of it"
    )
    assert reason_of([best, simple], best) == "random_forest has the highest mean, 0.610"
    # Treated for imbalance since, with other values.
    treated = result("random_forest", 0.58, 0.59, 0.60)
    assert reason_of([best, simple], treated) == "random_forest has the highest mean, 0.610"
    treated = result("logistic_regression", 0.65, 0.66, 0.67)
    assert reason_of([best, simple], treated) == reason_of([best, simple], simple)
