"""Out-of-fold probabilities of the books that a classifier was trained on.

The classifier is more often right, and more certain, about these books than about any others.
Whatever learns from its predictions must therefore see those of models that were trained without
the book (stacked generalization: Wolpert 1992).
"""

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as fn

from dustjacket.genres.calibration import fit_calibration, out_of_fold
from dustjacket.genres.candidates import SparkCandidate
from dustjacket.genres.fits import Fits
from dustjacket.genres.fold_scores import merge_folds
from dustjacket.genres.scores import Calibration, logarithms, softmax
from dustjacket.genres.selection import CandidateResult
from dustjacket.splits import book_group
from dustjacket.storage.draft import Draft
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

PROBABILITIES = "out_of_fold"
"""The folder of the table in a classifier's version, and its column in rows of covers."""
_GROUP = "book_group"
_TABLE = f"{_GROUP} string, {PROBABILITIES} array<float>"


def probabilities_by_title(fits: Fits, selected: CandidateResult) -> tuple[np.ndarray, Calibration]:
    """Return (books, genres) calibrated out-of-fold probabilities, from titles and authors alone.

    Covers have no description: a classifier that was trained with descriptions is scored again
    without those of the held-out books, and calibrated by itself, on all books.
    """
    data = fits.training_data
    if isinstance(selected.candidate, SparkCandidate) or not data.described.any():
        return selected.probabilities, selected.calibration
    parts = [
        fits.score_result(selected, fold, described=False) for fold in range(data.parameters.folds)
    ]
    scores = merge_folds(parts, len(data.books), len(data.genres))
    shift = selected.calibration.shift
    probabilities = out_of_fold(scores, data.labels, data.folds)
    if len(shift):
        probabilities = softmax(logarithms(probabilities) + np.asarray(shift))
    return probabilities, replace(fit_calibration(scores, data.labels), shift=shift)


def write(draft: Draft, books: pd.DataFrame, probabilities: np.ndarray) -> None:
    """Add the table to a version of the classifier: the mean of the books with one name.

    So a cover finds the book that it is of in each of its editions.

    Args:
        books: with ``title`` and ``author``; their name is :func:`dustjacket.splits.book_group`.
        probabilities: (books, genres).
    """
    named = map(book_group, books["title"], books["author"])
    codes, names = pd.factorize(np.array(list(named), object))
    sums = np.zeros((len(names), probabilities.shape[1]))
    np.add.at(sums, codes, probabilities)
    flat = pa.array((sums / np.bincount(codes)[:, None]).astype(np.float32).ravel())
    lists = pa.ListArray.from_arrays(
        np.arange(len(names) + 1, dtype=np.int32) * probabilities.shape[1], flat
    )
    body = io.BytesIO()
    pq.write_table(pa.table({_GROUP: list(names), PROBABILITIES: lists}), body)
    draft.put(f"{PROBABILITIES}/part-00000.parquet", body.getvalue())


def with_probabilities(
    spark: SparkSession, store: Store, classifier: Manifest, books: DataFrame
) -> DataFrame:
    """Return ``books`` with the column :data:`PROBABILITIES`, null for books of other origin.

    It is null for all of them if the classifier was published before it had the table.

    Args:
        books: with ``title`` and ``author``.
    """
    files = store.verified_uris(classifier, f"{PROBABILITIES}/")
    if not files:
        return books.withColumn(PROBABILITIES, fn.lit(None).cast("array<float>"))
    known = spark.read.schema(_TABLE).parquet(*files)
    group = fn.udf(lambda book: book_group(*book), "string")
    rows = books.withColumn(_GROUP, group(fn.struct("title", "author")))
    return rows.join(known, _GROUP, "left").drop(_GROUP)
