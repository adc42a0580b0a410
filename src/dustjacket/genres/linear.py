"""Linear classifiers on hashed pieces and sentence embeddings, fitted as Spark tasks.

Spark's own linear SVM takes minutes for one genre against thirty; liblinear takes seconds, on one
core. So each fit is a task of its own, and all tasks share one table of what is read of the books.
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

from dustjacket.genres.hashed_linear import EnsembleMember, as_read
from dustjacket.genres.hashed_ngrams import Counts, Weights
from dustjacket.genres.scores import UNSEEN, logarithms, softmax

Learnt = tuple[np.ndarray, np.ndarray]
"""(classes, features) and (classes,): what a book's features are weighed with, and a bias."""
Training = tuple[np.ndarray, Weights, csr_matrix]
"""The rows to learn of, the weights of their pieces, and their features."""
LearnerName = Literal["complement_nb", "linear_svm"]

_ROWS_AT_ONCE = 10_000


@dataclass(frozen=True, eq=False)
class Table:
    """What is read of all known books, in their order.

    Attributes:
        counts: their pieces.
        labels: (books,) the place of each one's genre among ``genres``.
        folds: (books,).
        genres: how many there are.
        sentences: (books, dimensions) embeddings of unit length, where they are at hand.
        least: pieces of fewer training books are left out.
        idf: whether rare pieces weigh more.
        name: of this table alone, for what workers keep of it.
    """

    counts: Counts
    labels: np.ndarray
    folds: np.ndarray
    genres: int
    sentences: np.ndarray | None
    least: int
    idf: bool
    name: str = field(default_factory=lambda: secrets.token_hex(8))

    def features(self, weights: Weights, rows: np.ndarray, embedded: str) -> csr_matrix:
        """Return (rows, columns + dimensions): doubles, else each fit makes a copy of doubles."""
        starts, columns, values = weights.vectors(self.counts.rows(rows))
        shape = (len(rows), len(weights.buckets))
        pieces = csr_matrix((values, columns, starts), shape)
        if not embedded or self.sentences is None:
            return pieces.astype(np.float64)
        # By sign too, a book has no more than these that are not 0.
        most = pieces.nnz + self.sentences.shape[1] * len(rows)
        values, columns, ends = np.empty(most), np.empty(most, np.int32), [0]
        # Some rows at a time, for all at once would be in memory twice, and they are most of it.
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            some = rows[first : first + _ROWS_AT_ONCE]
            dense = as_read(self.sentences[some].astype(np.float32), embedded)
            part = hstack([pieces[first : first + len(some)], csr_matrix(dense)], format="csr")
            to = slice(ends[-1], ends[-1] + part.nnz)
            values[to], columns[to] = part.data, part.indices
            ends.extend(part.indptr[1:] + to.start)
        shape = (len(rows), part.shape[1])
        return csr_matrix((values[: ends[-1]], columns[: ends[-1]], ends), shape)


@dataclass(frozen=True)
class Fit:
    """One fit: of a learner, at one point of its grid, to all books but those of a fold.

    Attributes:
        embedded: how sentence embeddings are read: not at all (empty), "plain" or "by_sign".
        fold: the held-out one; None learns of all books.
        share: of the training rows; see :func:`training_rows`.
        trust: (books,) weights of training rows, above 0.
    """

    learner: LearnerName
    point: Mapping[str, float]
    embedded: str
    fold: int | None
    seed: int
    share: float = 1.0
    trust: np.ndarray | None = None


@dataclass(frozen=True)
class Fitted:
    """What a fit gave: scores of the held-out books, or the classifier where none is held out.

    Attributes:
        scores: (held-out books, genres); a genre without training rows has :data:`UNSEEN`.
        memory_mib: the most that the task's process has held so far.
    """

    scores: np.ndarray | None
    member: EnsembleMember | None
    seconds: float
    memory_mib: float


