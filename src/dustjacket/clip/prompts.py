"""Prompts: the texts that stand for a book, from its title, author and predicted genre."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

AUTHOR_SHARE = 0.5
"""Share of training prompts that name the author; the model learns to match titles without."""
VARIANTS = 4
"""Prompts per book in training: with and without author, with and without genre."""


def prompt(title: str, author: str | None = None, genre: str | None = None) -> str:
    """Return a book's prompt.

    The title comes first: a text tower cuts off the end of long texts.
    """
    text = f"{title} by {author}" if author else title
    return f"{text}, {genre}" if genre else text


def query_prompts(books: pd.DataFrame) -> list[str]:
    """Return each book's prompt as the search embeds it: title and author, without a genre.

    Validation and evaluation use these prompts, so that they measure what is served.

    Args:
        books: rows of title and author.
    """
    return _prompts(books, author=True, genres=[None] * len(books))


def prompt_variants(
    books: pd.DataFrame, *, genre: bool, min_confidence: float = 0.0
) -> list[list[str]]:
    """Return, for each of the VARIANTS, each book's prompt.

    Variant 0 is the title, 1 adds the author, 2 the genre, 3 both; missing values are left out.

    Args:
        books: rows of title, author, genre (predicted) and its probability.
        genre: False leaves all genres out.
        min_confidence: genres with a lower probability are left out.
    """
    genres = _genres(books, genre, min_confidence)
    no_genres: list[str | None] = [None] * len(books)
    return [
        _prompts(books, author=bool(variant & 1), genres=genres if variant & 2 else no_genres)
        for variant in range(VARIANTS)
    ]


def sampled_variants(books: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Draw the (N,) prompt variants of N books for one epoch of training.

    A genre is named with its probability, so that doubtful genres are learnt less often.
    """
    uniform_N2 = rng.random((len(books), 2))
    with_author = uniform_N2[:, 0] < AUTHOR_SHARE
    with_genre = uniform_N2[:, 1] < books["probability"].to_numpy(np.float64)
    return np.asarray(with_author + 2 * with_genre, dtype=np.int64)


def _genres(books: pd.DataFrame, include: bool, min_confidence: float) -> list[str | None]:
    if not include:
        return [None] * len(books)
    confident = books["probability"] >= min_confidence
    return [genre if keep else None for genre, keep in zip(books["genre"], confident, strict=True)]


def _prompts(books: pd.DataFrame, *, author: bool, genres: Sequence[str | None]) -> list[str]:
    rows: Any = zip(books["title"], books["author"], genres, strict=True)
    return [prompt(title, name if author else None, genre) for title, name, genre in rows]
