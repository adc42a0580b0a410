"""Features for Spark's classifiers: counts of terms, with IDF if wanted."""

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
    # Made here: a module-level UDF would keep the first session of a process alive.
    terms = pandas_udf(_terms, ArrayType(StringType()))
    return books.withColumn(TERMS, terms("title", "author"))


@dataclass(frozen=True)
class TermFeatures:
    """Transformers fitted to training rows, which turn any rows into vectors.

    Attributes:
        indexer: maps genres to labels.
        vectorizer: maps terms to counts; holds the vocabulary.
        idf_model: maps counts to counts times IDF; None: all terms weigh the same.
        slicer: keeps only the terms that separate genres best; None: all terms.
    """

    indexer: StringIndexerModel
    vectorizer: CountVectorizerModel
    idf_model: IDFModel | None
    slicer: VectorSlicer | None

    @cached_property
    def genres(self) -> list[str]:
        """The genres in the order of their labels."""
        return list(self.indexer.labels)

    @cached_property
    def vocabulary(self) -> list[str]:
        """The terms in the order of the vectors' entries."""
        return list(self.vectorizer.vocabulary)

    @cached_property
    def idf(self) -> np.ndarray:
        """(terms,) the weight of each term; 1 if all weigh the same."""
        if self.idf_model is None:
            return np.ones(len(self.vocabulary))
        return np.asarray(self.idf_model.idf.toArray())

    def labelled(self, books: DataFrame) -> DataFrame:
        """Return :meth:`vectors` with ``label`` and ``weight``; fails on a genre not trained on."""
        return self.indexer.transform(self.vectors(books))

    def vectors(self, books: DataFrame) -> DataFrame:
        """Replace the column ``terms`` by ``features``, and ``selected`` if there is a slicer."""
        stages: list[Any] = [
            self.vectorizer,
            *([self.idf_model] if self.idf_model else []),
            Normalizer(inputCol="weighted" if self.idf_model else "counts", outputCol=FEATURES),
            *([self.slicer] if self.slicer else []),
        ]
        vectors = PipelineModel(stages).transform(books)
        return vectors.drop(TERMS, "counts", "weighted")


def fit_features(train: DataFrame, vocabulary: int, *, select: bool, idf: bool) -> TermFeatures:
    """Fit features to training rows with ``genre`` and ``terms``.

    Args:
        vocabulary: the number of the most frequent terms to count.
        select: whether to add ``selected``: the 500 terms of highest chi-squared with the genre.
        idf: whether rare terms weigh more.
    """
    indexer = StringIndexer(inputCol="genre", outputCol=LABEL, stringOrderType="alphabetAsc")
    vectorizer = CountVectorizer(inputCol=TERMS, outputCol="counts", vocabSize=vocabulary)
    vectorizer_model = vectorizer.fit(train)
    counted = vectorizer_model.transform(train)
    idf_model = IDF(inputCol="counts", outputCol="weighted").fit(counted) if idf else None
    plain = TermFeatures(indexer.fit(train), vectorizer_model, idf_model, slicer=None)
    if not select:
        return plain
    # The chi-squared test is for categories: whether a term is present, not how often.
    present = Binarizer(threshold=0.0, inputCol="counts", outputCol="present")
    selector = UnivariateFeatureSelector(
        featuresCol="present", labelCol=LABEL, outputCol="chosen", selectionMode="numTopFeatures"
    )
    selector.setFeatureType("categorical").setLabelType("categorical")
    selector.setSelectionThreshold(min(_SELECTED_TERMS, len(plain.vocabulary)))
    selection = selector.fit(present.transform(plain.indexer.transform(counted)))
    indices = sorted(selection.selectedFeatures)
    slicer = VectorSlicer(inputCol=FEATURES, outputCol=SELECTED, indices=indices)
    return TermFeatures(plain.indexer, vectorizer_model, idf_model, slicer)
