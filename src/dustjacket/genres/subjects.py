"""Training and evaluation of the model that assigns several subjects to a book."""

import logging
from collections.abc import Sequence

import numpy as np
from pyspark import Broadcast
from scipy.optimize import minimize
from scipy.sparse import csc_array, csr_array, csr_matrix, hstack
from sklearn.svm import LinearSVC

from dustjacket.errors import BadInputError
from dustjacket.genres.hashed_ngrams import TfidfWeights
from dustjacket.genres.linear import SharedData
from dustjacket.genres.subject_labels import (
    BY_ITSELF,
    SubjectNames,
    frequent_subjects,
    learnt,
)
from dustjacket.genres.subject_model import SubjectModel, sigmoid
from dustjacket.genres.training_data import TestData, TrainingData
from dustjacket.metrics.multilabel import Measured, multilabel_metrics

log = logging.getLogger(__name__)

MAX_SUBJECTS = 500
_COST = 1.0
_MIN_WEIGHT = 0.01
"""Weights below it are left out of a model: nearly all, and nearly without effect."""
_MIN_BOOKS_OF_A_THRESHOLD = 20
_SUBJECTS_PER_TASK = 16

Fitted = tuple[csc_array, np.ndarray]
"""(n-grams, subjects) weights, and (subjects,) biases."""


def fit_subjects(data: TrainingData, min_books: int, by: SubjectNames = BY_ITSELF) -> SubjectModel:
    """Return a model of the subjects of the training books: one against the rest, for each.

    Margins get one calibration for all subjects (Platt 1999). A subject's threshold has the best F1
    on out-of-fold predictions; subjects of fewer than 20 books share the best one of all pairs of
    book and subject (Yang, A Study of Thresholding Strategies, SIGIR 2001).

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
    margins = np.zeros(true.shape)
    for fold in np.unique(data.folds):
        held_out = np.flatnonzero(data.folds == fold)
        weights, (coefficients, bias) = _fit(data, true, np.flatnonzero(data.folds != fold))
        features = _features(data.shared.value, weights, held_out)
        margins[held_out] = (features @ coefficients).toarray() + bias
    slope, offset = _calibration(margins, true)
    weights, (coefficients, bias) = _fit(data, true, np.arange(true.shape[0]))
    rows = csr_array(coefficients)
    return SubjectModel(
        subjects, weights, rows.indptr.astype(np.int64), rows.indices.astype(np.int32),
        rows.data.astype(np.float32), bias,
        best_thresholds(sigmoid(slope * margins + offset), true), slope, offset,
    )  # fmt: skip


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


def _features(data: SharedData, weights: TfidfWeights, rows: np.ndarray) -> csr_matrix:
    return data.features(weights, data.counts.rows(rows), rows, "")


def _fit(data: TrainingData, true: csr_array, rows: np.ndarray) -> tuple[TfidfWeights, Fitted]:
    """Fit all subjects to the books ``rows``, in Spark tasks of some subjects each."""
    shared = data.shared.value
    counts = shared.counts.rows(rows).without_descriptions(shared.left_out[rows])
    weights = TfidfWeights.fit(counts, max(shared.min_books, 2), idf=shared.idf)
    features = shared.features(weights, counts, rows, "")
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
    return weights, (csc_array(hstack(coefficients)), np.concatenate(biases))


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
