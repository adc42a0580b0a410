"""The classifiers that compete, each with the settings it is tried at."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pyspark.ml.classification import LogisticRegression, NaiveBayes, RandomForestClassifier
from pyspark.sql import DataFrame

from dustjacket.genres.features import FEATURES, LABEL, SELECTED
from dustjacket.parameters import CandidateName

Point = dict[str, float]
"""Settings of a classifier, by the names that Spark gives them."""


@dataclass(frozen=True)
class Candidate:
    """A classifier that may be selected.

    Attributes:
        complexity: of two that are equally good, the lower is taken.
        features: the column it learns from.
        grid: the settings to try.
        estimator: makes it, unfitted, from a seed.
    """

    name: CandidateName
    complexity: int
    features: str
    grid: tuple[Point, ...]
    estimator: Callable[[int], Any]

    def fit(self, train: DataFrame, point: Point, seed: int) -> Any:
        """Return the Spark model fitted to rows with ``label`` and the candidate's features."""
        estimator = self.estimator(seed)
        return estimator.fit(train, {estimator.getParam(name): at for name, at in point.items()})


def _naive_bayes(_seed: int) -> NaiveBayes:
    return NaiveBayes(featuresCol=FEATURES, labelCol=LABEL)


def _logistic_regression(_seed: int) -> LogisticRegression:
    return LogisticRegression(
        featuresCol=FEATURES,
        labelCol=LABEL,
        family="multinomial",
        maxIter=25,
        standardization=False,  # else rare terms weigh as much as frequent ones: F1 falls by .04
    )


def _random_forest(seed: int) -> RandomForestClassifier:
    # On all terms, trees of this depth ask for words that nearly no title has, and learn nothing.
    return RandomForestClassifier(featuresCol=SELECTED, labelCol=LABEL, numTrees=20, seed=seed)


CANDIDATES: dict[CandidateName, Candidate] = {
    candidate.name: candidate
    for candidate in (
        Candidate(
            "naive_bayes", 0, FEATURES, ({"smoothing": 0.1}, {"smoothing": 1.0}), _naive_bayes
        ),
        Candidate("logistic_regression", 1, FEATURES, ({"regParam": 1e-4},), _logistic_regression),
        Candidate(
            "logistic_regression_cv",
            2,
            FEATURES,
            # around the plain one's, which is not fitted again
            ({"regParam": 1e-3}, {"regParam": 2e-5}, {"regParam": 2e-6}),
            _logistic_regression,
        ),
        Candidate("random_forest", 3, SELECTED, ({"maxDepth": 20},), _random_forest),
    )
}
