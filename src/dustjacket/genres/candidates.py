"""The candidate classifiers, each with its grid of hyperparameters."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pyspark.ml.classification import LogisticRegression, NaiveBayes, RandomForestClassifier
from pyspark.sql import DataFrame

from dustjacket.genres.features import FEATURES, LABEL, SELECTED, WEIGHT
from dustjacket.genres.linear import LearnerName
from dustjacket.genres.plugins import PluginError, load_plugin

Hyperparameters = dict[str, float]
"""Values by the names of the classifier's library, and ``balanced``: all genres weigh the same,
whatever their number of books."""


@dataclass(frozen=True)
class Candidate:
    """A classifier that may be selected.

    Attributes:
        complexity: of equally good candidates the one with the lowest is selected; see ``select``.
        features: a short description of its features.
        grid: the hyperparameters to try.
    """

    name: str
    complexity: int
    features: str
    grid: tuple[Hyperparameters, ...]


@dataclass(frozen=True)
class SparkCandidate(Candidate):
    """A classifier of Spark ML, on counts of terms.

    Attributes:
        column: the column of its feature vectors.
        estimator: makes the unfitted estimator from a seed.
    """

    column: str
    estimator: Callable[[int], Any]

    def fit(self, train: DataFrame, hyperparameters: Hyperparameters, seed: int) -> Any:
        """Return the model fitted to rows with ``label``, ``weight`` and the column of vectors."""
        estimator = self.estimator(seed)
        params = {
            estimator.getParam(name): value
            for name, value in hyperparameters.items()
            if name != "balanced"
        }
        return estimator.fit(train, params)


@dataclass(frozen=True)
class TaskCandidate(Candidate):
    """A linear classifier on hashed n-grams, each fit of which is one Spark task.

    Attributes:
        embedded: the mode of ``embedding_features``; empty: no sentence embeddings.
    """

    learner: LearnerName
    embedded: str = ""


@dataclass(frozen=True)
class PluginCandidate(Candidate):
    """A classifier of another package, each fit of which is one Spark task."""


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
        standardization=False,  # with it, rare terms weigh as much as frequent ones: F1 - 0.04
    )


def _random_forest(seed: int) -> RandomForestClassifier:
    # On all terms, trees of this depth split on words that hardly any title has, and underfit.
    return RandomForestClassifier(
        featuresCol=SELECTED, labelCol=LABEL, weightCol=WEIGHT, numTrees=20, seed=seed
    )


# Naive Bayes only sums counts; embeddings need a second model wherever the classifier runs, and a
# plug-in its package.
_SUMS, _LINEAR, _TREES, _EMBEDDED, _VOTE, _PLUGIN = range(6)
_TERMS = "words and word pairs of titles, words of authors; counted"
_FEATURES_TEXT = "words, word pairs and character n-grams of titles, words of authors; hashed"
_SENTENCES = f"{_FEATURES_TEXT}; sentence embeddings"
_SMOOTHINGS = ({"alpha": 0.1}, {"alpha": 0.3}, {"alpha": 1.0})
_COSTS = ({"C": 0.1}, {"C": 0.3}, {"C": 0.3, "balanced": 1.0})

CANDIDATES: dict[str, Candidate] = {
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
                {"regParam": 1e-4},  # as logistic_regression: its fits are shared
                {"regParam": 1e-3},
                {"regParam": 1e-4, "balanced": 1.0},
            ),
            FEATURES, _logistic_regression,
        ),
        SparkCandidate(
            "random_forest", _TREES, f"the 500 terms of highest chi-squared among {_TERMS}",
            ({"maxDepth": 20},), SELECTED, _random_forest,
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


def plugin_candidate(name: str) -> PluginCandidate:
    """Return the candidate of an installed plug-in.

    Raises:
        PluginError: it cannot be loaded, or has the name of another candidate.
    """
    if name in CANDIDATES:
        raise PluginError(f"plug-in {name}: a candidate of Dustjacket has that name")
    plugin = load_plugin(name)
    grid = tuple(dict(hyperparameters) for hyperparameters in plugin.grid)
    return PluginCandidate(name, _PLUGIN, str(plugin.features), grid)
