"""Published CLIP models, read back."""

import tempfile
from pathlib import Path

from dustjacket.clip.model import MODEL_FOLDER, Clip, load
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store


def load_version(store: Store, manifest: Manifest) -> Clip:
    """Return the model of a published version."""
    with tempfile.TemporaryDirectory() as scratch:
        store.download(manifest, Path(scratch), MODEL_FOLDER)
        return load(Path(scratch) / MODEL_FOLDER)
