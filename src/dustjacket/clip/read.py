"""Published CLIP models, read back."""

import tempfile
from pathlib import Path

from dustjacket.clip.model import Clip, load
from dustjacket.clip.step import MODEL_FOLDER
from dustjacket.errors import NotReadyError
from dustjacket.pipeline.kinds import Kind
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store


def load_version(store: Store, manifest: Manifest) -> Clip:
    """Return the model of a published version."""
    with tempfile.TemporaryDirectory() as scratch:
        store.download(manifest, Path(scratch), MODEL_FOLDER)
        return load(Path(scratch) / MODEL_FOLDER)


def newest_model(store: Store) -> Manifest:
    """Return the model that is served: the newest promoted one, or else the starting weights.

    Raises:
        NotReadyError: neither is published.
    """
    manifest = store.newest(Kind.COVER_CLIP) or store.newest(Kind.STARTING_CLIP)
    if manifest is None:
        raise NotReadyError("no CLIP model is published yet: run `dustjacket run`")
    return manifest
