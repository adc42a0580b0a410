"""A small catalog of overlapping genres, and a classifier of random weights."""

import random
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from dustjacket.genres.hashed_linear import EnsembleMember, HashedLinear
from dustjacket.genres.hashed_ngrams import TfidfWeights, count_ngrams
from dustjacket.genres.scores import Calibration

WORDS = {
    "Cooking": ["rice", "bread", "soup", "garden", "easy", "the"],
    "Travel": ["paris", "road", "garden", "map", "the", "sea"],
    "Science": ["star", "cell", "easy", "the", "map", "atom"],
}


def small_catalog(rows: int = 90) -> pd.DataFrame:
    """Titles of overlapping genres, each of two records that are one book."""
    draw = random.Random(7)
    books = []
    for number in range(rows):
        genre = list(WORDS)[number // 2 % 3]
        title = " ".join(draw.choices(WORDS[genre], k=4))
        author = draw.choice([None, "Ann Lee", f"{genre} King"])
        books.append((title, author, genre, f"group-{number // 2}"))
    return pd.DataFrame(books, columns=["title", "author", "genre", "group"])


def random_hashed(genres: int = 3, embedded: str = "", members: int = 1) -> HashedLinear:
    counts = count_ngrams(["Rice and bread", "The road to Paris"], [None, "Ann Lee"])
    weights = TfidfWeights.fit(counts, 1)
    draw = np.random.default_rng(3)
    dimensions = {"": 0, "plain": 4, "by_sign": 8}[embedded]
    return HashedLinear(
        weights,
        tuple(
            EnsembleMember(
                draw.normal(size=(len(weights.buckets), genres)).astype(np.float32),
                draw.normal(size=(dimensions, genres)).astype(np.float32),
                draw.normal(size=genres).astype(np.float32), embedded, margins=True,
                calibration=Calibration(1.0 + number, -1.0),
            )
            for number in range(members)
        ),
        None, use_descriptions=False,
    )  # fmt: skip


class OneProcess:
    """Stands for a Spark session whose tasks run in this process, one after another."""

    def __init__(self) -> None:
        self.sparkContext, self.defaultParallelism = self, 1

    def broadcast(self, value: Any) -> SimpleNamespace:
        return SimpleNamespace(value=value, unpersist=lambda: None)

    def parallelize(self, items: Iterable[Any], _parts: int) -> "_Tasks":
        return _Tasks(items)


class _Tasks:
    def __init__(self, items: Iterable[Any]) -> None:
        self._items = list(items)

    def map(self, function: Callable[[Any], Any]) -> "_Tasks":
        return _Tasks(map(function, self._items))

    def collect(self) -> list[Any]:
        return self._items
