"""One fit of any candidate: to all training books but those of a fold, or to all of them."""

import time
from dataclasses import dataclass, field, replace

import numpy as np
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from dustjacket.genres.bag_of_words import BagOfWords
from dustjacket.genres.candidates import (
    Candidate,
    Hyperparameters,
    PluginCandidate,
    SparkCandidate,
    TaskCandidate,
)
from dustjacket.genres.export import export_model
from dustjacket.genres.features import BOOK, LABEL, SELECTED, WEIGHT, TermFeatures, fit_features
from dustjacket.genres.fold_scores import FoldScores
from dustjacket.genres.hashed_linear import EnsembleMember, HashedLinear
from dustjacket.genres.hashed_ngrams import TfidfWeights
from dustjacket.genres.linear import FitOutput, FitSpec, run_fit, training_rows
from dustjacket.genres.memory import memory_mib
from dustjacket.genres.plugin_fits import fit_plugin_to_all, score_plugin
from dustjacket.genres.plugins import PluggedModel
from dustjacket.genres.scores import logarithms
from dustjacket.genres.selection import CandidateResult
from dustjacket.genres.sentences import Encoder
from dustjacket.genres.training_data import TrainingData

_MIN_WEIGHT = 1e-9


@dataclass(frozen=True)
class SparkFold:
    """The training and held-out rows of one fold, for Spark's classifiers.

    Attributes:
        train: cached, with ``label``, ``weight`` and vectors.
        held_out: cached, with vectors.
        features: fitted to the training rows alone.
    """

    train: DataFrame
    held_out: DataFrame
    features: TermFeatures


