"""Embeddings of covers and of books' texts, of unit length."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, pairwise
from typing import Any

import numpy as np
import torch
from open_clip.transformer import TextTransformer, VisionTransformer
from timm.layers.norm_act import BatchNormAct2d
from timm.models.efficientnet import EfficientNet
from torch.nn.utils.fusion import fuse_conv_bn_eval

from dustjacket.clip.data import Images, normalised, square_if_readable
from dustjacket.clip.model import Clip
from dustjacket.pretrained.hardware import has_fast_bf16


def embed_covers(clip: Clip, images: Images, batch_size: int = 128) -> np.ndarray:
    """Return (n, dimensions) embeddings of (n, 3, size, size) 8-bit images.

    They are computed as precisely as the image tower's weights are kept, and are float32.
    """
    precision = next(clip.model.visual.parameters()).dtype  # type: ignore[union-attr]

    def encode(part: torch.Tensor) -> torch.Tensor:
        pixels = normalised(part, clip.model).to(precision)
        found: torch.Tensor = clip.model.encode_image(pixels)  # type: ignore[operator]
        return torch.nn.functional.normalize(found.float(), dim=-1)

    return in_batches(encode, images, batch_size, clip).numpy()


def embed_files(
    clip: Clip, files: Iterable[tuple[str, bytes]], batch_size: int
) -> Iterator[tuple[tuple[str, ...], np.ndarray]]:
    """Yield names and (names, dimensions) embeddings of image files, batch after batch.

    A file that is no picture is left out.
    """
    pictures = ((name, square_if_readable(body, clip.image_size)) for name, body in files)
    readable = ((name, picture) for name, picture in pictures if picture is not None)
    while batch := list(islice(readable, batch_size)):
        names, images = zip(*batch, strict=True)
        yield names, embed_covers(clip, torch.stack(images), batch_size)


def embed_texts(
    clip: Clip, texts: Sequence[str], batch_size: int = 128, *, normalize: bool = True
) -> np.ndarray:
    """Return (n, dimensions) embeddings of texts, of unit length unless not normalised."""

    def encode(part: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = clip.model.encode_text(clip.cut(part)).float()  # type: ignore[operator]
        return torch.nn.functional.normalize(found, dim=-1) if normalize else found

    return in_batches(encode, clip.tokens(texts), batch_size, clip).numpy()


def optimize_for_inference(clip: Clip) -> Clip:
    """Change the towers, in place, so that they only embed, but faster; return the model.

    Transformers of open_clip get bf16 weights where the processor has bf16, which moves a cosine by
    less than 1e-2. An EfficientNet's would move by more, so its batch normalisations are folded
    into the convolutions before them instead, which changes nothing. Other towers stay.
    """
    visual: Any = clip.model.visual
    for tower in (visual, clip.model.text):
        if isinstance(tower, VisionTransformer | TextTransformer) and has_fast_bf16():
            tower.bfloat16()
    if isinstance(getattr(visual, "trunk", None), EfficientNet):
        _fold(visual.trunk.eval())
        visual.to(memory_format=torch.channels_last)
    return clip


def _fold(trunk: torch.nn.Module) -> None:
    for part in trunk.modules():
        for (first, conv), (then, norm) in pairwise(list(part.named_children())):
            if isinstance(conv, torch.nn.Conv2d) and isinstance(norm, BatchNormAct2d):
                setattr(part, first, fuse_conv_bn_eval(conv, norm))
                setattr(part, then, norm.act)


@torch.inference_mode()
def in_batches(
    encode: Callable[[torch.Tensor], torch.Tensor], rows: Images, size: int, clip: Clip
) -> torch.Tensor:
    """Return what ``encode`` makes of all of ``rows``, ``size`` at a time, by a resting model.

    Raises:
        ValueError: there are no rows, so nothing tells what it would make of them.
    """
    if not len(rows):
        raise ValueError("nothing to embed")
    was_training = clip.model.training
    clip.model.eval()
    try:
        every = np.arange(len(rows))
        return torch.cat([encode(rows[every[at : at + size]]) for at in range(0, len(rows), size)])
    finally:
        clip.model.train(was_training)
