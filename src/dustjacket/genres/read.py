"""Reading of published classifiers."""

import json
import shutil
import tempfile
from pathlib import Path

from dustjacket.genres.scorer import DESCRIPTION, WEIGHTS, Scorer
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

SCORER = "scorer"


def load_scorer(store: Store, manifest: Manifest, cache: Path) -> Scorer:
    """Return a published classifier.

    The first call downloads its files to ``cache/<kind>/<version>/``, all or none; later calls read
    them there.

    Raises:
        CorruptVersionError: the files have another format.
    """
    folder = cache / manifest.kind / manifest.version
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        download = Path(tempfile.mkdtemp(prefix=".", dir=folder.parent))
        try:
            for name in (DESCRIPTION, WEIGHTS):
                (download / name).write_bytes(store.read(manifest, f"{SCORER}/{name}"))
            download.rename(folder)
        except OSError:
            if not folder.is_dir():  # otherwise another process has downloaded the same files
                raise
        finally:
            shutil.rmtree(download, ignore_errors=True)
    return Scorer.load(folder)


def read_genres(store: Store, classifier: Manifest) -> list[str]:
    """Return all genres of a published classifier, in the order of its probabilities."""
    described = json.loads(store.read(classifier, f"{SCORER}/{DESCRIPTION}"))
    return [str(genre) for genre in described["genres"]]
