"""Embeddings of covers and of books' texts, of unit length.

Shapes: N items, B of them embedded together, C = 3 colours, H = W image size, L tokens, D embedding
dimensions.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, pairwise
from typing import Any

import numpy as np
import torch
from open_clip.transformer import TextTransformer, VisionTransformer
from timm.layers.norm_act import BatchNormAct2d
from timm.models.efficientnet import EfficientNet
from torch.nn.utils.fusion import fuse_conv_bn_eval

from dustjacket.clip.data import Images, normalize_pixels, square_if_readable
from dustjacket.clip.model import Clip
from dustjacket.pretrained.hardware import has_fast_bf16


def embed_covers(clip: Clip, images: Images, batch_size: int = 128) -> np.ndarray:
    """Return the (N, D) float32 embeddings of (N, 3, H, W) 8-bit images, of unit length.

    They are computed in the precision of the image tower's weights.

    Raises:
        ValueError: there are no images.
    """
    precision = next(clip.model.visual.parameters()).dtype  # type: ignore[union-attr]

    def encode(images_BCHW: torch.Tensor) -> torch.Tensor:
        pixels_BCHW = normalize_pixels(images_BCHW, clip.model).to(precision)
        covers_BD: torch.Tensor = clip.model.encode_image(pixels_BCHW)  # type: ignore[operator]
        return torch.nn.functional.normalize(covers_BD.float(), dim=-1)

    return in_batches(encode, images, batch_size, clip).numpy()


def embed_files(
    clip: Clip, files: Iterable[tuple[str, bytes]], batch_size: int
) -> Iterator[tuple[tuple[str, ...], np.ndarray]]:
    """Yield the names and the (B, D) embeddings of image files, batch by batch.

    Files that cannot be decoded are left out.
    """
    images = ((name, square_if_readable(body, clip.image_size)) for name, body in files)
    readable = ((name, image) for name, image in images if image is not None)
    while batch := list(islice(readable, batch_size)):
        names, images_CHW = zip(*batch, strict=True)
        yield names, embed_covers(clip, torch.stack(images_CHW), batch_size)


def embed_texts(
    clip: Clip, texts: Sequence[str], batch_size: int = 128, *, normalize: bool = True
) -> np.ndarray:
    """Return the (N, D) float32 embeddings of texts, of unit length unless ``normalize`` is False.

    Raises:
        ValueError: there are no texts.
    """

    def encode(tokens_BL: torch.Tensor) -> torch.Tensor:
        texts_BD: torch.Tensor = clip.model.encode_text(clip.cut(tokens_BL)).float()  # type: ignore[operator]
        return torch.nn.functional.normalize(texts_BD, dim=-1) if normalize else texts_BD

    return in_batches(encode, clip.tokens(texts), batch_size, clip).numpy()


def optimize_for_inference(clip: Clip) -> Clip:
    """Make the towers faster, in place, at the cost of training them; return the model.

    open_clip's transformers get bf16 weights if the processor has bf16 instructions; this moves a
    cosine by less than 1e-2. EfficientNets would move by more, so their batch normalisations are
    folded into the convolutions before them instead, which is exact. Other towers stay as they are.
    """
    visual: Any = clip.model.visual
    for tower in (visual, clip.model.text):
        if isinstance(tower, VisionTransformer | TextTransformer) and has_fast_bf16():
            tower.bfloat16()
    if isinstance(getattr(visual, "trunk", None), EfficientNet):
        fold_batch_norms(visual.trunk.eval())
        visual.to(memory_format=torch.channels_last)
    return clip


def fold_batch_norms(trunk: torch.nn.Module) -> None:
    """Fold each batch normalisation of an EfficientNet into the convolution before it, in place."""
    for module in trunk.modules():
        children = list(module.named_children())
        for (conv_name, conv), (norm_name, norm) in pairwise(children):
            if isinstance(conv, torch.nn.Conv2d) and isinstance(norm, BatchNormAct2d):
                setattr(module, conv_name, fuse_conv_bn_eval(conv, norm))
                setattr(module, norm_name, norm.act)


@torch.inference_mode()
def in_batches(
    encode: Callable[[torch.Tensor], torch.Tensor], inputs: Images, batch_size: int, clip: Clip
) -> torch.Tensor:
    """Concatenate the results of ``encode`` on batches of ``inputs``, in evaluation mode.

    Raises:
        ValueError: there are no inputs, so the shape of a result is unknown.
    """
    if not len(inputs):
        raise ValueError("nothing to embed")
    was_training = clip.model.training
    clip.model.eval()
    try:
        rows, starts = np.arange(len(inputs)), range(0, len(inputs), batch_size)
        return torch.cat([encode(inputs[rows[start : start + batch_size]]) for start in starts])
    finally:
        clip.model.train(was_training)
