"""Training and evaluation of the model that assigns several subjects to a book."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from pyspark import Broadcast
from scipy.optimize import minimize
from scipy.sparse import csc_array, csr_array, csr_matrix, hstack
from sklearn.svm import LinearSVC

from dustjacket.errors import BadInputError
from dustjacket.genres.hashed_ngrams import NgramCounts, TfidfWeights, concatenate
from dustjacket.genres.sentences import Encoder
from dustjacket.genres.subject_labels import (
    BY_ITSELF,
    SubjectNames,
    frequent_subjects,
    learnt,
)
from dustjacket.genres.subject_model import (
    SubjectModel,
    SubjectTexts,
    author_weights,
    sigmoid,
)
from dustjacket.genres.training_data import TestData, TrainingData
from dustjacket.metrics.multilabel import Measured, multilabel_metrics

log = logging.getLogger(__name__)

MAX_SUBJECTS = 500
_COST = 1.0
_MIN_WEIGHT = 0.01
"""Weights below it are left out of a model: nearly all, and nearly without effect."""
_MIN_BOOKS_OF_A_THRESHOLD = 20
_SUBJECTS_PER_TASK = 16

_BOOKS_PER_TASK = 2_000
_READ = ("title", "author", "description")

Fitted = tuple[csc_array, np.ndarray]
"""(n-grams, subjects) weights, and (subjects,) biases."""


def fit_subjects(
    data: TrainingData,
    min_books: int,
    by: SubjectNames = BY_ITSELF,
    encoder: Encoder | None = None,
) -> SubjectModel:
    """Return a model of the subjects of the training books: one against the rest, for each.

    Margins get one calibration for all subjects (Platt 1999). A subject's threshold has the best F1
    on out-of-fold predictions; subjects of fewer than 20 books share the best one of all pairs of
    book and subject (Yang, A Study of Thresholding Strategies, SIGIR 2001).

    Args:
        min_books: the least number of books of a subject.
        by: names subjects, and their parents.
        encoder: embeds title and description; None: n-grams alone.

    Raises:
        BadInputError: fewer than two subjects have ``min_books`` books.
    """
    names = [by.of(each) for each in data.books["subjects"]]
    first = ~data.books["group"].duplicated()
    subjects = frequent_subjects(
        [names[row] for row in np.flatnonzero(first)], min_books, MAX_SUBJECTS, by.parent
    )
    true = label_matrix(names, subjects, by)
    log.info("%d subjects of %d books", len(subjects), true.shape[0])
    texts = _read(data, encoder)
    margins = np.zeros(true.shape)
    for fold in np.unique(data.folds):
        held_out = np.flatnonzero(data.folds == fold)
        model = _fit(data, texts, subjects, true, np.flatnonzero(data.folds != fold), encoder)
        margins[held_out] = model.margins(_rows(texts, held_out))
    slope, offset = _calibration(margins, true)
    model = _fit(data, texts, subjects, true, np.arange(true.shape[0]), encoder)
    thresholds = best_thresholds(sigmoid(slope * margins + offset), true)
    return replace(model, thresholds=thresholds, slope=slope, offset=offset)


def label_matrix(
    names: Sequence[Sequence[str]], subjects: Sequence[str], by: SubjectNames = BY_ITSELF
) -> csr_array:
    """Return (books, subjects) 1 where a book has a subject."""
    index = {subject: column for column, subject in enumerate(subjects)}
    columns = [learnt(each, index, by.parent) for each in names]
    starts = np.cumsum([0, *map(len, columns)])
    flat = np.concatenate([np.empty(0, int), *columns]).astype(int)
    return csr_array((np.ones(len(flat), int), flat, starts), (len(names), len(subjects)))


def evaluate_subjects(
    model: SubjectModel,
    test_data: TestData,
    *,
    described: bool,
    seed: int,
    by: SubjectNames = BY_ITSELF,
) -> dict[str, Measured]:
    """Return the metrics of :func:`multilabel_metrics` on test books that have a known subject.

    Raises:
        BadInputError: no test book has one.
    """
    books = test_data.books
    true = label_matrix([by.of(each) for each in books["subjects"]], model.subjects, by)
    rows = np.flatnonzero(np.diff(true.indptr))
    if not len(rows):
        raise BadInputError("labels=many: no test book has a subject: give a larger listing")
    texts = [books[name].iloc[rows].tolist() for name in ("title", "author", "description")]
    probabilities = model.probabilities(texts[0], texts[1], texts[2] if described else None)
    assigned = csr_array((probabilities >= model.thresholds).astype(int))
    groups = np.unique(books["group"].iloc[rows], return_inverse=True)[1]
    return multilabel_metrics(true[rows], assigned, probabilities, groups=groups, seed=seed)


def best_thresholds(probabilities: np.ndarray, true: csr_array) -> np.ndarray:
    """Return (subjects,) the probabilities from which F1 is best on unseen books."""
    table = true.toarray().astype(bool)
    thresholds = np.full(table.shape[1], _best_threshold(probabilities.ravel(), table.ravel()))
    for column in np.flatnonzero(table.sum(axis=0) >= _MIN_BOOKS_OF_A_THRESHOLD):
        thresholds[column] = _best_threshold(probabilities[:, column], table[:, column])
    return thresholds


def _best_threshold(probabilities: np.ndarray, true: np.ndarray) -> float:
    order = np.argsort(-probabilities, kind="stable")
    hits = np.cumsum(true[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + true.sum())
    return float(probabilities[order[int(f1.argmax())]])


def _calibration(margins: np.ndarray, true: csr_array) -> tuple[float, float]:
    """Return the slope and the offset with the lowest log loss over all pairs."""
    flat, signs = margins.ravel(), 2.0 * true.toarray().ravel() - 1

    def loss(parameters: np.ndarray) -> float:
        slope, offset = np.exp(parameters[0]), parameters[1]
        return float(np.logaddexp(0, -signs * (slope * flat + offset)).mean())

    slope, offset = minimize(loss, [0.0, 0.0], method="L-BFGS-B", bounds=[(-4, 4), (-20, 20)]).x
    return float(np.exp(slope)), float(offset)


def _read(data: TrainingData, encoder: Encoder | None) -> SubjectTexts:
    """Read all books, in Spark tasks."""
    books, described = data.books, data.parameters.use_descriptions
    starts = range(0, len(books), _BOOKS_PER_TASK)
    parts = [
        tuple(
            [None if missing else text for text, missing in zip(part, part.isna(), strict=True)]
            for part in (books[name][at : at + _BOOKS_PER_TASK] for name in _READ)
        )
        for at in starts
    ]

    def read(part: tuple[list[Any], ...]) -> SubjectTexts:
        titles, authors, descriptions = part
        return SubjectTexts.of(titles, authors, descriptions if described else None, encoder)

    found = data.spark.sparkContext.parallelize(parts, len(parts)).map(read).collect()
    return SubjectTexts(
        concatenate([each.ngrams for each in found]),
        concatenate([each.authors for each in found]),
        np.concatenate([each.sentences for each in found]) if encoder else None,
    )


def _rows(texts: SubjectTexts, rows: np.ndarray) -> SubjectTexts:
    sentences = None if texts.sentences is None else texts.sentences[rows]
    return SubjectTexts(texts.ngrams.rows(rows), texts.authors.rows(rows), sentences)


def _fit(
    data: TrainingData,
    texts: SubjectTexts,
    subjects: list[str],
    true: csr_array,
    rows: np.ndarray,
    encoder: Encoder | None,
) -> SubjectModel:
    """Fit all subjects to the books ``rows``, in Spark tasks of some subjects each.

    The model is neither calibrated, nor has it thresholds.
    """
    part = _rows(texts, rows)
    weights = TfidfWeights.fit(part.ngrams, max(data.min_books, 2), idf=data.parameters.idf)
    of_authors = author_weights(part.authors)
    blocks = [_matrix(weights, part.ngrams), _matrix(of_authors, part.authors)]
    if part.sentences is not None:
        blocks.append(csr_matrix(part.sentences))
    features = hstack(blocks, format="csr").astype(np.float64)
    context, seed = data.spark.sparkContext, data.parameters.seed
    labels = csc_array(true[rows])
    starts = range(0, labels.shape[1], _SUBJECTS_PER_TASK)
    parts = [labels[:, start : start + _SUBJECTS_PER_TASK] for start in starts]
    broadcast: Broadcast[csr_matrix] = context.broadcast(features)
    try:
        fitted = (
            context.parallelize(parts, len(parts))
            .map(lambda part: fit_one_against_rest(broadcast.value, part, seed))
            .collect()
        )
    finally:
        broadcast.unpersist()
    coefficients, biases = zip(*fitted, strict=True)
    whole = csr_array(hstack(coefficients, format="csr"))
    ngrams = blocks[0].shape[1] + blocks[1].shape[1]
    sparse = whole[:ngrams]
    return SubjectModel(
        subjects, weights, of_authors, sparse.indptr.astype(np.int64),
        sparse.indices.astype(np.int32), sparse.data.astype(np.float32),
        whole[ngrams:].toarray().astype(np.float32), np.concatenate(biases),
        np.ones(len(subjects)), encoder, 1.0, 0.0,
    )  # fmt: skip


def _matrix(weights: TfidfWeights, counts: NgramCounts) -> csr_matrix:
    starts, columns, values = weights.vectors(counts)
    return csr_matrix((values, columns, starts), (len(counts), len(weights.buckets)))


def fit_one_against_rest(features: csr_matrix, labels: csc_array, seed: int) -> Fitted:
    """Fit a linear SVM for each subject: (books, n-grams) features, (books, subjects) labels."""
    columns, biases = [], []
    for column in range(labels.shape[1]):
        holds = labels[:, [column]].toarray().ravel()
        if holds.min() == holds.max():  # of no book of this part, or of all
            columns.append(csc_array((features.shape[1], 1)))
            biases.append(1.0 if holds.max() else -1.0)
            continue
        svm = LinearSVC(C=_COST, random_state=seed, tol=1e-2, max_iter=200)
        svm.fit(features, holds)
        weight = np.where(np.abs(svm.coef_[0]) < _MIN_WEIGHT, 0, svm.coef_[0])
        columns.append(csc_array(weight[:, None]))
        biases.append(float(svm.intercept_[0]))
    return csc_array(hstack(columns)), np.array(biases)
