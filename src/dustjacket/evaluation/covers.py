"""The covers of an evaluation: all test covers, and samples of the others."""

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
from dustjacket.genres.published_labels import read_training_labels
from dustjacket.genres.read import read_genres
from dustjacket.pipeline.kinds import Kind
from dustjacket.records.genres import genre_key
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.parents import GONE, parent_of
from dustjacket.storage.store import Store

log = logging.getLogger(__name__)


_SAMPLE_SIZES = {"train": 4000, "validation": 1000}
"""Covers kept of each split that is not tested."""


@dataclass(frozen=True)
class EvaluationCovers:
    """Covers and their books, by index from 0.

    Attributes:
        books: n rows of a version's labels, with ``dhash``, ``vhash``, ``true_genre`` (the genre
            named by the source, or None) and ``known_genre`` (the true genre, or else the
            predicted one).
        images: the n covers, by image size in pixels.
        usable: (n,) whether a cover decodes and is not left out.
        genres: all genres of the classifier.
    """

    books: pd.DataFrame
    images: Mapping[int, Images]
    usable: np.ndarray
    genres: list[str]

    def indices(self, split: str) -> np.ndarray:
        """Return the indices of the usable covers of a split."""
        return np.flatnonzero((self.books["split"] == split).to_numpy(bool) & self.usable)

    def without(self, indices: np.ndarray) -> "EvaluationCovers":
        """Return a copy in which the covers at ``indices`` are not usable."""
        usable = self.usable.copy()
        usable[indices] = False
        return replace(self, usable=usable)

    def broken(self) -> dict[str, int]:
        """Return the number of unusable covers by split."""
        counts = self.books.loc[~self.usable, "split"].value_counts()
        return {str(split): int(count) for split, count in counts.items()}


def read_books(store: Store, labels: Manifest) -> pd.DataFrame:
    """Return one row for each labelled cover, with its perceptual hashes (``HASH_COLUMNS``).

    Covers whose rights holder reserves text and data mining are not among them.
    """
    covers = parent_of(store, labels, Kind.COVERS)
    hashes = read_index(store, covers).reindex(columns=["key", *HASH_COLUMNS])
    return read_training_labels(store, labels).merge(hashes, on="key", how="left")


def load_covers(
    store: Store,
    labels: Manifest,
    books: pd.DataFrame,
    image_sizes: Collection[int],
    *,
    folder: Path,
    max_bytes: int,
    seed: int,
) -> EvaluationCovers:
    """Decode all test covers of a labelled version, and a sample of the others.

    Args:
        books: rows of :func:`read_books`.
        image_sizes: input sizes of the models, in pixels.
        folder: holds the decoded covers, which are memory-mapped; must outlive the result.
        max_bytes: limit of the decoded covers of each size.
        seed: of the sample.
    """
    genres = read_genre_names(store, labels, books)
    books = with_genres(sample_books(books, seed), genres)
    covers = parent_of(store, labels, Kind.COVERS)
    images = {
        size: CoverCache(store, covers, books, size, max_bytes, folder)
        for size in sorted(image_sizes)
    }
    usable = np.ones(len(books), bool)
    for cache in images.values():
        usable[cache.broken()] = False
    if not usable.all():
        log.warning(
            "%d of %d covers of covers/%s cannot be decoded and are left out",
            (~usable).sum(), len(books), covers.version,
        )  # fmt: skip
    return EvaluationCovers(books, images, usable, genres)


def with_genres(books: pd.DataFrame, genres: Collection[str]) -> pd.DataFrame:
    """Return the books with the columns ``true_genre`` and ``known_genre``."""
    true = true_genres(books["category"], genres)
    return books.assign(true_genre=true, known_genre=true.where(true.notna(), books["genre"]))


def sample_books(books: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return all test rows, and samples of the other splits of at most ``_SAMPLE_SIZES``."""
    parts = [
        part.sample(min(len(part), _SAMPLE_SIZES.get(str(split), len(part))), random_state=seed)
        for split, part in books.groupby("split")
    ]
    rows = pd.concat(parts) if parts else books
    return rows.sort_values("position").reset_index(drop=True)


def group_codes(books: pd.DataFrame) -> np.ndarray:
    """Return (n,) the code, from 0, of each row's book group; resampling draws groups."""
    return np.asarray(pd.factorize(books["group"])[0])


def true_genres(categories: pd.Series, genres: Collection[str]) -> pd.Series:
    """Return the genre that each category names, whatever its spelling, or None."""
    by_name = {genre_key(genre): genre for genre in genres}
    matches = [
        by_name.get(genre_key(category)) if isinstance(category, str) else None
        for category in categories
    ]
    return pd.Series(matches, index=categories.index, dtype=object)


def read_genre_names(store: Store, labels: Manifest, books: pd.DataFrame) -> list[str]:
    """Return the genres of the classifier of labels, or those that it predicted if it is gone."""
    try:
        return read_genres(store, parent_of(store, labels, Kind.GENRE_CLASSIFIER))
    except GONE as error:
        log.warning("genres are those that were predicted: %s", error)
        return sorted({str(entry["genre"]) for top in books["top"] for entry in top})
