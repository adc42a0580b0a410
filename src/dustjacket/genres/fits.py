"""One fit of any candidate: to all known books but a fold's, or to all of them."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from dustjacket.genres.bag_of_words import Counted
from dustjacket.genres.candidates import (
    Candidate,
    Point,
    SparkCandidate,
    TaskCandidate,
)
from dustjacket.genres.export import export
from dustjacket.genres.features import BOOK, LABEL, SELECTED, WEIGHT, Features, fit_features
from dustjacket.genres.hashed_linear import EnsembleMember, Hashed
from dustjacket.genres.hashed_ngrams import Weights
from dustjacket.genres.linear import Fit, Fitted, run_fit, training_rows
from dustjacket.genres.memory import memory_mib
from dustjacket.genres.scores import logarithms
from dustjacket.genres.selection import Result
from dustjacket.genres.sentences import Encoder
from dustjacket.genres.training_data import TrainingData
from dustjacket.metrics.classification import label_metrics

_LIGHTEST = 1e-9


@dataclass(frozen=True)
class Scored:
    """What a classifier says of the held-out books of a fold.

    Attributes:
        books: (held-out books,) their numbers.
        scores: (held-out books, genres): margins, or logarithms of probabilities.
        seconds: of the fit and of scoring.
        memory_mib: of a task, the most that its process has held; of a fit by Spark, what all of
            its processes hold after it; 0 of what was not fitted by itself.
    """

    books: np.ndarray
    scores: np.ndarray
    seconds: float
    memory_mib: float = 0.0

    def metrics(self, known: TrainingData) -> dict[str, float]:
        """Return accuracy, f1_weighted and f1_macro of the likeliest genres."""
        return label_metrics(known.labels[self.books], self.scores.argmax(axis=1))


@dataclass(frozen=True)
class Fold:
    """One division of the known books for Spark's classifiers.

    Attributes:
        train: cached, with ``label``, ``weight`` and vectors.
        held_out: cached, with vectors.
        features: learnt of the training part alone.
    """

    train: DataFrame
    held_out: DataFrame
    features: Features


@dataclass
class Fits:
    """Fits candidates; Spark's features of a fold serve all of them until :meth:`close`.

    Attributes:
        select: whether the terms that trees look at are wanted.
    """

    known: TrainingData
    select: bool
    folds: list[Fold] = field(default_factory=list)

    def prepare(self) -> None:
        """Make the features of every fold for Spark's classifiers, unless they are at hand."""
        if self.folds:
            return
        for number in range(self.known.parameters.folds):
            train = self.known.frame.where(fn.col("fold") != number)
            features = self._features(train, select=self.select)
            held_out = self.known.frame.where(fn.col("fold") == number)
            fold = Fold(
                features.labelled(train).cache(), features.vectors(held_out).cache(), features
            )
            fold.train.count()
            self.folds.append(fold)

    def close(self) -> None:
        """Let go of what Spark keeps of the folds, until a fit by Spark asks for them again."""
        for fold in self.folds:
            fold.train.unpersist()
            fold.held_out.unpersist()
        self.folds.clear()

    def score(
        self,
        candidate: Candidate,
        point: Point,
        fold: int,
        *,
        share: float = 1.0,
        trust: np.ndarray | None = None,
    ) -> Scored:
        """Fit to all books but a fold's, and score those.

        Args:
            share: of the training rows to learn from.
            trust: (books,) the weight of each training row.
        """
        if trust is not None:
            # liblinear leaves out rows of weight 0, and so whole genres, on which Spark fails.
            trust = np.maximum(trust, _LIGHTEST)
        if isinstance(candidate, SparkCandidate):
            return self._score_by_spark(candidate, point, fold, share, trust)
        if not isinstance(candidate, TaskCandidate):
            raise TypeError(f"{candidate.name} is not fitted by itself")
        done = self._in_task(candidate, point, fold, share=share, trust=trust)
        if done.scores is None:
            raise RuntimeError(f"{candidate.name} scored nothing")
        books = np.flatnonzero(self.known.folds == fold)
        return Scored(books, done.scores, done.seconds, done.memory_mib)

    def score_result(
        self,
        result: Result,
        fold: int,
        *,
        share: float = 1.0,
        trust: np.ndarray | None = None,
    ) -> Scored:
        """Do :meth:`score` for a candidate at its best settings, or for all members of a vote."""
        if not result.members:
            return self.score(result.candidate, result.point, fold, share=share, trust=trust)
        parts = [self.score_result(one, fold, share=share, trust=trust) for one in result.members]
        votes = [
            one.calibration.probabilities(part.scores)
            for one, part in zip(result.members, parts, strict=True)
        ]
        seconds = sum(part.seconds for part in parts)
        return Scored(parts[0].books, logarithms(np.mean(votes, axis=0)), seconds)

    def fit_all(self, result: Result, encoder: Encoder | None) -> Counted | Hashed:
        """Return the classifier of a result, fitted to all known books."""
        if isinstance(result.candidate, SparkCandidate):
            return self._fit_by_spark(result.candidate, result.point)
        members = result.members or (result,)
        fitted = [
            replace(self._member(one), calibration=one.calibration if result.members else None)
            for one in members
        ]
        parameters = self.known.parameters
        return Hashed(
            Weights.learn(self.known.counts, self.known.least, idf=parameters.idf),
            tuple(fitted),
            encoder if any(member.embedded for member in fitted) else None,
            parameters.use_descriptions,
        )

    def _member(self, result: Result) -> EnsembleMember:
        if not isinstance(result.candidate, TaskCandidate):
            raise TypeError(f"{result.candidate.name} has no vote")
        member = self._in_task(result.candidate, result.point, None).member
        if member is None:
            raise RuntimeError(f"{result.candidate.name} was not fitted")
        return member

    def _in_task(
        self,
        candidate: TaskCandidate,
        point: Point,
        fold: int | None,
        share: float = 1.0,
        trust: np.ndarray | None = None,
    ) -> Fitted:
        fit = Fit(
            candidate.learner, point, candidate.embedded, fold, self.known.parameters.seed,
            share, trust,
        )  # fmt: skip
        shared = self.known.table
        context = self.known.spark.sparkContext
        return context.parallelize([fit], 1).map(lambda one: run_fit(one, shared)).collect()[0]

    def _score_by_spark(
        self,
        candidate: SparkCandidate,
        point: Point,
        fold: int,
        share: float,
        trust: np.ndarray | None,
    ) -> Scored:
        self.prepare()
        began = time.monotonic()
        seed = self.known.parameters.seed
        at = self.folds[fold]
        train = at.train
        if trust is not None or share < 1:
            # Naive Bayes takes labels by rank: a genre that is missing would shift the others.
            rows = training_rows(self.known.labels, self.known.folds, fold, share, seed)
            weights = np.ones(len(rows)) if trust is None else trust[rows]
            train = self.known.weighed(train, rows, weights)
        model = candidate.fit(_balanced(train) if point.get("balanced") else train, point, seed)
        scored = model.transform(at.held_out).select(
            BOOK, vector_to_array(fn.col("probability"), "float32").alias("probability")
        )
        given = scored.toPandas().sort_values(BOOK)
        known = [self.known.genres.index(genre) for genre in at.features.genres]
        found = np.zeros((len(given), len(self.known.genres)), np.float32)
        found[:, known] = np.stack(given["probability"].to_list())
        seconds = time.monotonic() - began
        return Scored(
            given[BOOK].to_numpy(), logarithms(found), seconds, memory_mib(self.known.spark)
        )

    def _features(self, train: DataFrame, *, select: bool) -> Features:
        parameters = self.known.parameters
        return fit_features(train, parameters.vocabulary, select=select, idf=parameters.idf)

    def _fit_by_spark(self, candidate: SparkCandidate, point: Point) -> Counted:
        features = self._features(self.known.frame, select=candidate.column == SELECTED)
        rows = features.labelled(self.known.frame).cache()
        try:
            train = _balanced(rows) if point.get("balanced") else rows
            return export(features, candidate.fit(train, point, self.known.parameters.seed))
        finally:
            rows.unpersist()


def _balanced(train: DataFrame) -> DataFrame:
    counts = {row[LABEL]: row["count"] for row in train.groupBy(LABEL).count().collect()}
    heavy = sum(counts.values()) / len(counts)
    weights = train.sparkSession.createDataFrame(
        [(label, heavy / count) for label, count in counts.items()], f"{LABEL} double, heavy double"
    )
    weighed = train.join(fn.broadcast(weights), LABEL)
    return weighed.withColumn(WEIGHT, fn.col(WEIGHT) * fn.col("heavy")).drop("heavy")


def in_place(scored: Sequence[Scored], books: int, genres: int) -> np.ndarray:
    """Return (books, genres): the scores of all folds, each book in its place."""
    found = np.zeros((books, genres), np.float32)
    for part in scored:
        found[part.books] = part.scores
    return found
