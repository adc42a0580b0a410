"""Embeddings of covers and of books' texts, of unit length."""

from collections.abc import Callable, Sequence

import numpy as np
import torch

from dustjacket.clip.data import Images, normalised
from dustjacket.clip.model import Clip


def embed_covers(clip: Clip, images: Images, batch_size: int = 128) -> np.ndarray:
    """Return (n, dimensions) embeddings of (n, 3, size, size) 8-bit images."""

    def encode(part: torch.Tensor) -> torch.Tensor:
        pixels = normalised(part, clip.model)
        return clip.model.encode_image(pixels, normalize=True)  # type: ignore[operator,no-any-return]

    return _in_batches(encode, images, batch_size, clip)


def embed_texts(
    clip: Clip, texts: Sequence[str], batch_size: int = 128, *, normalize: bool = True
) -> np.ndarray:
    """Return (n, dimensions) embeddings of texts, of unit length unless not normalised."""

    def encode(part: torch.Tensor) -> torch.Tensor:
        return clip.model.encode_text(clip.cut(part), normalize=normalize)  # type: ignore[operator,no-any-return]

    return _in_batches(encode, clip.tokens(texts), batch_size, clip)


@torch.inference_mode()
def _in_batches(
    encode: Callable[[torch.Tensor], torch.Tensor], rows: Images, size: int, clip: Clip
) -> np.ndarray:
    was_training = clip.model.training
    clip.model.eval()
    try:
        every = np.arange(len(rows))
        parts = [encode(rows[every[at : at + size]]) for at in range(0, len(rows), size)]
    finally:
        clip.model.train(was_training)
    return torch.cat(parts).numpy()
