"""Pictures that people compare blind: drawn, found by the search, and real, of the same titles.

Shapes: N titles, H and W pixels of the art.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from dustjacket.errors import CorruptVersionError
from dustjacket.storage.manifest import Manifest, remake
from dustjacket.storage.store import Store

FILE = "blind_pictures.safetensors"
"""Name of the file in a version of an evaluation."""
MAX_TITLES = 100
_TITLES = "titles"


@dataclass(frozen=True)
class BlindPictures:
    """Pictures of N titles, all at the size of the decoder: sharpness tells nothing.

    Attributes:
        pictures: (N, H, W, 3) 8-bit textless art by source: drawn, real, and retrieved, which is
            missing where the search had no index.
    """

    titles: Sequence[str]
    pictures: Mapping[str, np.ndarray]

    def to_bytes(self) -> bytes:
        """Return the content of ``FILE``, as safetensors; of the first titles only."""
        titles = json.dumps(list(self.titles)[:MAX_TITLES]).encode()
        tensors: dict[str, np.ndarray] = {_TITLES: np.frombuffer(titles, np.uint8)}
        for source, pictures in self.pictures.items():
            tensors[source] = np.ascontiguousarray(pictures[:MAX_TITLES])
        return save(tensors)


def read_blind_pictures(store: Store, manifest: Manifest) -> BlindPictures | None:
    """Return the pictures of an evaluation; None of one that an earlier release made.

    Raises:
        CorruptVersionError: their file cannot be read.
    """
    if FILE not in {file.path for file in manifest.files}:
        return None
    try:
        tensors = load(store.read(manifest, FILE))
        titles = json.loads(tensors.pop(_TITLES).tobytes())
        drawn = tensors["drawn"].shape
        if drawn[0] != len(titles) or any(each.shape != drawn for each in tensors.values()):
            raise ValueError("shapes")
    except (SafetensorError, KeyError, ValueError) as error:
        name = f"{manifest.kind}/{manifest.version}"
        raise CorruptVersionError(
            f"{name}/{FILE} cannot be read ({type(error).__name__}); {remake(name)}"
        ) from None
    return BlindPictures(titles, tensors)