@dataclass
class Fits:
    """Fits candidates; Spark's classifiers share the features of a fold until :meth:`close`.

    Attributes:
        training_data: the books.
        select: whether to make the column ``selected``, which random forests need.
        folds: made by :meth:`prepare`.
    """

    training_data: TrainingData
    select: bool
    folds: list[SparkFold] = field(default_factory=list)

    def prepare(self) -> None:
        """Make the features of every fold for Spark's classifiers, unless they exist."""
        if self.folds:
            return
        for number in range(self.training_data.parameters.folds):
            train = self.training_data.frame.where(fn.col("fold") != number)
            features = self._features(train, select=self.select)
            held_out = self.training_data.frame.where(fn.col("fold") == number)
            fold = SparkFold(
                features.labelled(train).cache(), features.vectors(held_out).cache(), features
            )
            fold.train.count()
            self.folds.append(fold)

    def close(self) -> None:
        """Free the folds that Spark caches; the next fit by Spark makes them again."""
        for fold in self.folds:
            fold.train.unpersist()
            fold.held_out.unpersist()
        self.folds.clear()

    def score(
        self,
        candidate: Candidate,
        hyperparameters: Hyperparameters,
        fold: int,
        *,
        share: float = 1.0,
        sample_weight: np.ndarray | None = None,
        described: bool = True,
    ) -> FoldScores:
        """Fit to all books but those of a fold, and score those.

        Args:
            candidate: any but a vote.
            hyperparameters: one entry of its grid.
            fold: the held-out fold.
            share: of the training rows; see ``training_rows``.
            sample_weight: (books,); None: 1 for each book.
            described: whether held-out books have their descriptions, if training books have them.

        Raises:
            TypeError: the candidate is a vote, which is not fitted itself.
            PluginError: the candidate is a plug-in, and failed.
        """
        if sample_weight is not None:
            # liblinear drops rows of weight 0, and a genre of such rows; Spark fails on that.
            sample_weight = np.maximum(sample_weight, _MIN_WEIGHT)
        if isinstance(candidate, SparkCandidate):
            return self._score_by_spark(candidate, hyperparameters, fold, share, sample_weight)
        if isinstance(candidate, PluginCandidate):
            return score_plugin(
                self.training_data, candidate.name, hyperparameters, fold, share, sample_weight,
                described=described,
            )  # fmt: skip
        if not isinstance(candidate, TaskCandidate):
            raise TypeError(f"{candidate.name} is not fitted itself")
        output = self._fit_in_task(
            candidate, hyperparameters, fold, share, sample_weight, described=described
        )
        if output.scores is None:
            raise RuntimeError(f"the fit of {candidate.name} returned no scores")
        books = np.flatnonzero(self.training_data.folds == fold)
        return FoldScores(books, output.scores, output.seconds, output.memory_mib)

    def score_result(
        self,
        result: CandidateResult,
        fold: int,
        *,
        share: float = 1.0,
        sample_weight: np.ndarray | None = None,
        described: bool = True,
    ) -> FoldScores:
        """Do :meth:`score` with the best hyperparameters, for all members if it is a vote."""
        if not result.members:
            return self.score(
                result.candidate,
                result.hyperparameters,
                fold,
                share=share,
                sample_weight=sample_weight,
                described=described,
            )
        parts = [
            self.score_result(
                member, fold, share=share, sample_weight=sample_weight, described=described
            )
            for member in result.members
        ]
        votes = [
            member.calibration.probabilities(part.scores)
            for member, part in zip(result.members, parts, strict=True)
        ]
        seconds = sum(part.seconds for part in parts)
        return FoldScores(parts[0].books, logarithms(np.mean(votes, axis=0)), seconds)

    def fit_all(
        self, result: CandidateResult, encoder: Encoder | None
    ) -> BagOfWords | HashedLinear | PluggedModel:
        """Return the model of a result, fitted to all training books."""
        if isinstance(result.candidate, PluginCandidate):
            name = result.candidate.name
            return fit_plugin_to_all(self.training_data, name, result.hyperparameters)
        if isinstance(result.candidate, SparkCandidate):
            return self._fit_by_spark(result.candidate, result.hyperparameters)
        members = tuple(
            replace(
                self._member(member),
                calibration=member.calibration if result.members else None,
            )
            for member in result.members or (result,)
        )
        data = self.training_data
        return HashedLinear(
            TfidfWeights.fit(
                data.counts.without_descriptions(data.left_out),
                data.min_books,
                idf=data.parameters.idf,
            ),
            members,
            encoder if any(member.embedded for member in members) else None,
            bool(data.described.any()),
        )

    def _member(self, result: CandidateResult) -> EnsembleMember:
        if not isinstance(result.candidate, TaskCandidate):
            raise TypeError(f"{result.candidate.name} cannot be a member of a vote")
        member = self._fit_in_task(result.candidate, result.hyperparameters, None).member
        if member is None:
            raise RuntimeError(f"the fit of {result.candidate.name} returned no model")
        return member

    def _fit_in_task(
        self,
        candidate: TaskCandidate,
        hyperparameters: Hyperparameters,
        fold: int | None,
        share: float = 1.0,
        sample_weight: np.ndarray | None = None,
        *,
        described: bool = True,
    ) -> FitOutput:
        spec = FitSpec(
            candidate.learner, hyperparameters, candidate.embedded, fold,
            self.training_data.parameters.seed, share, sample_weight, described,
        )  # fmt: skip
        shared = self.training_data.shared
        context = self.training_data.spark.sparkContext
        return context.parallelize([spec], 1).map(lambda fit: run_fit(fit, shared)).collect()[0]

    def _score_by_spark(
        self,
        candidate: SparkCandidate,
        hyperparameters: Hyperparameters,
        fold: int,
        share: float,
        sample_weight: np.ndarray | None,
    ) -> FoldScores:
        self.prepare()
        began = time.monotonic()
        data, spark_fold = self.training_data, self.folds[fold]
        seed, train = data.parameters.seed, spark_fold.train
        if sample_weight is not None or share < 1:
            # Every genre keeps a row: naive Bayes numbers the labels that occur, without gaps.
            rows = training_rows(data.labels, data.folds, fold, share, seed)
            weights = np.ones(len(rows)) if sample_weight is None else sample_weight[rows]
            train = data.with_weights(train, rows, weights)
        train = _balanced(train) if hyperparameters.get("balanced") else train
        model = candidate.fit(train, hyperparameters, seed)
        scored = model.transform(spark_fold.held_out).select(
            BOOK, vector_to_array(fn.col("probability"), "float32").alias("probability")
        )
        table = scored.toPandas().sort_values(BOOK)
        seen = [data.genres.index(genre) for genre in spark_fold.features.genres]
        probabilities = np.zeros((len(table), len(data.genres)), np.float32)
        probabilities[:, seen] = np.stack(table["probability"].to_list())
        seconds = time.monotonic() - began
        return FoldScores(
            table[BOOK].to_numpy(), logarithms(probabilities), seconds, memory_mib(data.spark)
        )

    def _features(self, train: DataFrame, *, select: bool) -> TermFeatures:
        parameters = self.training_data.parameters
        return fit_features(train, parameters.vocabulary, select=select, idf=parameters.idf)

    def _fit_by_spark(
        self, candidate: SparkCandidate, hyperparameters: Hyperparameters
    ) -> BagOfWords:
        data = self.training_data
        features = self._features(data.frame, select=candidate.column == SELECTED)
        rows = features.labelled(data.frame).cache()
        try:
            train = _balanced(rows) if hyperparameters.get("balanced") else rows
            model = candidate.fit(train, hyperparameters, data.parameters.seed)
            return export_model(features, model)
        finally:
            rows.unpersist()


def _balanced(train: DataFrame) -> DataFrame:
    """Multiply weights so that all genres weigh the same, and their mean stays."""
    counts = {row[LABEL]: row["count"] for row in train.groupBy(LABEL).count().collect()}
    mean = sum(counts.values()) / len(counts)
    factors = train.sparkSession.createDataFrame(
        [(label, mean / count) for label, count in counts.items()],
        f"{LABEL} double, factor double",
    )
    weighted = train.join(fn.broadcast(factors), LABEL)
    return weighted.withColumn(WEIGHT, fn.col(WEIGHT) * fn.col("factor")).drop("factor")
