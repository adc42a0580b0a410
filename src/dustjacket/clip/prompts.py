"""What the text side of CLIP is given for a book: its title, then what else is known."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

AUTHOR_SHARE = 0.5
"""Share of training prompts that name the author: the others teach to do without."""
VARIANTS = 4
"""Prompts of a book: with and without author, with and without genre."""


def prompt(title: str, author: str | None = None, genre: str | None = None) -> str:
    """Return the text that stands for a book.

    The title comes first, for a model cuts what is too long at its end.
    """
    text = f"{title} by {author}" if author else title
    return f"{text}, {genre}" if genre else text


def fixed_prompts(books: pd.DataFrame, *, genre: bool, min_confidence: float = 0.0) -> list[str]:
    """Return the prompt of every row for evaluation: title and author, with or without genre.

    Args:
        books: rows of title, author, genre (predicted) and its probability.
        min_confidence: a genre that is less probable is left out.
    """
    return _prompts(books, author=True, genres=_genres(books, genre, min_confidence))


def prompt_variants(
    books: pd.DataFrame, *, genre: bool, min_confidence: float = 0.0
) -> list[list[str]]:
    """Return, for each of the VARIANTS, the prompt of every row.

    Variant 1 names the author, 2 the genre, 3 both; what is not known is left out of all.
    """
    genres = _genres(books, genre, min_confidence)
    nothing: list[str | None] = [None] * len(books)
    return [
        _prompts(books, author=bool(variant & 1), genres=genres if variant & 2 else nothing)
        for variant in range(VARIANTS)
    ]


def sampled_variants(books: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Return (rows,) the variant of every row for one epoch of training.

    A genre is named as often as it is probable: a doubtful one teaches less.
    """
    drawn = rng.random((len(books), 2))
    with_author = drawn[:, 0] < AUTHOR_SHARE
    with_genre = drawn[:, 1] < books["probability"].to_numpy(np.float64)
    return np.asarray(with_author + 2 * with_genre, dtype=np.int64)


def _genres(books: pd.DataFrame, named: bool, min_confidence: float) -> list[str | None]:
    if not named:
        return [None] * len(books)
    sure = books["probability"] >= min_confidence
    return [genre if at else None for genre, at in zip(books["genre"], sure, strict=True)]


def _prompts(books: pd.DataFrame, *, author: bool, genres: Sequence[str | None]) -> list[str]:
    rows: Any = zip(books["title"], books["author"], genres, strict=True)
    return [prompt(title, name if author else None, genre) for title, name, genre in rows]
