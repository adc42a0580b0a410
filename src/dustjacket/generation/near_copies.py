"""Near copies: drawn art that repeats a training cover, or its mirror image.

Art is a near copy if its perceptual hashes are as close to those of a training cover as two
near-duplicates are, or if it is nearer to a training cover than every held-out real cover is to
its own nearest one, by the cosine of their small versions about the mean of the training art.

Shapes: N covers, H and W pixels of the art, D = 648 values of its small version.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from safetensors import SafetensorError
from safetensors.numpy import load, save

from dustjacket.covers.hashes import MAX_DHASH_DISTANCE, MAX_VHASH_DISTANCE, perceptual_hashes
from dustjacket.errors import CorruptVersionError
from dustjacket.generation.prior import unit
from dustjacket.storage.manifest import Manifest, remake
from dustjacket.storage.store import Store

FILE = "near_copies.safetensors"
"""Name of the file in a generator's version."""
_SMALL = (12, 18)
"""Pixels of the small version, width first."""
_HASHED = (48, 72)
"""Pixels of the version that is hashed: enlarged art differs in its hashes from what it was."""
_MIN_BITS = 12
"""Bits, of both hashes, without which they say nothing: all flat pictures have equal hashes."""
_BLOCK = 256


@dataclass(frozen=True)
class Nearest:
    """The nearest training cover of each of N pictures.

    Attributes:
        keys: (N,) keys of the covers.
        cosines: (N,) of the small versions, from -1 to 1.
        copies: (N,) whether the picture is a near copy of that cover.
    """

    keys: list[str]
    cosines: np.ndarray
    copies: np.ndarray


@dataclass(frozen=True)
class NearCopies:
    """What is kept of N covers of textless training art, to recognise copies of them.

    Attributes:
        keys: N keys of the covers.
        hashes: (N, 2) of :func:`~dustjacket.covers.hashes.perceptual_hashes`, as integers.
        vectors: (N, D) float32 small versions about ``mean``, of unit length.
        mean: (D,).
        limit: the cosine above which a picture is a near copy.
    """

    keys: Sequence[str]
    hashes: np.ndarray
    vectors: np.ndarray
    mean: np.ndarray
    limit: float

    @classmethod
    def of(cls, keys: Sequence[str], art: np.ndarray, held_out: np.ndarray) -> "NearCopies":
        """Keep what is needed of training art.

        Args:
            keys: N keys of covers.
            art: (N, H, W, 3) 8-bit textless art of the training side; N is at least 1.
            held_out: the same of covers that are not trained on, from which the limit is taken.
        """
        small = _small(art)
        mean = small.mean(axis=0)
        # Of the precision of the file, so that the limit is exact for what is read back.
        vectors = unit(small - mean).astype(np.float16).astype(np.float32)
        kept = cls(list(keys), _hashes(art), vectors, mean, 1.0)
        limit = max(kept.nearest(held_out).cosines, default=1.0)
        return cls(kept.keys, kept.hashes, kept.vectors, mean, float(limit))

    def nearest(self, art: np.ndarray) -> Nearest:
        """Return the nearest training cover of (N, H, W, 3) 8-bit pictures.

        The mirror image counts too: generators are trained on both.
        """
        parts = list(self._nearest(art))
        rows = np.array([row for row, _, _ in parts], np.int64)
        cosines = np.array([cosine for _, cosine, _ in parts], np.float32)
        hashed = np.array([same for _, _, same in parts], bool)
        # Rounding must not make a held-out cover, from which the limit is, exceed it.
        copies = hashed | (cosines > self.limit + 1e-6)
        return Nearest([self.keys[row] for row in rows], cosines, copies)

    def _nearest(self, art: np.ndarray) -> Iterator[tuple[int, float, bool]]:
        for start in range(0, len(art), _BLOCK):
            block = art[start : start + _BLOCK]
            both = [block, block[:, :, ::-1]]
            cosines = [unit(_small(side) - self.mean) @ self.vectors.T for side in both]
            near = np.logical_or(*(self._same_hashes(_hashes(side)) for side in both))
            best = np.maximum(*cosines)
            for row in range(len(block)):
                hashed = np.flatnonzero(near[row])
                at = int(hashed[best[row, hashed].argmax()] if len(hashed) else best[row].argmax())
                yield at, float(best[row, at]), bool(len(hashed))

    def _same_hashes(self, hashes: np.ndarray) -> np.ndarray:
        distances = np.bitwise_count(hashes[:, None] ^ self.hashes[None])
        has_shapes = np.bitwise_count(hashes).sum(axis=1) >= _MIN_BITS
        near: np.ndarray = (
            (distances[..., 0] <= MAX_DHASH_DISTANCE)
            & (distances[..., 1] <= MAX_VHASH_DISTANCE)
            & has_shapes[:, None]
        )
        return near

    def to_bytes(self) -> bytes:
        """Return the content of the file ``FILE``, as safetensors."""
        tensors = {
            "hashes": self.hashes,
            "vectors": self.vectors.astype(np.float16),
            "mean": self.mean,
            "limit": np.array([self.limit], np.float32),
            "keys": np.frombuffer(json.dumps(list(self.keys)).encode(), np.uint8),
        }
        return save(tensors)

    @classmethod
    def from_bytes(cls, body: bytes) -> "NearCopies":
        """Read the content of ``FILE``."""
        tensors = load(body)
        return cls(
            json.loads(tensors["keys"].tobytes()),
            tensors["hashes"],
            tensors["vectors"].astype(np.float32),
            tensors["mean"],
            float(tensors["limit"][0]),
        )


def read_near_copies(store: Store, manifest: Manifest) -> NearCopies:
    """Return what recognises the near copies of a published generator.

    Raises:
        CorruptVersionError: its file cannot be read.
    """
    body = store.read(manifest, FILE)
    try:
        return NearCopies.from_bytes(body)
    except (SafetensorError, KeyError, ValueError) as error:
        name = f"{manifest.kind}/{manifest.version}"
        raise CorruptVersionError(
            f"{name}/{FILE} cannot be read ({type(error).__name__}); {remake(name)}"
        ) from None


def _small(art: np.ndarray) -> np.ndarray:
    """Return (N, D) float32 small versions."""
    rows = [
        np.asarray(Image.fromarray(image).resize(_SMALL, Image.Resampling.BOX), np.float32).ravel()
        for image in np.ascontiguousarray(art)
    ]
    return np.stack(rows) if rows else np.empty((0, 3 * _SMALL[0] * _SMALL[1]), np.float32)


def _hashes(art: np.ndarray) -> np.ndarray:
    """Return (N, 2) perceptual hashes as integers."""
    texts = [
        perceptual_hashes(Image.fromarray(image).resize(_HASHED, Image.Resampling.BOX).convert("L"))
        for image in np.ascontiguousarray(art)
    ]
    integers = [[int(text, 16) for text in pair] for pair in texts]
    return np.array(integers, np.uint64).reshape(-1, 2)
