"""One model's embeddings of covers and texts, each made once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from dustjacket.clip.data import Images, ImageSubset
from dustjacket.clip.embed import embed_covers, embed_texts
from dustjacket.clip.model import Clip


@dataclass
class Embedder:
    """A model, and what it has embedded so far.

    Attributes:
        clip: the model.
        images: n covers of the model's size.
        batch: how many are embedded at a time.
    """

    clip: Clip
    images: Images
    batch: int
    _covers: dict[int, np.ndarray] = field(default_factory=dict)
    _texts: dict[str, np.ndarray] = field(default_factory=dict)

    def covers(self, rows: np.ndarray) -> np.ndarray:
        """Return (rows, dimensions) of unit length, of the covers with these numbers."""
        new = np.array([row for row in rows if row not in self._covers], dtype=np.int64)
        if len(new):
            found = embed_covers(self.clip, ImageSubset(self.images, new), self.batch)
            self._covers.update(zip(new.tolist(), found, strict=True))
        return _stacked([self._covers[row] for row in rows])

    def texts(self, texts: Sequence[str]) -> np.ndarray:
        """Return (texts, dimensions) of unit length."""
        new = [text for text in dict.fromkeys(texts) if text not in self._texts]
        if new:
            found = embed_texts(self.clip, new, self.batch)
            self._texts.update(zip(new, found, strict=True))
        return _stacked([self._texts[text] for text in texts])


def _stacked(vectors: Sequence[np.ndarray]) -> np.ndarray:
    return np.stack(vectors) if vectors else np.empty((0, 1), np.float32)
