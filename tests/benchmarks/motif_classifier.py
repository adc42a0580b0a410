"""Classifiers of the colour and the thing that art of the sample shows."""

import random
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import nn

from dustjacket.generation.network import BASE, precision_context
from dustjacket.pretrained.hardware import has_fast_bf16
from dustjacket.sample.drawing import draw_cover
from dustjacket.sample.grammar import TRAINING_COLOURS, TRAINING_MOTIFS, is_held_out, make_book

_EPOCHS, _BATCH, _RATE = 8, 64, 4e-3
_SHIFT = 4  # pixels


@dataclass(frozen=True)
class Classifier:
    """A small convolutional network; art is at the size of the decoder."""

    network: nn.Module

    def named(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the (n,) colours and (n,) things of (n, 72, 48, 3) 8-bit pictures."""
        with torch.inference_mode():
            parts = [self.network(_pixels(part)) for part in torch.from_numpy(pictures).split(256)]
        colours, motifs = torch.cat(parts).split([len(TRAINING_COLOURS), len(TRAINING_MOTIFS)], 1)
        return (
            np.array(TRAINING_COLOURS)[colours.argmax(1).numpy()],
            np.array(TRAINING_MOTIFS)[motifs.argmax(1).numpy()],
        )


def _network() -> nn.Module:
    layers: list[nn.Module] = []
    sizes = [(3, 24, 1), (24, 48, 2), (48, 48, 1), (48, 96, 2), (96, 96, 1), (96, 160, 2),
             (160, 160, 1)]  # fmt: skip
    for inputs, outputs, stride in sizes:
        layers += [nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)]
        layers.append(nn.ReLU())
    classes = len(TRAINING_COLOURS) + len(TRAINING_MOTIFS)
    layers += [nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(160, classes)]
    return nn.Sequential(*layers)


def _pixels(pictures: torch.Tensor) -> torch.Tensor:
    return pictures.permute(0, 3, 1, 2).float() / 127.5 - 1


def _labelled(seed: int) -> tuple[np.ndarray, int, int]:
    rng = random.Random(f"classifier {seed}")
    while is_held_out((book := make_book(rng)).title):
        pass
    art = draw_cover(book, rng, text=False).convert("RGB").resize(BASE, Image.Resampling.BOX)
    return (
        np.asarray(art), TRAINING_COLOURS.index(book.colour), TRAINING_MOTIFS.index(book.motif)
    )  # fmt: skip


def train_classifier(folder: Path, count: int) -> Classifier:
    """Return a classifier that learnt from ``count`` covers; it is kept in ``folder``."""
    torch.manual_seed(0)
    network, file = _network(), folder / f"classifier-{count}.safetensors"
    if not file.is_file():
        with ProcessPoolExecutor() as pool:
            art, colours, motifs = zip(
                *pool.map(_labelled, range(count), chunksize=50), strict=True
            )
        _train(
            network, torch.from_numpy(np.stack(art)), torch.tensor(colours), torch.tensor(motifs)
        )
        folder.mkdir(parents=True, exist_ok=True)
        save_file(
            {name: tensor.contiguous() for name, tensor in network.state_dict().items()}, file
        )
    network.load_state_dict(load_file(file))
    return Classifier(network.eval())


def _train(
    network: nn.Module, art: torch.Tensor, colours: torch.Tensor, motifs: torch.Tensor
) -> None:
    network.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.02)
    steps = _EPOCHS * (len(art) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps)
    sizes, rng = [len(TRAINING_COLOURS), len(TRAINING_MOTIFS)], np.random.default_rng(0)
    for step in range(steps):
        if not step % (len(art) // _BATCH):
            order = torch.randperm(len(art))
        rows = order[step * _BATCH % (len(art) - _BATCH + 1) :][:_BATCH]
        pixels = _pixels(art[rows])
        flipped = torch.rand(len(rows)) < 0.5
        pixels[flipped] = pixels[flipped].flip(3)
        down, right = (int(shift) for shift in rng.integers(-_SHIFT, _SHIFT + 1, 2))
        moved = pixels.roll((down, right), (2, 3)).contiguous(memory_format=torch.channels_last)
        with precision_context(moved.device, bf16=has_fast_bf16()):
            colour, motif = network(moved).split(sizes, 1)
        loss = nn.functional.cross_entropy(colour.float(), colours[rows])
        loss = loss + nn.functional.cross_entropy(motif.float(), motifs[rows])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
