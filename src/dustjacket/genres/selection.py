"""Cross-validation: folds that keep a book's records together, and the rule that selects."""

import logging
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812  # as all of Spark's own pages name it

from dustjacket.errors import BadInputError
from dustjacket.genres.candidates import Candidate, Point
from dustjacket.genres.features import fit_features
from dustjacket.genres.metrics import label_metrics
from dustjacket.parameters import ClassifierParameters

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fold:
    """One division of the rows, its features learnt of the training part alone.

    Attributes:
        train: cached ``label`` and vectors.
        held_out: cached ``genre`` and vectors.
        genres: the genres of the training part, in the order of labels.
    """

    number: int
    train: DataFrame
    held_out: DataFrame
    genres: list[str]

    def score(self, candidate: Candidate, point: Point, seed: int) -> dict[str, float]:
        """Fit to the training part; return label metrics on the held-out part, and ``seconds``."""
        start = time.monotonic()
        model = candidate.fit(self.train, point, seed)
        pairs = model.transform(self.held_out).groupBy("genre", "prediction").count().toPandas()
        predicted = [self.genres[int(label)] for label in pairs["prediction"]]
        metrics = label_metrics(list(pairs["genre"]), predicted, list(pairs["count"]))
        return {**metrics, "seconds": time.monotonic() - start}

    def release(self) -> None:
        """Let go of the cached rows."""
        self.train.unpersist()
        self.held_out.unpersist()


def with_fold(books: DataFrame, folds: int, seed: int) -> DataFrame:
    """Add ``fold``, from 0 to ``folds`` - 1, by a hash of ``group``: a book is in one fold only."""
    return books.withColumn("fold", F.pmod(F.xxhash64("group", F.lit(seed)), F.lit(folds)))


def make_folds(
    books: DataFrame, parameters: ClassifierParameters, *, select: bool
) -> Iterator[Fold]:
    """Yield each fold of ``books``, which have ``genre``, ``group`` and ``terms``.

    Raises:
        BadInputError: the rows are too few for so many folds.
    """
    books = with_fold(books, parameters.folds, parameters.seed)
    for number in range(parameters.folds):
        train = books.where(F.col("fold") != number)
        held_out = books.where(F.col("fold") == number)
        genres = train.select("genre").distinct().count()
        if genres < 2 or held_out.isEmpty():
            raise BadInputError(
                f"the catalog is too small for {parameters.folds} folds: one has no held-out row "
                "or fewer than 2 genres to learn; give a larger listing or lower 'folds'"
            )
        features = fit_features(train, parameters.vocabulary, select=select)
        fold = Fold(
            number,
            features.labelled(train).cache(),
            features.vectors(held_out).cache(),
            features.genres,
        )
        log.info(
            "fold %d: %d training rows, %d terms",
            number,
            fold.train.count(),
            len(features.vocabulary),
        )
        yield fold


@dataclass(frozen=True)
class Result:
    """What cross-validation found of a candidate, at its best settings.

    Attributes:
        values: the deciding metric in each fold.
        seconds: of all fits and predictions, at all settings.
    """

    candidate: Candidate
    point: Point
    values: Sequence[float]
    seconds: float

    @property
    def mean(self) -> float:
        """Mean over the folds."""
        return fmean(self.values)

    @property
    def std(self) -> float:
        """Standard deviation over the folds (of a sample)."""
        return stdev(self.values)


def select(results: Sequence[Result]) -> Result:
    """Return the simplest candidate within one standard error of the best one's mean.

    The rule is that of Breiman et al., Classification and Regression Trees (1984), 3.4.3. Folds
    share training rows, so the error is an estimate, and a low one.
    """
    best = max(results, key=lambda result: result.mean)
    least = best.mean - best.std / math.sqrt(len(best.values))
    near = [result for result in results if result.mean >= least]
    return min(near, key=lambda result: result.candidate.complexity)
