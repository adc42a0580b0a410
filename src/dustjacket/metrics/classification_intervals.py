"""Bootstrap intervals of label metrics, by resampling books.

Books with the same true and predicted genre are one kind for :mod:`dustjacket.metrics.bootstrap`.
"""

from collections.abc import Sequence

import numpy as np

from dustjacket.metrics import bootstrap
from dustjacket.metrics.bootstrap import Interval


def intervals(
    true: Sequence[str], predicted: Sequence[str], *, resamples: int = 1000, seed: int = 13
) -> dict[str, Interval]:
    """Return the 95 % percentile interval of each metric of ``label_metrics``.

    Args:
        true: n genres.
        predicted: n genres.

    Raises:
        ValueError: there are no books, or the lengths differ.
    """
    counts, (is_true, is_predicted) = _combinations(true, predicted)
    return bootstrap.intervals(
        counts,
        lambda drawn: _label_metrics(drawn, is_true, is_predicted),
        resamples=resamples,
        seed=seed,
    )


def difference(
    true: Sequence[str],
    ours: Sequence[str],
    theirs: Sequence[str],
    metric: str,
    *,
    resamples: int = 1000,
    seed: int = 13,
) -> tuple[float, float, float]:
    """Return ``metric`` of ``ours`` minus that of ``theirs``, and the ends of its 95 % interval.

    The bootstrap is paired: each resample scores both predictions on the same books, so books that
    are easy or hard for both do not widen the interval (Efron and Tibshirani 1993).

    Args:
        true: n genres.
        ours: n genres.
        theirs: n genres.
        metric: accuracy, f1_weighted or f1_macro.

    Raises:
        ValueError: there are no books, or the lengths differ.
        KeyError: there is no such metric.
    """
    counts, (is_true, is_ours, is_theirs) = _combinations(true, ours, theirs)

    def gain(drawn: np.ndarray) -> dict[str, np.ndarray]:
        our_value, their_value = (
            _label_metrics(drawn, is_true, is_predicted)[metric]
            for is_predicted in (is_ours, is_theirs)
        )
        return {metric: np.asarray(our_value - their_value)}

    low, high = bootstrap.intervals(counts, gain, resamples=resamples, seed=seed)[metric]
    return float(gain(counts[None])[metric][0]), low, high


def _combinations(*labels: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of books of each combination of labels, and its genres as one-hot rows.

    The former is (combinations,), the latter (labels, combinations, genres).
    """
    if not len(labels[0]):
        raise ValueError("no book to measure on")
    genres, codes = np.unique(np.array(labels), return_inverse=True)
    combinations, counts = np.unique(codes.reshape(len(labels), -1), axis=1, return_counts=True)
    return counts, np.eye(len(genres))[combinations]


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
