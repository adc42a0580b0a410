"""Choice of the probability from which a classifier is sure, with a guarantee on its errors."""

import numpy as np
import pandas as pd
from scipy.stats import binom

from dustjacket.genres.answers import NEVER
from dustjacket.metrics.shares import share_interval

_THRESHOLDS = np.round(np.arange(0.99, -0.001, -0.01), 2)
_STARTS = (0.95, 0.85, 0.7, 0.5)
_COVERAGES = np.round(np.arange(0.05, 1.001, 0.05), 2)


CONFIDENCE = 0.95


def fit_threshold(
    confidence: np.ndarray,
    right: np.ndarray,
    known: np.ndarray,
    groups: np.ndarray,
    max_error: float,
) -> float:
    """Return the least probability of which at most ``max_error`` are wrong, :data:`NEVER` if none.

    With probability :data:`CONFIDENCE` over the draw of the books, no more are wrong among all
    books of the same origin whose genre has that probability.

    Learn then Test (Angelopoulos et al., 2021, arXiv 2110.01052): each threshold is an exact
    binomial test (Clopper and Pearson 1934) of the hypothesis that more are wrong, and thresholds
    are tested in sequences from several starts, each at its share of the level, each until the
    first that is not rejected. The books must be unseen by the models that predict them. Of
    out-of-fold predictions, the guarantee is for models of the folds; the classifier itself is
    trained on more books.

    Args:
        confidence: (books,) the probability of the likeliest genre, out of fold.
        right: (books,) whether that genre is the given one.
        known: (books,) whether a word of the book is known; it is not sure of other books.
        groups: (books,) the code of each book's group; one book of each counts, as they are alike.
        max_error: from 0 to 1.
    """
    first = np.unique(groups, return_index=True)[1]
    sure_at = np.where(known, confidence, -1.0)[first]
    wrong = ~np.asarray(right, bool)[first]
    answered = np.array([(sure_at >= threshold).sum() for threshold in _THRESHOLDS])
    errors = np.array([wrong[sure_at >= threshold].sum() for threshold in _THRESHOLDS])
    rejected = np.asarray(binom.cdf(errors, answered, max_error)) <= (1 - CONFIDENCE) / len(_STARTS)
    lowest = NEVER
    for start in np.flatnonzero(np.isin(_THRESHOLDS, _STARTS)):
        end = start
        while end < len(_THRESHOLDS) and rejected[end]:
            lowest = min(lowest, float(_THRESHOLDS[end]))
            end += 1
    return lowest


def coverage_curve(confidence: np.ndarray, right: np.ndarray) -> pd.DataFrame:
    """Return the accuracy of the most confident books, at each share of all books.

    El-Yaniv and Wiener, On the Foundations of Noise-free Selective Classification, JMLR 11 (2010).

    Args:
        confidence: (n,) the probability of the likeliest genre; -1 where no word is known.
        right: (n,) whether that genre is the given one.

    Returns:
        coverage, threshold (the least confidence) and accuracy, by coverage.
    """
    order = np.argsort(-confidence, kind="stable")
    ends = np.unique(np.maximum(1, np.round(_COVERAGES * len(order)).astype(int)))
    return pd.DataFrame(
        {
            "coverage": ends / len(order),
            "threshold": confidence[order][ends - 1],
            "accuracy": np.cumsum(np.asarray(right, bool)[order])[ends - 1] / ends,
        }
    )


def measure_abstention(
    sure: np.ndarray, right: np.ndarray, groups: np.ndarray
) -> dict[str, tuple[float, float, float]]:
    """Return ``coverage`` and ``error`` (among the sure) on test books: value, low, high of 95 %.

    Without a book that the classifier is sure of there is no ``error``.

    Args:
        sure: (n,) whether the classifier is sure of each test book.
        right: (n,) whether its genre is the given one.
        groups: (n,) the code of each book's group.
    """
    wrong = ~np.asarray(right, bool)
    parts = {"coverage": (sure, groups), "error": (wrong[sure], groups[sure])}
    return {
        name: (float(np.mean(hits)), *share_interval(hits, np.unique(of, return_inverse=True)[1]))
        for name, (hits, of) in parts.items()
        if len(hits)
    }
