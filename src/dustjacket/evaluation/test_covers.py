"""The covers that an evaluation looks at: all to be tested, and some that were trained on."""

import json
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from dustjacket.clip.data import Images
from dustjacket.clip.images import CoverCache
from dustjacket.covers.hashes import HASH_COLUMNS
from dustjacket.covers.read import read_index
from dustjacket.genres.published_labels import read_labels
from dustjacket.genres.read import SCORER
from dustjacket.genres.scorer import DESCRIPTION
from dustjacket.splits import normalise
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

log = logging.getLogger(__name__)

_MOST = {"train": 4000, "validation": 1000}
"""Covers to look at of a side of the split that is not tested."""


@dataclass(frozen=True)
class Library:
    """Covers with their books, numbered from 0.

    Attributes:
        books: n rows of a version's labels, with ``dhash``, ``vhash``, ``true_genre`` (the genre
            that the source names, or None) and ``known_genre`` (that one, or else the predicted).
        images: the n covers, by the pixels of their side.
        usable: (n,) whether a cover decodes and is to be looked at.
        genres: those that the classifier knows.
    """

    books: pd.DataFrame
    images: Mapping[int, Images]
    usable: np.ndarray
    genres: list[str]

    def rows(self, split: str) -> np.ndarray:
        """Return the numbers of the usable covers of a side of the split."""
        return np.flatnonzero((self.books["split"] == split).to_numpy(bool) & self.usable)

    def without(self, rows: np.ndarray) -> "Library":
        """Return the same without the covers numbered ``rows``."""
        usable = self.usable.copy()
        usable[rows] = False
        return replace(self, usable=usable)

    def broken(self) -> dict[str, int]:
        """Return how many covers of each side of the split are not usable."""
        counts = self.books.loc[~self.usable, "split"].value_counts()
        return {str(split): int(count) for split, count in counts.items()}


def read_books(store: Store, labels: Manifest) -> pd.DataFrame:
    """Return a row a labelled cover, with what it looks like (``HASH_COLUMNS``), in order."""
    covers = store.manifest("covers", labels.parents["covers"])
    looks = read_index(store, covers).reindex(columns=["key", *HASH_COLUMNS])
    return read_labels(store, labels).merge(looks, on="key", how="left")


def open_library(
    store: Store,
    labels: Manifest,
    books: pd.DataFrame,
    sides: Collection[int],
    *,
    folder: Path,
    most_bytes: int,
    seed: int,
) -> Library:
    """Return all test covers of a labelled version, and a sample of the others.

    Args:
        books: the version's, as of :func:`read_books`.
        sides: pixels of a side, of each model's input.
        folder: where covers are kept decoded, for as long as the library is used.
        most_bytes: of that.
        seed: of the sample.
    """
    books = sampled(books, seed)
    genres = _genres(store, labels)
    books["true_genre"] = true_genres(books["category"], genres)
    books["known_genre"] = books["true_genre"].where(books["true_genre"].notna(), books["genre"])
    covers = store.manifest("covers", labels.parents["covers"])
    caches = {
        side: CoverCache(store, covers, books, side, most_bytes, folder) for side in sorted(sides)
    }
    usable = np.ones(len(books), bool)
    for cache in caches.values():
        usable[cache.broken()] = False
    if not usable.all():
        log.warning(
            "%d of %d covers of covers/%s cannot be read and are left out",
            (~usable).sum(), len(books), covers.version,
        )  # fmt: skip
    return Library(books, caches, usable, genres)


def sampled(books: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return all test rows, and at most so many of the other sides as are looked at."""
    parts = [
        part.sample(min(len(part), _MOST.get(str(split), len(part))), random_state=seed)
        for split, part in books.groupby("split")
    ]
    rows = pd.concat(parts) if parts else books
    return rows.sort_values("position").reset_index(drop=True)


def true_genres(categories: pd.Series, genres: Collection[str]) -> pd.Series:
    """Return the genre that each category names, whatever its case and punctuation, or None."""
    names = {normalise(genre): genre for genre in genres}
    found = [
        names.get(normalise(category)) if isinstance(category, str) else None
        for category in categories
    ]
    return pd.Series(found, index=categories.index, dtype=object)


def _genres(store: Store, labels: Manifest) -> list[str]:
    classifier = store.manifest("genre_classifier", labels.parents["genre_classifier"])
    described = json.loads(store.read(classifier, f"{SCORER}/{DESCRIPTION}"))
    return [str(genre) for genre in described["genres"]]


def labels_of(store: Store, model: Manifest) -> Manifest | None:
    """Return the labelled covers that a published model was trained on, or None if on none."""
    version = model.parents.get("labelled_covers")
    return store.manifest("labelled_covers", version) if version else None
