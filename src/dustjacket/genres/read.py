"""Reading of published classifiers."""

import json
from pathlib import Path

import pandas as pd

from dustjacket.catalog.read import BOOKS
from dustjacket.errors import NotReadyError
from dustjacket.genres.scorer import DESCRIPTION, WEIGHTS, Scorer
from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.steps import in_use, why_none
from dustjacket.storage.cache import cached
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.parents import parent_of
from dustjacket.storage.parquet import read_parquet
from dustjacket.storage.store import Store, entry_of

SCORER = "scorer"


def classifier_in_use(store: Store) -> Manifest:
    """Return the version of the classifier that serves.

    Raises:
        NotReadyError: there is none.
    """
    champion = in_use(store, Kind.GENRE_CLASSIFIER)
    if champion is None:
        why = why_none(store, Kind.GENRE_CLASSIFIER)
        raise NotReadyError(f"{why}: run `dustjacket run`, with a larger listing if need be")
    return champion


def load_scorer(store: Store, manifest: Manifest, cache: Path) -> Scorer:
    """Return a published classifier.

    Args:
        cache: folder in which its files are kept, see :func:`dustjacket.storage.cache.cached`.

    Raises:
        CorruptVersionError: files are missing, have changed, or have another format.
    """
    for name in (DESCRIPTION, WEIGHTS):
        entry_of(manifest, f"{SCORER}/{name}")
    return Scorer.load(cached(store, manifest, cache, f"{SCORER}/") / SCORER)


def read_training_books(store: Store, classifier: Manifest) -> pd.DataFrame:
    """Return title, author and genre of the books that a classifier was trained on.

    Raises:
        NotReadyError: the version of the catalog that it was trained on was deleted.
    """
    catalog = parent_of(store, classifier, Kind.CATALOG)
    columns = ["title", "author", "genre", "split"]
    books = read_parquet(store, catalog, BOOKS, columns)
    return books[books["split"] != "test"].reset_index(drop=True)


def read_genres(store: Store, classifier: Manifest) -> list[str]:
    """Return all genres of a published classifier, in the order of its probabilities."""
    described = json.loads(store.read(classifier, f"{SCORER}/{DESCRIPTION}"))
    return [str(genre) for genre in described["genres"]]
