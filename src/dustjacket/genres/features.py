"""Books as vectors: counts of terms by their inverse document frequency, fitted on training rows."""

from dataclasses import dataclass

import pandas as pd
from pyspark.ml import PipelineModel
from pyspark.sql import DataFrame
from pyspark.sql.functions import pandas_udf
from pyspark.sql.types import ArrayType, StringType

from dustjacket.genres.terms import book_terms

TERMS, LABEL = "terms", "label"
FEATURES, SELECTED = "features", "selected"
_SELECTED_TERMS = 500


@dataclass(frozen=True)
class Features:
    """What was learnt of training rows, to turn any rows into vectors.

    Attributes:
        indexer: from genre to label, for training rows only: others' genres may be unknown.
        vectors: from terms to the column ``features`` and, where asked for, ``selected``.
    """

    indexer: PipelineModel
    vectors: PipelineModel
    genres: list[str]
    vocabulary: list[str]
    idf: list[float]
    selected: list[int]


@pandas_udf(ArrayType(StringType()))
def _terms(titles: pd.Series, authors: pd.Series) -> pd.Series:
    return pd.Series([book_terms(*book) for book in zip(titles, authors, strict=True)])


def with_terms(books: DataFrame) -> DataFrame:
    """Add the column ``terms`` to books with ``title`` and ``author``."""
    return books.withColumn(TERMS, _terms("title", "author"))
