"""How good predicted genres are. Genres are told by name: some may have had no training row."""

from collections.abc import Sequence

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, roc_auc_score

_BINS = 15
_LEAST = 1e-15


def likeliest(scores: np.ndarray, genres: Sequence[str]) -> list[str]:
    """Return the genre of highest score of each row of (rows, genres)."""
    return [genres[label] for label in scores.argmax(axis=1)]


def label_metrics(
    true: Sequence[str] | np.ndarray, predicted: Sequence[str] | np.ndarray
) -> dict[str, float]:
    """Return accuracy, f1_weighted and f1_macro."""
    # Numbers are compared, time and again, in a tenth of the time of names.
    numbers = np.unique(np.concatenate([true, predicted]), return_inverse=True)[1]
    of_true, found = np.split(numbers, 2)
    f1 = {
        f"f1_{average}": float(f1_score(of_true, found, average=average, zero_division=0))
        for average in ("weighted", "macro")
    }
    return {"accuracy": float(accuracy_score(of_true, found)), **f1}


def probability_metrics(
    true: Sequence[str], probabilities: np.ndarray, genres: Sequence[str]
) -> dict[str, float]:
    """Return all metrics of predicted probabilities.

    A true genre that is not among ``genres`` counts as predicted with probability 0.

    Args:
        true: n genres.
        probabilities: (n, genres).
        genres: the classifier's, in the order of its probabilities.

    Returns:
        accuracy, f1_weighted, f1_macro, top3_accuracy, log_loss (natural logarithm), ece (over 15
        bins of equal width; Guo et al. 2017), and roc_auc_ovr_macro where some genre has both
        books that are of it and books that are not.
    """
    place = {genre: at for at, genre in enumerate(genres)}
    at = np.array([place.get(genre, -1) for genre in true])
    known = at >= 0
    best = probabilities.argmax(axis=1)
    top3 = np.argsort(-probabilities, axis=1, kind="stable")[:, :3]
    of_true = np.where(known, probabilities[np.arange(len(at)), at], 0.0)
    found = label_metrics(true, [genres[index] for index in best]) | {
        "top3_accuracy": float((top3 == at[:, None]).any(axis=1).mean()),
        "log_loss": float(-np.log(np.maximum(of_true, _LEAST)).mean()),
        "ece": calibration_error(probabilities.max(axis=1), best == at),
    }
    areas = [
        roc_auc_score(at == index, probabilities[:, index])
        for index in np.unique(at[known])
        if not (at == index).all()
    ]
    return found | ({"roc_auc_ovr_macro": float(np.mean(areas))} if areas else {})


def calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Return the expected calibration error over 15 bins of equal width (Guo et al. 2017).

    Args:
        confidence: (n,) the probability of what was taken for true.
        right: (n,) whether it is.
    """
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gaps = [
        abs(confidence[bins == bin_].mean() - right[bins == bin_].mean()) * (bins == bin_).mean()
        for bin_ in np.unique(bins)
    ]
    return float(np.sum(gaps))


def confusion(true: Sequence[str], predicted: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """Return the genres that occur, and how many books of each (rows) were taken for each."""
    genres = sorted({*true, *predicted})
    return genres, confusion_matrix(true, predicted, labels=genres)


def f1_by_genre(true: Sequence[str], predicted: Sequence[str]) -> dict[str, float]:
    """Return F1 of each genre that occurs among ``true``."""
    genres = sorted(set(true))
    values = f1_score(true, predicted, labels=genres, average=None, zero_division=0)
    return dict(zip(genres, map(float, values), strict=True))
