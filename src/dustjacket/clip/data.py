"""Pairs of cover and book, read from published versions, and the random draws of an epoch.

Shapes: B images of a batch, C = 3 colours, H = W = the model's image size, N pairs.
"""

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
from dustjacket.identity.groups import component_labels
from dustjacket.identity.titles import title_key
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

_SMALL_BATCH_MULTIPLE = 12
"""1, 2, 3, 4, 6 and 12 processes share such a batch in equal parts."""


class Images(Protocol):
    """Covers indexed by row: a tensor, or a reader that takes them from disk."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any, /) -> torch.Tensor:
        """Return (B, 3, H, W) 8-bit RGB for an array of B rows."""


@dataclass(frozen=True)
class ImageSubset:
    """A selection of rows of ``images``, indexed from 0."""

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
        books: N rows of key, title, author, genre, group, split.
        images: (N, 3, H, W) 8-bit RGB.
    """

    books: pd.DataFrame
    images: Images

    def __len__(self) -> int:
        return len(self.books)


def read_pairs(store: Store, covers: Manifest, books: pd.DataFrame, size: int) -> Pairs:
    """Read the covers of ``books`` into memory, as squares of ``size`` pixels.

    Args:
        books: rows of a covers index or of labels, which share their columns.

    Returns:
        Pairs in the order in which the shards hold their covers.
    """
    images: dict[str, torch.Tensor] = {
        key: square(body, size) for key, body in read_images(store, covers, books)
    }
    books = books.set_index("key", drop=False).loc[list(images)].reset_index(drop=True)
    empty = torch.empty((0, 3, size, size), dtype=torch.uint8)
    return Pairs(books, torch.stack(list(images.values())) if images else empty)


def square(body: bytes, size: int) -> torch.Tensor:
    """Decode an image file and resize it to (3, size, size) 8-bit RGB.

    The aspect ratio is not kept: cropping would cut off titles.

    Raises:
        OSError, ValueError, SyntaxError: Pillow cannot decode it.
    """
    with Image.open(io.BytesIO(body)) as image:
        image.draft("RGB", (2 * size, 2 * size))
        pixels = image.convert("RGB").resize((size, size), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(pixels)).permute(2, 0, 1).contiguous()


def square_if_readable(body: bytes, size: int) -> torch.Tensor | None:
    """Return :func:`square` of an image file, or None if it cannot be decoded."""
    try:
        return square(body, size)
    except (OSError, ValueError, SyntaxError):
        return None


def normalize_pixels(images_BCHW: torch.Tensor, model: torch.nn.Module) -> torch.Tensor:
    """Convert 8-bit images to floats with the mean and deviation that ``model`` expects."""
    mean, std = (
        torch.tensor(values, device=images_BCHW.device).view(1, 3, 1, 1)
        for values in (model.visual.image_mean, model.visual.image_std)  # type: ignore[union-attr]
    )
    # Convolutions are twice as fast in this memory layout.
    return ((images_BCHW.float() / 255 - mean) / std).contiguous(memory_format=torch.channels_last)


def book_numbers(books: pd.DataFrame) -> torch.Tensor:
    """Return (N,) numbers, equal for rows that are no negatives of each other.

    These are rows of one book group (so also look-alike covers), and of one title, whatever its
    spelling and edition. Two rows that a third one connects are no negatives either.
    """
    rows = np.arange(len(books))
    titles, groups = (
        pd.factorize(values)[0] for values in (books["title"].map(title_key), books["group"])
    )
    titles, groups = titles + len(rows), groups + 2 * len(rows)
    labels = component_labels(3 * len(rows), np.tile(rows, 2), np.concatenate([titles, groups]))
    return torch.from_numpy(labels[: len(rows)])


@dataclass(frozen=True)
class EpochDraws:
    """All random draws of one pass over N books; a function of seed and epoch alone.

    Attributes:
        order: (N,) rows of the books in training order.
        variants: (N,) prompt variant of each book.
        shifts: (N, 2) pixels by which each cover is moved, down and right.
    """

    order: torch.Tensor
    variants: torch.Tensor
    shifts: torch.Tensor

    def batch(self, number: int, size: int) -> torch.Tensor:
        """Return the (size,) rows of a full batch, counted from 0."""
        return self.order[number * size : (number + 1) * size]


def draw_epoch(books: pd.DataFrame, seed: int, epoch: int, max_shift: int) -> EpochDraws:
    """Draw an epoch: the same for any number of processes, and after any restart.

    Args:
        max_shift: pixels that a cover is moved by at most, in each direction.
    """
    rng = np.random.default_rng([seed, epoch])
    return EpochDraws(
        order=torch.from_numpy(rng.permutation(len(books))),
        variants=torch.from_numpy(sampled_variants(books, rng)),
        shifts=torch.from_numpy(rng.integers(-max_shift, max_shift + 1, size=(len(books), 2))),
    )


def global_batch_size(requested: int, pairs: int, processes: int) -> int:
    """Return the size of the global batch: ``requested``, or nearly all pairs if there are fewer.

    It does not depend on the number of processes, so that the training does not either.

    Raises:
        BadInputError: the processes cannot share that batch in equal parts.
    """
    size = requested
    if requested > pairs:
        size = pairs // _SMALL_BATCH_MULTIPLE * _SMALL_BATCH_MULTIPLE or pairs // 2 * 2
    if not size or size % processes:
        raise BadInputError(
            f"{processes} processes cannot share a batch of {size} ({pairs} training pairs): use "
            "fewer processes, or ingest more covers"
        )
    return size
