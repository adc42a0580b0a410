"""Linear classifiers on hashed n-grams and sentence embeddings, each fitted in one Spark task.

Spark's own linear SVM takes minutes for one genre against thirty; liblinear takes seconds, on one
core. So each fit is a task of its own, and all tasks share one broadcast of the features.
"""

import resource
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from pyspark import Broadcast
from scipy.sparse import csr_matrix, hstack
from sklearn.naive_bayes import ComplementNB
from sklearn.svm import LinearSVC

from dustjacket.genres.hashed_linear import EnsembleMember, embedding_features
from dustjacket.genres.hashed_ngrams import NgramCounts, TfidfWeights
from dustjacket.genres.scores import UNSEEN, logarithms, softmax

Coefficients = tuple[np.ndarray, np.ndarray]
"""(classes, features) weights, and (classes,) biases."""
TrainingMatrix = tuple[np.ndarray, TfidfWeights, csr_matrix]
"""The indices of the training rows, the weights of their n-grams, and their features."""
LearnerName = Literal["complement_nb", "linear_svm"]

_BATCH_ROWS = 10_000


@dataclass(frozen=True, eq=False)
class SharedData:
    """The data of all training books, in their order, which all fits share.

    Attributes:
        counts: of their n-grams.
        labels: (books,) indices into the sorted genres.
        folds: (books,).
        genres: the number of genres.
        sentences: (books, dimensions) embeddings of unit length; None if there are none.
        min_books: leave out n-grams of fewer training books.
        idf: whether rare n-grams weigh more.
        left_out: (books,) whether a book is learnt without its description.
        name: unique, as the key of what workers cache.
    """

    counts: NgramCounts
    labels: np.ndarray
    folds: np.ndarray
    genres: int
    sentences: np.ndarray | None
    min_books: int
    idf: bool
    left_out: np.ndarray
    name: str = field(default_factory=lambda: secrets.token_hex(8))

    def features(
        self, weights: TfidfWeights, counts: NgramCounts, rows: np.ndarray, embedded: str
    ) -> csr_matrix:
        """Return (rows, columns + dimensions), as doubles: liblinear would copy anything else.

        Args:
            weights: fitted to training rows.
            counts: of the rows.
            rows: the indices of the books.
            embedded: the mode of ``embedding_features``; empty: no sentence embeddings.
        """
        starts, columns, values = weights.vectors(counts)
        shape = (len(rows), len(weights.buckets))
        ngrams = csr_matrix((values, columns, starts), shape)
        if not embedded or self.sentences is None:
            return ngrams.astype(np.float64)
        # Read by sign, a book still has no more non-zero entries than dimensions.
        max_entries = ngrams.nnz + self.sentences.shape[1] * len(rows)
        values, columns, ends = np.empty(max_entries), np.empty(max_entries, np.int32), [0]
        # In batches: embeddings are most of the memory, which stacking at once would double.
        for first in range(0, len(rows), _BATCH_ROWS):
            batch = rows[first : first + _BATCH_ROWS]
            dense = embedding_features(self.sentences[batch].astype(np.float32), embedded)
            part = hstack([ngrams[first : first + len(batch)], csr_matrix(dense)], format="csr")
            target = slice(ends[-1], ends[-1] + part.nnz)
            values[target], columns[target] = part.data, part.indices
            ends.extend(part.indptr[1:] + target.start)
        shape = (len(rows), part.shape[1])
        return csr_matrix((values[: ends[-1]], columns[: ends[-1]], ends), shape)


@dataclass(frozen=True)
class FitSpec:
    """What to fit: a learner with its hyperparameters, to all books but those of a fold.

    Attributes:
        embedded: the mode of ``embedding_features``; empty: no sentence embeddings.
        fold: the held-out fold; None: fit to all books.
        share: of the training rows; see :func:`training_rows`.
        sample_weight: (books,) above 0; None: 1 for each book.
        described: whether held-out books have their descriptions.
    """

    learner: LearnerName
    hyperparameters: Mapping[str, float]
    embedded: str
    fold: int | None
    seed: int
    share: float = 1.0
    sample_weight: np.ndarray | None = None
    described: bool = True


@dataclass(frozen=True)
class FitOutput:
    """The result of a fit: scores of the held-out books, or the classifier if none are held out.

    Attributes:
        scores: (held-out books, genres); a genre without training rows has :data:`UNSEEN`.
        memory_mib: the peak memory of the task's process so far.
    """

    scores: np.ndarray | None
    member: EnsembleMember | None
    seconds: float
    memory_mib: float


