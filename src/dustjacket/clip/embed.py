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
from timm.layers.conv2d_same import Conv2dSame
from timm.layers.norm_act import BatchNormAct2d
from timm.layers.padding import pad_same
from timm.models.efficientnet import EfficientNet
from torch.nn.utils.fusion import fuse_conv_bn_eval

from dustjacket.clip.data import Images, normalize_pixels, square_if_readable
from dustjacket.clip.model import Clip
from dustjacket.pretrained.hardware import has_fast_bf16

_EFFICIENTNET_BATCH = 4
"""Images that an EfficientNet embeds at a time on a CPU: the features of more leave its cache."""


def embed_covers(clip: Clip, images: Images, batch_size: int = 128) -> np.ndarray:
    """Return the (N, D) float32 embeddings of (N, 3, H, W) 8-bit images, of unit length.

    They are computed in the precision of the image tower's weights.

    Raises:
        ValueError: there are no images.
    """
    visual: Any = clip.model.visual
    weights = next(visual.parameters())
    precision = weights.dtype
    if not weights.is_cuda and _is_efficientnet(visual):
        batch_size = min(batch_size, _EFFICIENTNET_BATCH)

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
    cosine by less than 1e-2. EfficientNets would move by more (0.06), so their batch normalisations
    and activations are folded into the convolutions before them instead, which moves a cosine by
    less than 1e-5. Other towers stay as they are.
    """
    visual: Any = clip.model.visual
    for tower in (visual, clip.model.text):
        if isinstance(tower, VisionTransformer | TextTransformer) and has_fast_bf16():
            tower.bfloat16()
    if _is_efficientnet(visual):
        fold_batch_norms(visual.trunk.eval())
        fold_activations(visual.trunk)
        visual.to(memory_format=torch.channels_last)
    return clip


def _is_efficientnet(visual: Any) -> bool:
    return isinstance(getattr(visual, "trunk", None), EfficientNet)


def fold_batch_norms(trunk: torch.nn.Module) -> None:
    """Fold each batch normalisation of an EfficientNet into the convolution before it, in place."""
    for module, (conv_name, conv), (norm_name, norm) in _neighbours(trunk):
        if isinstance(conv, torch.nn.Conv2d) and isinstance(norm, BatchNormAct2d):
            setattr(module, conv_name, fuse_conv_bn_eval(conv, norm))
            setattr(module, norm_name, norm.act)


def fold_activations(trunk: torch.nn.Module) -> None:
    """Let oneDNN compute each ReLU6 with the convolution before it, in place, where it is there.

    That saves a pass over memory, and PyTorch's slow convolution for small kernels.
    """
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return
    for module, (_, conv), (activation_name, activation) in _neighbours(trunk):
        if type(conv) in _FUSED and isinstance(activation, torch.nn.ReLU6 | torch.nn.Identity):
            clamped = isinstance(activation, torch.nn.ReLU6)
            conv.__class__ = _FUSED[type(conv)]
            conv.post = ("hardtanh", [0.0, 6.0]) if clamped else ("none", [])
            setattr(module, activation_name, torch.nn.Identity())


def _neighbours(
    trunk: torch.nn.Module,
) -> Iterator[tuple[torch.nn.Module, tuple[str, Any], tuple[str, Any]]]:
    for module in trunk.modules():
        for before, after in pairwise(list(module.named_children())):
            yield module, before, after


class _Fused(torch.nn.Conv2d):
    """A convolution and what follows it, for inference on a CPU."""

    post: tuple[str, list[float]]

    def forward(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        return self._convolve(images_BCHW, list(self.padding))  # type: ignore[arg-type]

    def _convolve(self, images_BCHW: torch.Tensor, padding: list[int]) -> torch.Tensor:
        convolved_BCHW: torch.Tensor = torch.ops.mkldnn._convolution_pointwise(
            images_BCHW, self.weight, self.bias, padding, list(self.stride), list(self.dilation),
            self.groups, *self.post, "",
        )  # fmt: skip
        return convolved_BCHW


class _FusedSame(_Fused):
    """The same with TensorFlow's padding, which may be wider on the right and below."""

    def forward(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        padded_BCHW = pad_same(
            images_BCHW, list(self.kernel_size), list(self.stride), list(self.dilation)
        )
        return self._convolve(padded_BCHW, [0, 0])


_FUSED = {torch.nn.Conv2d: _Fused, Conv2dSame: _FusedSame}


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
