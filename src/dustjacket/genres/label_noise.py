"""Books whose given genre a model contradicts: confident learning.

Northcutt, Jiang and Chuang, Confident Learning: Estimating Uncertainty in Dataset Labels, Journal
of Artificial Intelligence Research 70 (2021). Probabilities must be out of fold: a model that has
learnt a wrong label confirms it.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd


def suspects(
    books: pd.DataFrame, probabilities: np.ndarray, genres: Sequence[str], most: int = 200
) -> pd.DataFrame:
    """Return the books most likely to be of another genre than the given one.

    A book is suspect where its likeliest genre is not the given one, and is at least as probable
    as it is on average among the books given that genre. They are ranked by the normalised
    margin, how much more probable the likeliest genre is than the given one.

    Args:
        books: n rows of title, author and genre.
        probabilities: (n, genres), of models that did not learn from the book.
        genres: in the order of the probabilities; a given genre that is not among them has
            probability 0.

    Returns:
        At most ``most`` of ``books``, the most suspect first, with their index: title, author,
        genre, likely, probability (of ``likely``) and given_probability.
    """
    suspect, likely, of_likely, of_given = _judge(books, probabilities, genres)
    found = books[["title", "author", "genre"]].assign(
        likely=np.array(genres)[likely], probability=of_likely, given_probability=of_given
    )
    ranked = np.argsort(of_given - of_likely, kind="stable")
    return found.iloc[ranked[suspect[ranked]][:most]]


def trust(
    books: pd.DataFrame, probabilities: np.ndarray, genres: Sequence[str], weight: float = 0.2
) -> np.ndarray:
    """Return (n,) what each book counts for in training: a suspect ``weight``, another 1.

    The arguments and the rule are those of :func:`suspects`.
    """
    return np.where(_judge(books, probabilities, genres)[0], weight, 1.0)


def _judge(
    books: pd.DataFrame, probabilities: np.ndarray, genres: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return whether each book is suspect, its likeliest genre, and that one's probability.

    The last of the four, each (n,), is the probability of the given genre.
    """
    given = pd.Index(genres).get_indexer(books["genre"])
    likely = probabilities.argmax(axis=1)
    rows = np.arange(len(books))
    of_likely = probabilities[rows, likely]
    of_given = np.where(given >= 0, probabilities[rows, given], 0.0)
    # Nothing can be told of a genre that no book was given.
    usual = np.array(
        [of_given[given == at].mean() if at in given else np.inf for at in range(len(genres))]
    )
    return (likely != given) & (of_likely >= usual[likely]), likely, of_likely, of_given
