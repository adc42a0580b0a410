"""The books that a selection knows: read once, in one order, for every candidate and fold."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from pyspark import Broadcast
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as fn

from dustjacket.errors import BadInputError
from dustjacket.genres.features import BOOK, WEIGHT, with_terms
from dustjacket.genres.hashed_ngrams import Counts, count, joined
from dustjacket.genres.linear import Table
from dustjacket.genres.scorer import Scorer
from dustjacket.genres.sentences import Encoder
from dustjacket.genres.step import ClassifierParameters

_BOOKS_PER_TASK = 20_000
_FEW_BOOKS = 50_000


@dataclass(frozen=True)
class TrainingData:
    """All books but the test side's.

    Attributes:
        books: title, author, description, genre, fold; a row a book, numbered from 0.
        sentences: (books, dimensions) embeddings, where a model is at hand.
        parameters: of the selection.
    """

    spark: SparkSession
    books: pd.DataFrame
    sentences: np.ndarray | None
    parameters: ClassifierParameters

    @cached_property
    def genres(self) -> list[str]:
        """All genres, in the order of their labels."""
        return sorted(set(self.books["genre"]))

    @cached_property
    def labels(self) -> np.ndarray:
        """(books,)."""
        return np.asarray(np.searchsorted(self.genres, self.books["genre"].to_numpy(str)))

    @cached_property
    def folds(self) -> np.ndarray:
        """(books,)."""
        return np.asarray(self.books["fold"])

    @cached_property
    def frame(self) -> DataFrame:
        """The books for Spark: ``book`` (their number), ``genre``, ``fold``, ``terms``."""
        frame = self.spark.createDataFrame(
            self.books[["title", "author", "genre", "fold"]].rename_axis(BOOK).reset_index(),
            f"{BOOK} long, title string, author string, genre string, fold long",
        )
        parts = self.spark.sparkContext.defaultParallelism
        wide = with_terms(frame.repartition(parts, BOOK)).withColumn(WEIGHT, fn.lit(1.0))
        return wide.select(BOOK, "genre", "fold", "terms", WEIGHT).cache()

    def weighed(self, frame: DataFrame, books: np.ndarray, weights: np.ndarray) -> DataFrame:
        """Return the rows of these ``book`` numbers alone, of this ``weight`` each."""
        wanted = self.spark.createDataFrame(pd.DataFrame({BOOK: books, WEIGHT: weights}))
        return frame.drop(WEIGHT).join(wanted, BOOK)

    @cached_property
    def counts(self) -> Counts:
        """The hashed pieces of all books."""
        return count_in_spark(self.spark, self.books, self.parameters)

    @property
    def least(self) -> int:
        """In how many books a hashed piece must be, to be learnt of."""
        few = len(self.books) <= _FEW_BOOKS
        return self.parameters.min_books_per_piece or (1 if few else 2)

    @cached_property
    def table(self) -> "Broadcast[Table]":
        """What the fits of linear classifiers share."""
        table = Table(
            self.counts, self.labels, self.folds, len(self.genres), self.sentences,
            self.least, self.parameters.idf,
        )  # fmt: skip
        return self.spark.sparkContext.broadcast(table)

    def close(self) -> None:
        """Let go of what Spark keeps."""
        if "frame" in self.__dict__:
            self.frame.unpersist()
        if "table" in self.__dict__:
            self.table.unpersist()


def count_in_spark(
    spark: SparkSession, books: pd.DataFrame, parameters: ClassifierParameters
) -> Counts:
    """Return the hashed pieces of books with title, author and, where asked for, description."""
    columns = ["title", "author", *(["description"] if parameters.use_descriptions else [])]
    rows = list(books[columns].itertuples(index=False, name=None))
    starts = range(0, len(rows), _BOOKS_PER_TASK)
    parts = [rows[start : start + _BOOKS_PER_TASK] for start in starts]

    def count_part(part: Sequence[tuple[str, ...]]) -> Counts:
        return count(*zip(*part, strict=True))

    return joined(spark.sparkContext.parallelize(parts, len(parts)).map(count_part).collect())


def with_fold(books: DataFrame, folds: int, seed: int) -> DataFrame:
    """Add ``fold``, from 0 to ``folds`` - 1, by a hash of ``group``: a book is in one fold only."""
    return books.withColumn("fold", fn.pmod(fn.xxhash64("group", fn.lit(seed)), fn.lit(folds)))


def check_folds(books: pd.DataFrame, folds: int) -> None:
    """Check that each fold has rows to learn from and to be tested on.

    Raises:
        BadInputError: the rows are too few for so many folds.
    """
    for fold in range(folds):
        held_out = books["fold"] == fold
        if not held_out.any() or books.loc[~held_out, "genre"].nunique() < 2:
            raise BadInputError(
                f"the catalog is too small for {folds} folds: one has no held-out row or fewer "
                "than 2 genres to learn; give a larger listing or lower 'folds'"
            )


@dataclass(frozen=True)
class TestData:
    """The test side's books, which no candidate sees.

    Attributes:
        books: title, author, description, genre.
        sentences: (books, dimensions) embeddings, where a model is at hand.
        encoder: that made them.
    """

    books: pd.DataFrame
    sentences: np.ndarray | None = None
    encoder: Encoder | None = None

    def probabilities(self, scorer: Scorer) -> np.ndarray:
        """Return (books, genres).

        Raises:
            NotReadyError: the scorer reads embeddings of another model, and has no weights of it.
        """
        same = scorer.model.encoder == self.encoder
        return scorer.probabilities(
            list(self.books["title"]),
            list(self.books["author"]),
            descriptions=list(self.books["description"]),
            sentences=self.sentences if same else None,
        )
