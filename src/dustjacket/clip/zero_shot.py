"""Zero-shot classification: classes that a model knows only by their names."""

from collections.abc import Callable, Sequence

import numpy as np

GENRE_TEMPLATES = ("{}", "a book of {}", "the cover of a book, {}")


def embed_genres(embed: Callable[[Sequence[str]], np.ndarray], genres: Sequence[str]) -> np.ndarray:
    """Return (genres, dimensions) embeddings of unit length, which covers are compared with.

    A genre's embedding is the mean over ``GENRE_TEMPLATES`` (prompt ensembling, Radford et al.
    2021).

    Args:
        embed: returns (n, dimensions) embeddings of n texts.
    """
    prompts = [template.format(genre) for genre in genres for template in GENRE_TEMPLATES]
    means = embed(prompts).reshape(len(genres), len(GENRE_TEMPLATES), -1).mean(axis=1)
    return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True))
