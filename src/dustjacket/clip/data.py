"""Pairs of cover and book, read from published versions, and the order they are trained in."""

import io
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
import torch
from PIL import Image

from dustjacket.clip.prompts import sampled_variants
from dustjacket.covers.read import read_images
from dustjacket.errors import BadInputError
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

_EVEN = 12  # as many as 1, 2, 3, 4, 6 or 12 processes share alike


class Images(Protocol):
    """Covers by number: a tensor, or what reads them from disk."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any, /) -> torch.Tensor:
        """Return (rows, 3, size, size) of 8-bit RGB for an array of numbers."""


@dataclass(frozen=True)
class SomeImages:
    """Some of the covers of others, counted from 0."""

    images: Images
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, rows: np.ndarray) -> torch.Tensor:
        return self.images[self.rows[rows]]


@dataclass(frozen=True)
class Pairs:
    """Covers and their books, row by row.

    Attributes:
        books: n rows of key, title, author, genre, group, split.
        images: (n, 3, size, size) of 8-bit RGB.
    """

    books: pd.DataFrame
    images: Images

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


def square_if_readable(body: bytes, size: int) -> torch.Tensor | None:
    """Return the same, or None for what is no picture."""
    try:
        return square(body, size)
    except (OSError, ValueError, SyntaxError):  # Pillow's
        return None


def normalised(images: torch.Tensor, model: torch.nn.Module) -> torch.Tensor:
    """Return images of 0 to 255 as the floats that ``model`` was made for."""
    mean, std = (
        torch.tensor(values, device=images.device).view(1, 3, 1, 1)
        for values in (model.visual.image_mean, model.visual.image_std)  # type: ignore[union-attr]
    )
    # Convolutions take half the time in this order.
    return ((images.float() / 255 - mean) / std).contiguous(memory_format=torch.channels_last)


@dataclass(frozen=True)
class Epoch:
    """All that is random in one pass over n books; it follows from seed and number alone.

    Attributes:
        order: (n,) the books in the order they are trained in.
        variants: (n,) which prompt of each book.
        shifts: (n, 2) pixels by which each cover is moved.
    """

    order: torch.Tensor
    variants: torch.Tensor
    shifts: torch.Tensor

    def batch(self, number: int, size: int) -> torch.Tensor:
        """Return (size,) the books of a batch, counted from 0; what fills none is left out."""
        return self.order[number * size : (number + 1) * size]


def draw_epoch(books: pd.DataFrame, seed: int, epoch: int, reach: int) -> Epoch:
    """Return the draws of an epoch, the same for any number of processes and after any restart.

    Args:
        reach: the most pixels that a cover is moved by.
    """
    rng = np.random.default_rng([seed, epoch])
    return Epoch(
        order=torch.from_numpy(rng.permutation(len(books))),
        variants=torch.from_numpy(sampled_variants(books, rng)),
        shifts=torch.from_numpy(rng.integers(-reach, reach + 1, size=(len(books), 2))),
    )


def batch_size(asked: int, pairs: int, processes: int) -> int:
    """Return the pairs in a batch: as many as asked for, or nearly all where there are fewer.

    It does not depend on the number of processes, who share it in equal parts.

    Raises:
        BadInputError: they cannot.
    """
    size = asked if asked <= pairs else pairs // _EVEN * _EVEN or pairs // 2 * 2
    if not size or size % processes:
        raise BadInputError(
            f"{processes} processes cannot share a batch of {size}, which is what {pairs} training "
            "pairs give: take fewer processes, or ingest more covers"
        )
    return size
