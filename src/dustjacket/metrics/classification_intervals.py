"""Intervals of label metrics: Wilson's of the accuracy, a bootstrap of F1, by groups of books.

Books with the same true and predicted genre are one kind for :mod:`dustjacket.metrics.bootstrap`.
"""

from collections.abc import Sequence

import numpy as np

from dustjacket.metrics import bootstrap
from dustjacket.metrics.bootstrap import Interval
from dustjacket.metrics.paired import paired_outcome
from dustjacket.metrics.shares import share_interval

_FEW = 10  # right, wrong or differing books of which a bootstrap's interval is too narrow


def intervals(
    true: Sequence[str],
    predicted: Sequence[str],
    *,
    groups: np.ndarray | None = None,
    resamples: int = 1000,
    seed: int = 13,
) -> dict[str, Interval]:
    """Return the 95 % interval of each metric of ``label_metrics``.

    Where few books are right, or few are wrong, a bootstrap of F1 is too narrow, and without any it
    has no width. Its interval is then widened to that of the accuracy.

    Args:
        true: n genres.
        predicted: n genres.
        groups: (n,) the code of each book's group; None: each its own.

    Raises:
        ValueError: there are no books, or the lengths differ.
    """
    kinds, (is_true, is_predicted) = _combinations(true, predicted)
    hits = np.array(true) == np.array(predicted)
    accuracy = share_interval(hits, groups)
    by_metric = bootstrap.intervals(
        kinds,
        lambda drawn: _label_metrics(drawn, is_true, is_predicted),
        groups=groups,
        resamples=resamples,
        seed=seed,
    )
    if min(hits.sum(), (~hits).sum()) < _FEW:
        by_metric = {metric: _hull(ends, accuracy) for metric, ends in by_metric.items()}
    return {**by_metric, "accuracy": accuracy}


def difference(
    true: Sequence[str],
    ours: Sequence[str],
    theirs: Sequence[str],
    metric: str,
    *,
    groups: np.ndarray | None = None,
    resamples: int = 1000,
    seed: int = 13,
) -> tuple[float, float, float]:
    """Return ``metric`` of ``ours`` minus that of ``theirs``, and the ends of its 95 % interval.

    The accuracy has the interval of :mod:`dustjacket.metrics.paired`. F1 has a paired bootstrap:
    each resample scores both predictions on the same books, so books that are easy or hard for both
    do not widen it (Efron and Tibshirani 1993). Where few books differ it is too narrow, and is
    widened to the interval of the accuracy.

    Args:
        true: n genres.
        ours: n genres.
        theirs: n genres.
        metric: accuracy, f1_weighted or f1_macro.
        groups: (n,) the code of each book's group; None: each its own.

    Raises:
        ValueError: there are no books, or the lengths differ.
        KeyError: there is no such metric.
    """
    kinds, (is_true, is_ours, is_theirs) = _combinations(true, ours, theirs)

    def gain(drawn: np.ndarray) -> dict[str, np.ndarray]:
        our_value, their_value = (
            _label_metrics(drawn, is_true, is_predicted)[metric]
            for is_predicted in (is_ours, is_theirs)
        )
        return {metric: np.asarray(our_value - their_value)}

    found = float(gain(np.bincount(kinds)[None])[metric][0])
    truth = np.array(true)
    hits = paired_outcome(np.array(ours) == truth, np.array(theirs) == truth, groups)
    if metric == "accuracy":
        return found, *hits.interval()
    ends = bootstrap.intervals(kinds, gain, groups=groups, resamples=resamples, seed=seed)[metric]
    if hits.better + hits.worse < _FEW:
        ends = _hull(ends, hits.interval())
    return found, *ends


def _hull(one: Interval, other: Interval) -> Interval:
    return min(one[0], other[0]), max(one[1], other[1])


def _combinations(*labels: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return (n,) the code of each book's combination of labels, and their genres as one-hot rows.

    The latter is (labels, combinations, genres).
    """
    if not len(labels[0]):
        raise ValueError("no book to measure on")
    genres, codes = np.unique(np.array(labels), return_inverse=True)
    combinations, kinds = np.unique(codes.reshape(len(labels), -1), axis=1, return_inverse=True)
    return kinds.reshape(-1), np.eye(len(genres))[combinations]


def _label_metrics(
    drawn: np.ndarray, is_true: np.ndarray, is_predicted: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the metrics of each resample, defined as in ``label_metrics``.

    The macro average is over the genres that occur in the resample, true or predicted. F1 is
    2 * true positives / (true books + predicted books), which is the harmonic mean.

    Args:
        drawn: (resamples, combinations) counts.
        is_true: (combinations, genres) 0 or 1.
        is_predicted: (combinations, genres) 0 or 1.
    """
    true_positives = drawn @ (is_true * is_predicted)
    true = drawn @ is_true
    occurrences = true + drawn @ is_predicted
    f1 = 2 * true_positives / np.maximum(occurrences, 1)
    books = true.sum(axis=1)
    return {
        "accuracy": true_positives.sum(axis=1) / books,
        "f1_weighted": (f1 * true).sum(axis=1) / books,
        "f1_macro": f1.sum(axis=1) / (occurrences > 0).sum(axis=1),
    }
