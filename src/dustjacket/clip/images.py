"""Covers decoded once, to squares of the model's size, on this machine's disk.

Shapes: N covers, B of them read together, C = 3 colours, H = W = the cache's size.
"""

import fcntl
import json
import logging
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from botocore.exceptions import ClientError

from dustjacket.clip.data import square_if_readable
from dustjacket.clip.retries import is_outage, retry_while_unavailable
from dustjacket.errors import CorruptVersionError
from dustjacket.settings import home
from dustjacket.storage.host import own_file, private_folder
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Return the folder of the decoded covers of this platform, or of this worker of a cluster."""
    return home() / "cache" / "covers"


class CoverCache:
    """Covers of a published version, indexed by row like an (N, 3, H, W) tensor.

    Each shard becomes one memory-mapped file, which all processes of a machine share. Above the
    limit, the least recently used files are deleted, and made again when needed.

    Attributes:
        size: pixels of a side.
    """

    def __init__(
        self,
        store: Store,
        covers: Manifest,
        books: pd.DataFrame,
        size: int,
        max_bytes: int,
        folder: Path | None = None,
    ) -> None:
        """Cache the covers of ``books``, rows with shard, offset and size, below ``folder``.

        Raises:
            DustjacketError: the folder is a link or belongs to another account.
        """
        self._store, self._covers, self.size, self._max_bytes = store, covers, size, max_bytes
        folder = private_folder(folder or cache_folder())
        self._folder = private_folder(folder / f"{covers.version}-{size}")
        self._unreadable: set[str] = set()  # shards; the next process tries them again
        self._rows = {str(shard): rows for shard, rows in books.groupby("shard")}
        self._shard_N = books["shard"].astype(str).to_numpy()
        self._place_N = np.empty(len(books), dtype=np.int64)  # within the shard's file
        for rows in self._rows.values():
            order = np.argsort(rows["offset"].to_numpy(), kind="stable")
            index = books.index.get_indexer(rows.index)
            self._place_N[index[order]] = np.arange(len(rows))
        needed_bytes = len(books) * 3 * size * size
        if needed_bytes > max_bytes:
            log.warning(
                "the covers need %.1f GiB, more than cache_gib=%.1f: they will be decoded again in "
                "every epoch; raise cache_gib", needed_bytes / 2**30, max_bytes / 2**30,
            )  # fmt: skip

    def __len__(self) -> int:
        return len(self._shard_N)

    def __getitem__(self, rows_B: np.ndarray) -> torch.Tensor:
        """Return (B, 3, H, W) 8-bit RGB; covers that cannot be decoded are black."""
        images_BCHW = np.empty((len(rows_B), 3, self.size, self.size), dtype=np.uint8)
        shard_B = self._shard_N[rows_B]
        for shard in np.unique(shard_B):
            in_shard = np.flatnonzero(shard_B == shard)
            places = self._place_N[rows_B[in_shard]]
            images_BCHW[in_shard] = self._open(str(shard))[places]
        return torch.from_numpy(images_BCHW)

    def broken(self, first: int = 0) -> np.ndarray:
        """Decode all covers that are not cached yet; return the rows that cannot be read, sorted.

        Args:
            first: the shard to begin with, so that processes of one machine share the work.
        """
        shards = sorted(self._rows)
        broken_N = np.zeros(len(self), dtype=bool)
        for number in range(len(shards)):
            shard = shards[(first + number) % len(shards)]
            self._open(shard)
            broken_in_shard_N = self._shard_N == shard
            if shard not in self._unreadable:
                places = json.loads(self._path(shard).with_suffix(".bad.json").read_text())
                broken_in_shard_N &= np.isin(self._place_N, places)
            broken_N |= broken_in_shard_N
        return np.flatnonzero(broken_N)

    def _path(self, shard: str) -> Path:
        return self._folder / f"{Path(shard).stem}-{len(self._rows[shard])}.npy"

    def _open(self, shard: str) -> np.ndarray:
        """Return the shard's covers, memory-mapped; decode them first if they are not cached."""
        path = self._path(shard)
        while shard not in self._unreadable:
            try:
                os.utime(own_file(path))
                return np.asarray(np.load(path, mmap_mode="r"))
            except FileNotFoundError:  # not decoded yet, or evicted by another process
                with self._locked(path):
                    if not path.exists():
                        self._decode(shard, path)
        return np.zeros(self._shape(shard), np.uint8)

    def _shape(self, shard: str) -> tuple[int, int, int, int]:
        return len(self._rows[shard]), 3, self.size, self.size

    @contextmanager
    def _locked(self, path: Path) -> Iterator[None]:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        lock = os.open(path.with_suffix(".lock"), flags, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _decode(self, shard: str, path: Path) -> None:
        rows = self._rows[shard].sort_values("offset")
        try:
            body = retry_while_unavailable(self._store.read)(self._covers, shard)
        except (CorruptVersionError, ClientError) as error:
            if is_outage(error):
                raise
            log.warning("%s cannot be read (%s): its covers are left out", shard, error)
            self._unreadable.add(shard)
            return

        def decode(offset: int, size: int) -> torch.Tensor | None:
            return square_if_readable(body[offset : offset + size], self.size)

        incomplete = path.with_suffix(f".{os.getpid()}")
        pixels = np.lib.format.open_memmap(
            incomplete, mode="w+", dtype=np.uint8, shape=self._shape(shard)
        )
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            images = list(pool.map(decode, rows["offset"], rows["size"]))
        for place, image in enumerate(images):
            if image is not None:
                pixels[place] = image.numpy()
        pixels.flush()
        broken = [place for place, image in enumerate(images) if image is None]
        path.with_suffix(".bad.json").write_text(json.dumps(broken))
        incomplete.replace(path)
        self._evict(newest=path)

    def _evict(self, newest: Path) -> None:
        files = []
        for file in self._folder.parent.rglob("*.npy"):
            with suppress(FileNotFoundError):  # evicted by another process
                files.append((file.stat().st_mtime, file.stat().st_size, file))
        total = sum(size for _, size, _ in files)
        for _, size, file in sorted(files):
            if total <= self._max_bytes:
                return
            if file != newest:
                total -= size
                file.unlink(missing_ok=True)
