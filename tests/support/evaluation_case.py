"""A small comparison in memory: coloured covers whose titles name the colour, and tiny models."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast
from unittest import mock

import numpy as np
import pandas as pd
import torch

from dustjacket.clip.model import random_model
from dustjacket.evaluation.comparison import Comparison
from dustjacket.evaluation.covers import EvaluationCovers
from dustjacket.evaluation.embeddings import Embedder
from dustjacket.evaluation.lineage import Lineage
from dustjacket.evaluation.recognition import draw_images
from dustjacket.evaluation.step import EvaluationParameters

SIDE = 64
COLOURS = {"Red": (255, 0, 0), "Green": (0, 160, 0), "Blue": (0, 0, 255)}
GENRES = ["Art", "Law", "Travel"]
PARAMETERS = EvaluationParameters(bootstrap=100)


def coloured(count: int, seed: int = 0) -> tuple[pd.DataFrame, torch.Tensor]:
    """Return ``count`` rows of books, and their covers: each genre has a colour of its own."""
    rng = np.random.default_rng(seed)
    kinds = np.arange(count) % 3
    pixels = np.array(list(COLOURS.values()), np.uint8)[kinds][:, :, None, None]
    noise = rng.integers(0, 60, size=(count, 3, SIDE, SIDE))
    images = np.clip(pixels.astype(int) + noise, 0, 255).astype(np.uint8)
    genres = [GENRES[kind] for kind in kinds]
    books = pd.DataFrame(
        {
            "key": [f"{at:04d}" for at in range(count)],
            "group": [f"{at:016x}" for at in range(count)],
            "sha256": [f"image {at}" for at in range(count)],
            "title": [f"The {list(COLOURS)[kind]} Book {at}" for at, kind in enumerate(kinds)],
            "author": [None if at % 5 == 0 else f"Writer {at % 7}" for at in range(count)],
            "genre": genres,
            "probability": 0.8,
            "top": [[{"genre": name, "probability": 0.8}] for name in genres],
            "true_genre": pd.Series(genres, dtype=object),
            "known_genre": genres,
        }
    )
    return books, torch.from_numpy(images)


def comparison(
    train: int = 30,
    validation: int = 12,
    test: int = 24,
    *,
    known: bool = True,
    genre: bool = True,
    leaked: int = 0,
) -> Comparison:
    """Return a comparison of two random models, the champion being the starting weights."""
    books, images = coloured(train + validation + test)
    books["split"] = ["train"] * train + ["validation"] * validation + ["test"] * test
    if not known:
        books["true_genre"] = None
    covers = EvaluationCovers(books, {SIDE: images}, np.ones(len(books), bool), GENRES)
    starting, candidate = (
        Embedder(random_model("dustjacket-small", seed), images, 32) for seed in (13, 14)
    )
    none = cast("Any", None)
    return Comparison(
        lineage=Lineage(none, none, none, books, None, None, "", ()),
        manifests={},
        models={"starting": starting, "champion": starting, "candidate": candidate},
        covers=covers,
        broken={},
        leaked=leaked,
        genre=genre,
        min_confidence=0.3,
        parameters=PARAMETERS,
    )


@contextmanager
def few_images() -> Iterator[None]:
    """Draw one image of each class for general recognition, which is the slowest part."""
    few = {"signs": 1, "forms": 1, "digits": 1}
    with mock.patch("dustjacket.evaluation.recognition._IMAGES_PER_CLASS", few):
        draw_images.cache_clear()
        yield
    draw_images.cache_clear()
