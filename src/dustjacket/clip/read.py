"""Published CLIP models, read back."""

import tempfile
from pathlib import Path

from dustjacket.clip.model import Clip, load
from dustjacket.clip.step import MODEL_FOLDER
from dustjacket.errors import NotReadyError
from dustjacket.pipeline.kinds import Kind
from dustjacket.storage.cache import cached
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store


def load_version(store: Store, manifest: Manifest, cache: Path | None = None) -> Clip:
    """Return the model of a published version.

    Args:
        cache: folder in which its files are kept, see :func:`dustjacket.storage.cache.cached`;
            None deletes them again.

    Raises:
        CorruptVersionError: the files have changed.
    """
    if cache is not None:
        return load(cached(store, manifest, cache, MODEL_FOLDER) / MODEL_FOLDER)
    with tempfile.TemporaryDirectory() as scratch:
        return load_version(store, manifest, Path(scratch))


def newest_model(store: Store) -> Manifest:
    """Return the model that is served: the newest promoted one, or else the starting weights.

    Raises:
        NotReadyError: neither is published.
    """
    manifest = store.newest(Kind.COVER_CLIP) or store.newest(Kind.STARTING_CLIP)
    if manifest is None:
        raise NotReadyError("no CLIP model is published yet: run `dustjacket run`")
    return manifest
