"""Books as vectors: counts of terms, weighted by rarity if asked; fitted on training rows."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from pyspark.ml import PipelineModel
from pyspark.ml.feature import (
    IDF,
    Binarizer,
    CountVectorizer,
    CountVectorizerModel,
    IDFModel,
    Normalizer,
    StringIndexer,
    StringIndexerModel,
    UnivariateFeatureSelector,
    VectorSlicer,
)
from pyspark.sql import DataFrame
from pyspark.sql.functions import pandas_udf  # type: ignore[attr-defined]
from pyspark.sql.types import ArrayType, StringType

from dustjacket.genres.terms import book_terms

TERMS, LABEL, WEIGHT, BOOK = "terms", "label", "weight", "book"
FEATURES, SELECTED = "features", "selected"
_SELECTED_TERMS = 500


def _terms(titles: pd.Series, authors: pd.Series) -> pd.Series:
    return pd.Series([book_terms(*book) for book in zip(titles, authors, strict=True)])


def with_terms(books: DataFrame) -> DataFrame:
    """Add the column ``terms`` to books with ``title`` and ``author``."""
    # Made here, for one that is made once holds on to the first session of a process.
    terms = pandas_udf(_terms, ArrayType(StringType()))
    return books.withColumn(TERMS, terms("title", "author"))


@dataclass(frozen=True)
class Features:
    """What was learnt of training rows, to turn any rows into vectors.

    Attributes:
        indexer: from genre to label.
        counts: from terms to counts; holds the vocabulary.
        weights: from counts to counts times IDF; None where rare terms weigh no more.
        slicer: from all terms to those that tell genres apart, where they were asked for.
    """

    indexer: StringIndexerModel
    counts: CountVectorizerModel
    weights: IDFModel | None
    slicer: VectorSlicer | None

    @cached_property
    def genres(self) -> list[str]:
        """The genres in the order of their labels."""
        return list(self.indexer.labels)

    @cached_property
    def vocabulary(self) -> list[str]:
        """The terms in the order of the vectors' entries."""
        return list(self.counts.vocabulary)

    @cached_property
    def idf(self) -> np.ndarray:
        """(terms,): what each term weighs; 1 where all weigh the same."""
        if self.weights is None:
            return np.ones(len(self.vocabulary))
        return np.asarray(self.weights.idf.toArray())

    def labelled(self, books: DataFrame) -> DataFrame:
        """Return :meth:`vectors` with ``label`` and ``weight``; every genre must be known."""
        return self.indexer.transform(self.vectors(books))

    def vectors(self, books: DataFrame) -> DataFrame:
        """Return the vectors of books with ``terms``, and their other columns but those."""
        stages: list[Any] = [
            self.counts,
            *([self.weights] if self.weights else []),
            Normalizer(inputCol="weighted" if self.weights else "counts", outputCol=FEATURES),
            *([self.slicer] if self.slicer else []),
        ]
        vectors = PipelineModel(stages).transform(books)
        return vectors.drop(TERMS, "counts", "weighted")


def fit_features(train: DataFrame, vocabulary: int, *, select: bool, idf: bool) -> Features:
    """Learn features from training rows with ``genre`` and ``terms``.

    Args:
        vocabulary: how many of the most frequent terms to count.
        select: whether to add ``selected``: the terms of highest chi-squared against the genre.
        idf: whether rare terms weigh more.
    """
    indexer = StringIndexer(inputCol="genre", outputCol=LABEL, stringOrderType="alphabetAsc")
    counts = CountVectorizer(inputCol=TERMS, outputCol="counts", vocabSize=vocabulary).fit(train)
    counted = counts.transform(train)
    weights = IDF(inputCol="counts", outputCol="weighted").fit(counted) if idf else None
    plain = Features(indexer.fit(train), counts, weights, slicer=None)
    if not select:
        return plain
    # The test is made for categories: whether a term is there, not how much it weighs.
    present = Binarizer(threshold=0.0, inputCol="counts", outputCol="present")
    selector = UnivariateFeatureSelector(
        featuresCol="present", labelCol=LABEL, outputCol="told", selectionMode="numTopFeatures"
    )
    selector.setFeatureType("categorical").setLabelType("categorical")
    selector.setSelectionThreshold(min(_SELECTED_TERMS, len(plain.vocabulary)))
    told = selector.fit(present.transform(plain.indexer.transform(counted))).selectedFeatures
    slicer = VectorSlicer(inputCol=FEATURES, outputCol=SELECTED, indices=sorted(told))
    return Features(plain.indexer, counts, weights, slicer)