def run_fit(fit: FitSpec, broadcast: "Broadcast[SharedData]") -> FitOutput:
    """Do one fit; runs in a Spark task."""
    began = time.monotonic()
    data = broadcast.value
    rows, weights, features = _training_matrix(data, fit)
    labels = data.labels[rows]
    sample_weight = np.ones(len(rows)) if fit.sample_weight is None else fit.sample_weight[rows]
    if fit.hyperparameters.get("balanced"):
        sample_weight = sample_weight * balance(labels)
    learner = LEARNERS[fit.learner]
    weight, bias = learner.fit(features, labels, sample_weight, fit.hyperparameters, fit.seed)
    seen, margins = np.unique(labels), learner.margins
    scores = member = None
    if fit.fold is None:
        columns = len(weights.buckets)
        member = _member(weight, bias, seen, data.genres, columns, fit.embedded, margins=margins)
    else:
        held_out = np.flatnonzero(data.folds == fit.fold)
        counts = data.counts.rows(held_out)
        if not fit.described:
            counts = counts.without_descriptions(np.ones(len(held_out), bool))
        features = data.features(weights, counts, held_out, fit.embedded)
        seen_scores = features @ weight.T + bias
        scores = np.full((len(held_out), data.genres), UNSEEN, np.float32)
        scores[:, seen] = seen_scores if margins else logarithms(softmax(seen_scores))
    return FitOutput(
        scores,
        member,
        time.monotonic() - began,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def balance(labels: np.ndarray) -> np.ndarray:
    """Return (books,) weights with which all classes weigh the same, and the mean is 1."""
    return np.asarray(len(labels) / np.bincount(labels)[labels] / len(np.unique(labels)))


_latest: dict[tuple[Any, ...], TrainingMatrix] = {}
"""One entry: a grid's hyperparameters are tried one after another on the same rows."""


def training_rows(
    labels: np.ndarray, folds: np.ndarray, fold: int | None, share: float, seed: int
) -> np.ndarray:
    """Return the indices of the training books, ascending.

    A share below 1 takes the first books of a random order, and at least one of each genre: fewer
    genres would be an easier task, and a learning curve would show that instead.

    Args:
        labels: (books,).
        folds: (books,).
        fold: the held-out fold; None: all books are training books.
        share: of the training rows.
        seed: of the order.
    """
    rows = np.arange(len(folds)) if fold is None else np.flatnonzero(folds != fold)
    if share >= 1:
        return rows
    order = np.random.default_rng(seed).permutation(rows)
    one_of_each = order[np.unique(labels[order], return_index=True)[1]]
    return np.union1d(one_of_each, order[: round(share * len(order))])


def _training_matrix(data: SharedData, fit: FitSpec) -> TrainingMatrix:
    key = (data.name, fit.fold, fit.share, fit.seed, fit.embedded)
    if key not in _latest:
        _latest.clear()  # before the next is made: each is large
        rows = training_rows(data.labels, data.folds, fit.fold, fit.share, fit.seed)
        counts = data.counts.rows(rows).without_descriptions(data.left_out[rows])
        weights = TfidfWeights.fit(counts, data.min_books, idf=data.idf)
        _latest[key] = rows, weights, data.features(weights, counts, rows, fit.embedded)
    return _latest[key]


def _linear_svm(
    x: csr_matrix,
    labels: np.ndarray,
    sample_weight: np.ndarray,
    hyperparameters: Mapping[str, float],
    seed: int,
) -> Coefficients:
    """Fit one genre against the rest, by liblinear's dual coordinate descent (Fan et al. 2008)."""
    svm = LinearSVC(C=hyperparameters["C"], random_state=seed, tol=1e-2, max_iter=200, dual=True)
    svm.fit(x, labels, sample_weight=sample_weight)
    weight, bias = svm.coef_, svm.intercept_
    if len(bias) == 1:  # of two genres, scikit-learn keeps the second one's alone
        weight, bias = np.vstack([-weight, weight]), np.concatenate([-bias, bias])
    return weight, bias


def _complement_nb(
    x: csr_matrix,
    labels: np.ndarray,
    sample_weight: np.ndarray,
    hyperparameters: Mapping[str, float],
    seed: int,  # noqa: ARG001  # every learner takes one; this one is deterministic
) -> Coefficients:
    """Fit complement naive Bayes (Rennie et al. 2003)."""
    bayes = ComplementNB(alpha=hyperparameters["alpha"])
    bayes.fit(x, labels, sample_weight=sample_weight)
    return bayes.feature_log_prob_, np.zeros(len(bayes.classes_))


@dataclass(frozen=True)
class Learner:
    """How a classifier is fitted.

    Attributes:
        fit: fits features, labels, weights of samples, hyperparameters and a seed.
        margins: whether scores are margins; otherwise they are logarithms of odds.
    """

    fit: Callable[..., Coefficients]
    margins: bool


LEARNERS: Mapping[LearnerName, Learner] = {
    "complement_nb": Learner(_complement_nb, margins=False),
    "linear_svm": Learner(_linear_svm, margins=True),
}


def _member(
    weight: np.ndarray,
    bias: np.ndarray,
    seen: np.ndarray,
    genres: int,
    columns: int,
    embedded: str,
    *,
    margins: bool,
) -> EnsembleMember:
    """Return a fitted model over all genres; those not in ``seen`` have :data:`UNSEEN`."""
    weights = np.zeros((weight.shape[1], genres), np.float32)
    weights[:, seen] = weight.T
    biases = np.full(genres, UNSEEN, np.float32)
    biases[seen] = bias
    return EnsembleMember(weights[:columns], weights[columns:], biases, embedded, margins)
