"""Reading of published classifiers."""

import json
from pathlib import Path

from dustjacket.genres.scorer import DESCRIPTION, WEIGHTS, Scorer
from dustjacket.storage.cache import cached
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store, entry_of

SCORER = "scorer"


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


def read_genres(store: Store, classifier: Manifest) -> list[str]:
    """Return all genres of a published classifier, in the order of its probabilities."""
    described = json.loads(store.read(classifier, f"{SCORER}/{DESCRIPTION}"))
    return [str(genre) for genre in described["genres"]]
