"""How sure a label metric is: bootstrap intervals over the books it was measured on.

To draw n books with replacement is to draw how many are of each combination of labels: one
multinomial draw. A resample so costs as much as there are combinations, not books.
"""

from collections.abc import Iterator, Sequence

import numpy as np

_CELLS = 4_000_000  # of a table of draws held at once: 32 MB


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
    parts = [_scores(draws, is_true, is_predicted) for draws in _draws(counts, resamples, seed)]
    return {
        metric: _interval(np.concatenate([part[metric] for part in parts])) for metric in parts[0]
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

    found = np.concatenate([gain(draws) for draws in _draws(counts, resamples, seed)])
    return (float(gain(counts[None])[0]), *_interval(found))


def _combinations(*labels: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return how many books have each combination (combinations,), and its genres as 0 and 1.

    The latter is (labels, combinations, genres).
    """
    if not len(labels[0]):
        raise ValueError("no book to measure on")
    genres, codes = np.unique(np.array(labels), return_inverse=True)
    combinations, counts = np.unique(codes.reshape(len(labels), -1), axis=1, return_counts=True)
    return counts, np.eye(len(genres))[combinations]


def _draws(counts: np.ndarray, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Yield (some resamples, combinations) how often each combination was drawn."""
    rng = np.random.default_rng(seed)
    at_once = max(1, _CELLS // len(counts))
    for start in range(0, resamples, at_once):
        size = min(at_once, resamples - start)
        yield rng.multinomial(counts.sum(), counts / counts.sum(), size=size)


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


def _interval(values: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
