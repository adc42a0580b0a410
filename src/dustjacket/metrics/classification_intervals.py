"""How sure a label metric is: bootstrap intervals over the books it was measured on.

Books are drawn as how many are of each combination of labels.
"""

from collections.abc import Sequence

import numpy as np

from dustjacket.metrics.bootstrap import draws, percentiles


def intervals(
    true: Sequence[str], predicted: Sequence[str], *, resamples: int = 1000, seed: int = 13
) -> dict[str, tuple[float, float]]:
    """Return the 95 % percentile interval of each of ``label_metrics``.

    Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.

    Args:
        true: n genres.
        predicted: n genres.

    Raises:
        ValueError: there is no book, or not as many of one as of the other.
    """
    counts, (is_true, is_predicted) = _combinations(true, predicted)
    parts = [_scores(drawn, is_true, is_predicted) for drawn in draws(counts, resamples, seed)]
    return {
        metric: percentiles(np.concatenate([part[metric] for part in parts])) for metric in parts[0]
    }


def difference(
    true: Sequence[str],
    ours: Sequence[str],
    theirs: Sequence[str],
    metric: str,
    *,
    resamples: int = 1000,
    seed: int = 13,
) -> tuple[float, float, float]:
    """Return how much higher ``metric`` is of ``ours``, and the ends of its 95 % interval.

    The bootstrap is paired: both predictions are scored on the same resampled books, so that what
    makes books easy or hard for both is not taken for a difference (Efron and Tibshirani, 1993).

    Args:
        true: n genres.
        ours: n genres.
        theirs: n genres.
        metric: accuracy, f1_weighted or f1_macro.

    Raises:
        ValueError: there is no book, or not as many of one as of another.
        KeyError: there is no such metric.
    """
    counts, (is_true, is_ours, is_theirs) = _combinations(true, ours, theirs)

    def gain(books: np.ndarray) -> np.ndarray:
        one, other = (_scores(books, is_true, taken)[metric] for taken in (is_ours, is_theirs))
        return np.asarray(one - other)

    found = np.concatenate([gain(drawn) for drawn in draws(counts, resamples, seed)])
    return (float(gain(counts[None])[0]), *percentiles(found))


def _combinations(*labels: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return how many books have each combination (combinations,), and its genres as 0 and 1.

    The latter is (labels, combinations, genres).
    """
    if not len(labels[0]):
        raise ValueError("no book to measure on")
    genres, codes = np.unique(np.array(labels), return_inverse=True)
    combinations, counts = np.unique(codes.reshape(len(labels), -1), axis=1, return_counts=True)
    return counts, np.eye(len(genres))[combinations]


def _scores(
    books: np.ndarray, is_true: np.ndarray, is_predicted: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the label metrics of each resample, by the definitions of ``label_metrics``.

    The macro average is over the genres that occur in the resample, on either side.
    """
    right = books @ (is_true * is_predicted)
    of_genre = books @ is_true
    occurrences = of_genre + books @ is_predicted
    f1 = 2 * right / np.maximum(occurrences, 1)
    total = of_genre.sum(axis=1)
    return {
        "accuracy": right.sum(axis=1) / total,
        "f1_weighted": (f1 * of_genre).sum(axis=1) / total,
        "f1_macro": f1.sum(axis=1) / (occurrences > 0).sum(axis=1),
    }
