"""What a person reads of a classifier."""

from dustjacket.genres.facts import ClassifierFacts
from dustjacket.pipeline.kinds import Kind
from tests.support.facts import least_facts

CANDIDATES = [
    {"name": "naive_bayes", "cv_mean": 0.8, "cv_std": 0.01, "seconds": 3.2},
    {"name": "linear_svm", "cv_mean": 0.849, "cv_std": 0.02, "seconds": 9.0},
]
MORE = {
    "selected": "naive_bayes", "candidates": CANDIDATES, "choice": "it is simple",
    "test": {"accuracy": 0.8}, "intervals": {"accuracy": (0.7, 0.9)},
}  # fmt: skip
FACTS = ClassifierFacts.model_validate(least_facts(Kind.GENRE_CLASSIFIER, **MORE))


def test_a_selection_is_named_by_its_candidate_its_figure_and_its_verdict():
    assert FACTS.outcome({"metric": "f1_weighted"}) == "naive_bayes 0.800 f1_weighted → promoted"


def test_the_table_has_the_best_candidate_on_top_and_the_reason_of_the_choice_below():
    lines = FACTS.details({"metric": "f1_weighted"}).splitlines()
    rows = [line for line in lines if "0.0" in line]
    assert rows == [
        "| linear_svm | 0.849 | 0.020 | 9 |",
        "| **naive_bayes** (chosen) | 0.800 | 0.010 | 3 |",
    ]
    assert "Why this one: it is simple." in lines
    assert "- accuracy 0.800 (0.700 to 0.900)" in lines


def test_a_selection_of_an_earlier_release_has_a_name_too():
    earlier = ClassifierFacts.model_validate(least_facts(Kind.GENRE_CLASSIFIER))
    assert earlier.outcome({}) == "naive_bayes → promoted"
    assert earlier.details({}) == "Verdict: **promoted**. it is the first"
