"""The classifiers that compete, each with the settings it is tried at."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pyspark.ml.classification import LogisticRegression, NaiveBayes, RandomForestClassifier
from pyspark.sql import DataFrame

from dustjacket.genres.features import FEATURES, LABEL, SELECTED, WEIGHT
from dustjacket.genres.linear import LearnerName
from dustjacket.genres.step import CandidateName

Point = dict[str, float]
"""Settings of a classifier, by the names that its library gives them; ``balanced`` is ours: all
genres weigh the same, however many books they have."""


@dataclass(frozen=True)
class Candidate:
    """A classifier that may be selected.

    Attributes:
        complexity: of two that are equally good, the lower is taken; of equal ones, the faster.
        features: what it learns from, in a few words.
        grid: the settings to try.
    """

    name: CandidateName
    complexity: int
    features: str
    grid: tuple[Point, ...]


@dataclass(frozen=True)
class SparkCandidate(Candidate):
    """A classifier of Spark ML, on counted terms.

    Attributes:
        column: of the vectors it learns from.
        estimator: makes it, unfitted, from a seed.
    """

    column: str
    estimator: Callable[[int], Any]

    def fit(self, train: DataFrame, point: Point, seed: int) -> Any:
        """Return the model fitted to rows with ``label``, ``weight`` and the column of vectors."""
        estimator = self.estimator(seed)
        settings = {name: at for name, at in point.items() if name != "balanced"}
        return estimator.fit(train, {estimator.getParam(name): at for name, at in settings.items()})


@dataclass(frozen=True)
class TaskCandidate(Candidate):
    """A linear classifier on hashed pieces, whose fits are Spark tasks.

    Attributes:
        embedded: how it reads sentence embeddings: not at all (empty), "plain" or "by_sign".
    """

    learner: LearnerName
    embedded: str = ""


@dataclass(frozen=True)
class VoteCandidate(Candidate):
    """The mean of the calibrated probabilities of each learner's best task candidate."""


def _naive_bayes(_seed: int) -> NaiveBayes:
    return NaiveBayes(featuresCol=FEATURES, labelCol=LABEL, weightCol=WEIGHT)


def _logistic_regression(_seed: int) -> LogisticRegression:
    return LogisticRegression(
        featuresCol=FEATURES,
        labelCol=LABEL,
        weightCol=WEIGHT,
        family="multinomial",
        maxIter=25,
        standardization=False,  # else rare terms weigh as much as frequent ones: F1 falls by .04
    )


def _random_forest(seed: int) -> RandomForestClassifier:
    # On all terms, trees of this depth ask for words that nearly no title has, and learn nothing.
    return RandomForestClassifier(
        featuresCol=SELECTED, labelCol=LABEL, weightCol=WEIGHT, numTrees=20, seed=seed
    )


# Naive Bayes is sums over books; embeddings need another model wherever the classifier is used.
_SUMS, _LINEAR, _TREES, _EMBEDDED, _VOTE = range(5)
_TERMS = "words and word pairs of titles, words of authors; counted"
_FEATURES_TEXT = "words, word pairs and pieces of words of titles, words of authors; hashed"
_SENTENCES = f"{_FEATURES_TEXT}; sentence embeddings"
_SMOOTHINGS = ({"alpha": 0.1}, {"alpha": 0.3}, {"alpha": 1.0})
_COSTS = ({"C": 0.1}, {"C": 0.3}, {"C": 0.3, "balanced": 1.0})

CANDIDATES: dict[CandidateName, Candidate] = {
    candidate.name: candidate
    for candidate in (
        SparkCandidate(
            "naive_bayes", _SUMS, _TERMS, ({"smoothing": 0.1}, {"smoothing": 1.0}),
            FEATURES, _naive_bayes,
        ),
        SparkCandidate(
            "logistic_regression", _LINEAR, _TERMS, ({"regParam": 1e-4},),
            FEATURES, _logistic_regression,
        ),
        SparkCandidate(
            "logistic_regression_cv", _LINEAR, _TERMS,
            (
                {"regParam": 1e-4},  # the plain one's, which is not fitted again
                {"regParam": 1e-3},
                {"regParam": 1e-4, "balanced": 1.0},
            ),
            FEATURES, _logistic_regression,
        ),
        SparkCandidate(
            "random_forest", _TREES, f"the 500 most telling of {_TERMS}", ({"maxDepth": 20},),
            SELECTED, _random_forest,
        ),
        TaskCandidate("complement_nb", _SUMS, _FEATURES_TEXT, _SMOOTHINGS, "complement_nb"),
        TaskCandidate("linear_svm", _LINEAR, _FEATURES_TEXT, _COSTS, "linear_svm"),
        TaskCandidate(
            "complement_nb_sentences", _EMBEDDED, _SENTENCES, _SMOOTHINGS,
            "complement_nb", "by_sign",
        ),
        TaskCandidate(
            "linear_svm_sentences", _EMBEDDED, _SENTENCES, _COSTS, "linear_svm", "plain"
        ),
        VoteCandidate("vote", _VOTE, "those of its members", ({},)),
    )
}  # fmt: skip