def run_fit(fit: Fit, shared: "Broadcast[Table]") -> Fitted:
    """Do one fit; runs in a Spark task."""
    began = time.monotonic()
    table = shared.value
    rows, weights, features = _training(table, fit)
    labels = table.labels[rows]
    trust = np.ones(len(rows)) if fit.trust is None else fit.trust[rows]
    if fit.point.get("balanced"):
        trust = trust * (len(rows) / np.bincount(labels)[labels] / len(np.unique(labels)))
    learnt, bias = LEARNERS[fit.learner](features, labels, trust, fit.point, fit.seed)
    known, margins = np.unique(labels), fit.learner == "linear_svm"
    scores = member = None
    if fit.fold is None:
        columns = len(weights.buckets)
        member = _member(learnt, bias, known, table.genres, columns, fit.embedded, margins=margins)
    else:
        held_out = np.flatnonzero(table.folds == fit.fold)
        x = table.features(weights, held_out, fit.embedded)
        scores = np.full((len(held_out), table.genres), UNSEEN, np.float32)
        found = x @ learnt.T + bias
        scores[:, known] = found if margins else logarithms(softmax(found))
    return Fitted(
        scores,
        member,
        time.monotonic() - began,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


_latest: dict[tuple[Any, ...], Training] = {}
"""The points of a grid are tried one after another on the same rows."""


def training_rows(
    labels: np.ndarray, folds: np.ndarray, fold: int | None, share: float, seed: int
) -> np.ndarray:
    """Return the numbers of the books to learn of, ascending.

    A share below 1 of them is the first by a random order, and one of each genre: a genre that is
    missing would be one fewer to tell apart, and a learning curve would show that instead.

    Args:
        labels: (books,).
        folds: (books,).
        fold: the held-out one; None learns of all books.
        share: of the training rows.
        seed: of the order.
    """
    rows = np.arange(len(folds)) if fold is None else np.flatnonzero(folds != fold)
    if share >= 1:
        return rows
    order = np.random.default_rng(seed).permutation(rows)
    one_of_each = order[np.unique(labels[order], return_index=True)[1]]
    return np.union1d(one_of_each, order[: round(share * len(order))])


def _training(table: Table, fit: Fit) -> Training:
    key = (table.name, fit.fold, fit.share, fit.seed, fit.embedded)
    if key not in _latest:
        _latest.clear()  # before the next is made: each is large
        rows = training_rows(table.labels, table.folds, fit.fold, fit.share, fit.seed)
        weights = Weights.learn(table.counts.rows(rows), table.least, idf=table.idf)
        _latest[key] = rows, weights, table.features(weights, rows, fit.embedded)
    return _latest[key]


def _linear_svm(
    x: csr_matrix,
    labels: np.ndarray,
    trust: np.ndarray,
    point: Mapping[str, float],
    seed: int,
) -> Learnt:
    """Fit one genre against the rest, by liblinear's dual coordinate descent."""
    svm = LinearSVC(C=point["C"], random_state=seed, tol=1e-2, max_iter=200, dual=True)
    svm.fit(x, labels, sample_weight=trust)
    learnt, bias = svm.coef_, svm.intercept_
    if len(bias) == 1:  # of two genres, the second one's against the first
        learnt, bias = np.vstack([-learnt, learnt]), np.concatenate([-bias, bias])
    return learnt, bias


def _complement_nb(
    x: csr_matrix,
    labels: np.ndarray,
    trust: np.ndarray,
    point: Mapping[str, float],
    seed: int,  # noqa: ARG001  # as of all learners; this one draws nothing
) -> Learnt:
    """Fit complement naive Bayes (Rennie et al., 2003)."""
    bayes = ComplementNB(alpha=point["alpha"]).fit(x, labels, sample_weight=trust)
    return bayes.feature_log_prob_, np.zeros(len(bayes.classes_))


LEARNERS: Mapping[LearnerName, Callable[..., Learnt]] = {
    "complement_nb": _complement_nb,
    "linear_svm": _linear_svm,
}


def _member(
    learnt: np.ndarray,
    bias: np.ndarray,
    known: np.ndarray,
    genres: int,
    columns: int,
    embedded: str,
    *,
    margins: bool,
) -> EnsembleMember:
    weights = np.zeros((learnt.shape[1], genres), np.float32)
    weights[:, known] = learnt.T
    every = np.full(genres, UNSEEN, np.float32)
    every[known] = bias
    return EnsembleMember(weights[:columns], weights[columns:], every, embedded, margins)
