"""Textless art of covers: their text is found by OCR and painted over, once for each cover.

Shapes: N covers, height and width as given, 3 colours.
"""

import io
import json
import logging
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from threading import local

import numpy as np
import pandas as pd
from PIL import Image

from dustjacket.clip.retries import retry_while_unavailable
from dustjacket.covers.ocr import CoverReader
from dustjacket.covers.read import read_images
from dustjacket.settings import home
from dustjacket.storage.host import own_file, private_folder
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store
from dustjacket.typesetting.habits import TextBox

log = logging.getLogger(__name__)

LARGE = (192, 288)
"""Width and height at which art is kept, in pixels; all other sizes are made from it."""
_VERSION = 2
"""Of the method: another one makes all art anew."""
_BATCH = 200
"""Covers in memory at a time."""
_SAMPLE = 32
"""Covers whose art is read again, for the share of text that is left."""


def textless_art(
    store: Store, covers: Manifest, books: pd.DataFrame, size: tuple[int, int]
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the textless art of covers, made once for each cover on this machine.

    It is kept on disk by the hash of the cover's file: a cover that is published again, in any
    version, is not read again.

    Args:
        books: rows of key, shard, offset, size and sha256.
        size: width and height in pixels.

    Returns:
        The n rows of ``books`` whose cover could be decoded, and (n, height, width, 3) 8-bit art.
    """
    folder, reader = art_folder(), Readers()
    missing = books[[not _path(folder, name).exists() for name in books["sha256"]]]
    missing = missing.drop_duplicates("sha256").set_index("key", drop=False)
    done = 0
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for some in _batches(store, covers, missing):
            done += len(list(pool.map(lambda item: _write(folder, reader, *item), some)))
            log.info("painted over the text of %d of %d covers", done, len(missing))
        read = partial(_read, folder=folder, size=size)
        images = list(pool.map(read, books["sha256"]))
    readable = [image is not None for image in images]
    art = [image for image in images if image is not None]
    return books[readable], np.stack(art) if art else np.zeros((0, size[1], size[0], 3), np.uint8)


def text_left(books: pd.DataFrame, seed: int) -> float:
    """Return the share of characters that OCR still reads in the art of a sample of covers.

    Args:
        books: rows with sha256, whose art :func:`textless_art` has made.
    """
    folder, reader = art_folder(), CoverReader()
    before = after = 0
    for sha256 in books["sha256"].sample(min(len(books), _SAMPLE), random_state=seed):
        path = _path(folder, sha256)
        before += json.loads(path.with_suffix(".json").read_text())["characters"]
        left = reader.read(path.read_bytes())
        after += characters(left.lines) if left else 0
    return after / max(before, 1)


def text_boxes(books: pd.DataFrame) -> list[list[TextBox]]:
    """Return the boxes of the lines of text on each cover, whose art was made.

    Args:
        books: rows with sha256, that :func:`textless_art` has returned.
    """
    paths = [_path(art_folder(), sha256).with_suffix(".json") for sha256 in books["sha256"]]
    return [json.loads(path.read_text())["boxes"] for path in paths]


def art_folder() -> Path:
    """Return the folder of the art of this platform, or of this worker of a cluster.

    Raises:
        DustjacketError: the folder is a link or belongs to another account.
    """
    return private_folder(home() / "cache" / f"art-{_VERSION}")


def characters(lines: Sequence[str]) -> int:
    """Return the number of characters in lines of text, without spaces."""
    return sum(len("".join(line.split())) for line in lines)


class Readers(local):
    """A reader for each thread: one cannot be shared."""

    @cached_property
    def own(self) -> CoverReader:
        """The reader of this thread."""
        return CoverReader()


def _path(folder: Path, sha256: str) -> Path:
    return folder / sha256[:2] / f"{sha256}.png"


def _batches(
    store: Store, covers: Manifest, books: pd.DataFrame
) -> Iterator[list[tuple[str, bytes]]]:
    """Yield hashes and image files, some at a time, to bound memory."""
    for _, part in books.groupby("shard"):
        for first in range(0, len(part), _BATCH):
            some = part.iloc[first : first + _BATCH]
            images = retry_while_unavailable(lambda rows: dict(read_images(store, covers, rows)))
            yield [(some["sha256"][key], body) for key, body in images(some).items()]


def _write(folder: Path, readers: Readers, sha256: str, body: bytes) -> None:
    text = readers.own.read(body)
    path, image = _path(folder, sha256), io.BytesIO()
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if text is not None:
        with Image.open(io.BytesIO(text.painted)) as painted:
            small = painted.convert("RGB").resize(LARGE, Image.Resampling.LANCZOS)
        small.save(image, "PNG", compress_level=1)
        found = {"characters": characters(text.lines), "boxes": text.boxes}
        _replace(path.with_suffix(".json"), json.dumps(found).encode())
    _replace(path, image.getvalue())  # last: it marks the cover as done; empty if unreadable


def _read(sha256: str, folder: Path, size: tuple[int, int]) -> np.ndarray | None:
    body = own_file(_path(folder, sha256)).read_bytes()
    if not body:
        return None
    with Image.open(io.BytesIO(body)) as image:
        return np.asarray(image.resize(size, Image.Resampling.BOX))


def _replace(path: Path, body: bytes) -> None:
    part = path.with_suffix(f".{os.getpid()}")
    part.write_bytes(body)
    part.replace(path)
