"""The embeddings of one model, each computed once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from dustjacket.clip.data import Images, ImageSubset
from dustjacket.clip.embed import embed_covers, embed_texts
from dustjacket.clip.model import Clip


@dataclass
class Embedder:
    """A model with a cache of its embeddings.

    Attributes:
        images: n covers of the model's input size.
        batch_size: covers or texts embedded at a time.
    """

    clip: Clip
    images: Images
    batch_size: int
    _covers: dict[int, np.ndarray] = field(default_factory=dict)
    _texts: dict[str, np.ndarray] = field(default_factory=dict)

    def embed_covers(self, indices: np.ndarray) -> np.ndarray:
        """Return (indices, dimensions) of unit length, for the covers with these indices."""
        new = np.array([index for index in indices if index not in self._covers], dtype=np.int64)
        if len(new):
            embeddings = embed_covers(self.clip, ImageSubset(self.images, new), self.batch_size)
            self._covers.update(zip(new.tolist(), embeddings, strict=True))
        return _stack([self._covers[index] for index in indices])

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Return (texts, dimensions) of unit length."""
        new = [text for text in dict.fromkeys(texts) if text not in self._texts]
        if new:
            embeddings = embed_texts(self.clip, new, self.batch_size)
            self._texts.update(zip(new, embeddings, strict=True))
        return _stack([self._texts[text] for text in texts])


def _stack(vectors: Sequence[np.ndarray]) -> np.ndarray:
    return np.stack(vectors) if vectors else np.empty((0, 1), np.float32)
