"""Pairs of cover and book, read from published versions, and the order they are trained in."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from PIL import Image

from dustjacket.covers.read import read_images
from dustjacket.storage import Manifest, Store


@dataclass(frozen=True)
class Pairs:
    """Covers and their books, row by row.

    Attributes:
        books: n rows of key, title, author, genre, group, split.
        images: (n, 3, size, size) of 8-bit RGB.
    """

    books: pd.DataFrame
    images: torch.Tensor

    def __len__(self) -> int:
        return len(self.books)


def read_pairs(store: Store, covers: Manifest, books: pd.DataFrame, size: int) -> Pairs:
    """Return the covers of ``books`` as squares of ``size`` pixels, in the order of their shards.

    Args:
        books: rows of a covers index or of labels, which share their columns.
    """
    images: dict[str, torch.Tensor] = {
        key: square(body, size) for key, body in read_images(store, covers, books)
    }
    books = books.set_index("key", drop=False).loc[list(images)].reset_index(drop=True)
    empty = torch.empty((0, 3, size, size), dtype=torch.uint8)
    return Pairs(books, torch.stack(list(images.values())) if images else empty)


def square(body: bytes, size: int) -> torch.Tensor:
    """Return a stored cover as (3, size, size) 8-bit RGB, squashed so that all of it is seen."""
    with Image.open(io.BytesIO(body)) as image:
        image.draft("RGB", (2 * size, 2 * size))
        pixels = image.convert("RGB").resize((size, size), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(pixels)).permute(2, 0, 1).contiguous()


def normalised(images: torch.Tensor, model: torch.nn.Module) -> torch.Tensor:
    """Return 8-bit images as the floats that ``model`` was made for."""
    mean, std = (
        torch.tensor(values).view(1, 3, 1, 1)
        for values in (model.visual.image_mean, model.visual.image_std)  # type: ignore[union-attr]
    )
    return (images.float() / 255 - mean) / std


def batches(
    count: int, batch_size: int, seed: int, epoch: int, *, rank: int = 0, world: int = 1
) -> Iterator[np.ndarray]:
    """Yield the rows of each batch of one epoch that process ``rank`` of ``world`` trains on.

    The global batches follow from ``seed`` and ``epoch`` alone, so any number of processes that
    divides ``batch_size`` sees the same ones. What fills no batch waits for another epoch's order.
    """
    order = np.random.default_rng([seed, epoch]).permutation(count)
    for start in range(0, count - batch_size + 1, batch_size):
        yield np.array_split(order[start : start + batch_size], world)[rank]
