"""Training and test data of a selection: read once, in one order, for all candidates and folds."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from pyspark import Broadcast
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as fn

from dustjacket.errors import BadInputError
from dustjacket.genres.answers import Predictions
from dustjacket.genres.features import BOOK, WEIGHT, with_terms
from dustjacket.genres.hashed_ngrams import NgramCounts, concatenate, count_ngrams
from dustjacket.genres.linear import SharedData
from dustjacket.genres.plugins import BookText
from dustjacket.genres.scorer import Scorer
from dustjacket.genres.sentences import Encoder
from dustjacket.genres.step import ClassifierParameters

_BOOKS_PER_TASK = 20_000
_SMALL_CATALOG = 50_000
_LEFT_OUT = 0.2


@dataclass(frozen=True)
class TrainingData:
    """All books but those of the test side.

    Attributes:
        books: title, author, description, genre, group, fold; one row a book, indexed from 0.
        sentences: (books, dimensions) embeddings; None if there is no sentence model.
        parameters: of the selection.
    """

    spark: SparkSession
    books: pd.DataFrame
    sentences: np.ndarray | None
    parameters: ClassifierParameters

    @cached_property
    def genres(self) -> list[str]:
        """All genres, sorted: a label is an index into them."""
        return sorted(set(self.books["genre"]))

    @cached_property
    def labels(self) -> np.ndarray:
        """(books,) index of each book's genre."""
        return np.asarray(np.searchsorted(self.genres, self.books["genre"].to_numpy(str)))

    @cached_property
    def folds(self) -> np.ndarray:
        """(books,) fold of each book."""
        return np.asarray(self.books["fold"])

    @cached_property
    def frame(self) -> DataFrame:
        """The books in Spark: ``book`` (index), ``genre``, ``fold``, ``terms``, ``weight`` (1)."""
        frame = self.spark.createDataFrame(
            self.books[["title", "author", "genre", "fold"]].rename_axis(BOOK).reset_index(),
            f"{BOOK} long, title string, author string, genre string, fold long",
        )
        parts = self.spark.sparkContext.defaultParallelism
        rows = with_terms(frame.repartition(parts, BOOK)).withColumn(WEIGHT, fn.lit(1.0))
        return rows.select(BOOK, "genre", "fold", "terms", WEIGHT).cache()

    def with_weights(self, frame: DataFrame, books: np.ndarray, weights: np.ndarray) -> DataFrame:
        """Return only the rows of the given ``book`` indices, each with the given ``weight``."""
        weighted = self.spark.createDataFrame(pd.DataFrame({BOOK: books, WEIGHT: weights}))
        return frame.drop(WEIGHT).join(weighted, BOOK)

    @cached_property
    def described(self) -> np.ndarray:
        """(books,) whether a book has a description that is read."""
        if not self.parameters.use_descriptions:
            return np.zeros(len(self.books), bool)
        return np.asarray(self.books["description"].fillna("").astype(bool))

    @cached_property
    def left_out(self) -> np.ndarray:
        """(books,) whether a book is learnt without its description.

        Some are, so that the classifier learns to do without. A hash of the group decides.
        """
        hashes = pd.util.hash_array(self.books["group"].to_numpy(object))
        return np.asarray(hashes / 2.0**64 < _LEFT_OUT)

    @cached_property
    def counts(self) -> NgramCounts:
        """The hashed n-grams of all books, with those of their descriptions."""
        return count_in_spark(self.spark, self.books, described=bool(self.described.any()))

    @property
    def min_books(self) -> int:
        """The number of training books that a hashed n-gram must be in to be a feature."""
        default = 1 if len(self.books) <= _SMALL_CATALOG else 2
        return self.parameters.min_books_per_piece or default

    @cached_property
    def shared(self) -> "Broadcast[SharedData]":
        """The data that all fits of linear classifiers share."""
        data = SharedData(
            self.counts, self.labels, self.folds, len(self.genres), self.sentences,
            self.min_books, self.parameters.idf, self.left_out,
        )  # fmt: skip
        return self.spark.sparkContext.broadcast(data)

    @cached_property
    def texts(self) -> "Broadcast[list[BookText]]":
        """What plug-ins read of all books."""
        rows = self.books[list(BookText._fields)].astype(object)
        rows = rows.where(rows.notna(), None)
        if not self.parameters.use_descriptions:
            rows["description"] = None
        texts = [BookText(*row) for row in rows.itertuples(index=False, name=None)]
        return self.spark.sparkContext.broadcast(texts)

    def close(self) -> None:
        """Free what Spark caches."""
        if "frame" in self.__dict__:
            self.frame.unpersist()
        for name in ("shared", "texts"):
            if name in self.__dict__:
                getattr(self, name).unpersist()


def count_in_spark(spark: SparkSession, books: pd.DataFrame, *, described: bool) -> NgramCounts:
    """Return the hashed n-grams of books, with those of their descriptions if ``described``."""
    columns = ["title", "author", *(["description"] if described else [])]
    rows = list(books[columns].itertuples(index=False, name=None))
    starts = range(0, len(rows), _BOOKS_PER_TASK)
    parts = [rows[start : start + _BOOKS_PER_TASK] for start in starts]

    def count_part(part: Sequence[tuple[str, ...]]) -> NgramCounts:
        return count_ngrams(*zip(*part, strict=True))

    counts = spark.sparkContext.parallelize(parts, len(parts)).map(count_part).collect()
    return concatenate(counts)


def with_fold(books: DataFrame, folds: int, seed: int) -> DataFrame:
    """Add ``fold``, 0 to ``folds`` - 1, a hash of ``group``: all records of a book share a fold."""
    return books.withColumn("fold", fn.pmod(fn.xxhash64("group", fn.lit(seed)), fn.lit(folds)))


def check_folds(books: pd.DataFrame, folds: int) -> None:
    """Check that there are two genres, and in each fold held-out rows and training rows of both.

    Raises:
        BadInputError: all rows have one genre, or there are too few for this number of folds.
    """
    if len(genres := books["genre"].unique()) == 1:
        raise BadInputError(
            f"the catalog has one genre, {genres[0]!r}: a classifier needs two; give a listing of "
            "more genres"
        )
    for fold in range(folds):
        held_out = books["fold"] == fold
        if not held_out.any() or books.loc[~held_out, "genre"].nunique() < 2:
            raise BadInputError(
                f"the catalog is too small for {folds} folds: fold {fold} has no held-out row, or "
                "training rows of fewer than 2 genres; give a larger listing or lower 'folds'"
            )


@dataclass(frozen=True)
class TestData:
    """The books of the test side, which no candidate is trained on.

    Attributes:
        books: title, author, description, genre.
        sentences: (books, dimensions) embeddings; None if there is no sentence model.
        encoder: the sentence model of the embeddings.
    """

    books: pd.DataFrame
    sentences: np.ndarray | None = None
    encoder: Encoder | None = None

    def predict(self, scorer: Scorer, *, described: bool = True) -> Predictions:
        """Return the genres of all books, with their descriptions or without them.

        Raises:
            NotReadyError: the scorer needs another sentence model, whose weights are missing.
        """
        same_encoder = scorer.model.encoder == self.encoder
        return scorer.predict(
            list(self.books["title"]),
            list(self.books["author"]),
            descriptions=list(self.books["description"]) if described else None,
            sentences=self.sentences if same_encoder else None,
        )
