"""Label noise: books whose genre a model contradicts, found by confident learning.

Northcutt, Jiang and Chuang, Confident Learning: Estimating Uncertainty in Dataset Labels, Journal
of Artificial Intelligence Research 70 (2021). Probabilities must be out of fold: a model that was
trained on a wrong label confirms it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dustjacket.metrics.bootstrap import Interval
from dustjacket.metrics.shares import share_interval


def suspects(
    books: pd.DataFrame, probabilities: np.ndarray, genres: Sequence[str], max_books: int = 200
) -> pd.DataFrame:
    """Return the books that most likely belong to another genre than the given one.

    A book is suspect if its likeliest genre is not the given one, and has at least the mean
    probability of that genre over the books given it. Suspects are ranked by the normalised margin:
    the probability of the likeliest genre minus that of the given one.

    Args:
        books: n rows of title, author and genre.
        probabilities: (n, genres), by models that were not trained on the book.
        genres: in the order of the probabilities; a given genre that is not among them has
            probability 0.

    Returns:
        At most ``max_books`` rows of ``books``, the widest margin first, with their index: title,
        author, genre, likely, probability (of ``likely``) and given_probability.
    """
    suspect, likely, likely_probability, given_probability = _compare(books, probabilities, genres)
    table = books[["title", "author", "genre"]].assign(
        likely=np.array(genres)[likely],
        probability=likely_probability,
        given_probability=given_probability,
    )
    ranked = np.argsort(given_probability - likely_probability, kind="stable")
    return table.iloc[ranked[suspect[ranked]][:max_books]]


def noise_share(
    books: pd.DataFrame, probabilities: np.ndarray, genres: Sequence[str]
) -> tuple[float, Interval]:
    """Return the share of suspects, an estimate of how many given genres are wrong.

    The arguments and the rule are those of :func:`suspects`.

    Returns:
        The share, and its 95 % interval by groups of books (column ``group``).
    """
    is_suspect = _compare(books, probabilities, genres)[0]
    groups = pd.factorize(books["group"])[0]
    return float(is_suspect.mean()), share_interval(is_suspect.astype(float), groups)


@dataclass(frozen=True)
class CorrectionEffect:
    """What corrections did to the training books of a selection.

    Attributes:
        books: number of training books with a correction.
        changed: number of these that had another genre in the listing.
        noise_before, noise_after: see :func:`noise_share`, with the listed genres and with the
            corrected ones. Both are by one model, which was trained on the corrected genres of
            other books.
    """

    books: int
    changed: int
    noise_before: float
    noise_before_interval: Interval
    noise_after: float
    noise_after_interval: Interval


def correction_effect(
    books: pd.DataFrame, probabilities: np.ndarray, genres: Sequence[str]
) -> CorrectionEffect | None:
    """Return what corrections did to training books; None if none has one.

    Args:
        books: n rows of genre, listed, corrected and group.
        probabilities, genres: see :func:`suspects`.
    """
    if not books["corrected"].any():
        return None
    before = noise_share(books.assign(genre=books["listed"]), probabilities, genres)
    after = noise_share(books, probabilities, genres)
    changed = int((books["genre"] != books["listed"]).sum())
    return CorrectionEffect(int(books["corrected"].sum()), changed, *before, *after)


def sample_weights(
    books: pd.DataFrame, probabilities: np.ndarray, genres: Sequence[str], weight: float = 0.2
) -> np.ndarray:
    """Return (n,) training weights: ``weight`` for a suspect, 1 for any other book.

    The arguments and the rule are those of :func:`suspects`.
    """
    return np.where(_compare(books, probabilities, genres)[0], weight, 1.0)


def _compare(
    books: pd.DataFrame, probabilities: np.ndarray, genres: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return four arrays (n,): whether a book is suspect, its likeliest genre, and probabilities.

    The probabilities are those of the likeliest genre and of the given one.
    """
    given = pd.Index(genres).get_indexer(books["genre"])
    likely = probabilities.argmax(axis=1)
    rows = np.arange(len(books))
    likely_probability = probabilities[rows, likely]
    given_probability = np.where(given >= 0, probabilities[rows, given], 0.0)
    # A genre that no book was given has no mean, and raises no suspicion.
    thresholds = np.array(
        [
            given_probability[given == label].mean() if label in given else np.inf
            for label in range(len(genres))
        ]
    )
    suspect = (likely != given) & (likely_probability >= thresholds[likely])
    return suspect, likely, likely_probability, given_probability
