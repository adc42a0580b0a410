"""What the text side of CLIP is given for a book: its title, then what else is known."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

AUTHOR_SHARE = GENRE_SHARE = 0.5
"""Share of training prompts that name the author, and the genre: the others teach to do without."""


def prompt(title: str, author: str | None = None, genre: str | None = None) -> str:
    """Return the text that stands for a book.

    The title comes first, for a model cuts what is too long at its end.
    """
    text = f"{title} by {author}" if author else title
    return f"{text}, {genre}" if genre else text


def fixed_prompts(books: pd.DataFrame, *, genre: bool) -> list[str]:
    """Return the prompt of every row for evaluation: title and author, with or without genre."""
    return [
        prompt(title, author, label if genre else None) for title, author, label in _rows(books)
    ]


def sampled_prompts(books: pd.DataFrame, *, genre: bool, rng: np.random.Generator) -> list[str]:
    """Return the prompt of every row for training, some of what is known left out at random."""
    drawn = rng.random((len(books), 2))
    return [
        prompt(
            title,
            author if with_author < AUTHOR_SHARE else None,
            label if genre and with_genre < GENRE_SHARE else None,
        )
        for (title, author, label), (with_author, with_genre) in zip(
            _rows(books), drawn, strict=True
        )
    ]


def _rows(books: pd.DataFrame) -> Iterable[tuple[Any, ...]]:
    return zip(books["title"], books["author"], books["genre"], strict=True)
