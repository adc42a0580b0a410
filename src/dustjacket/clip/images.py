"""Covers decoded once, to squares of the model's size, on this machine's disk."""

import fcntl
import json
import logging
import os
import tempfile
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
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Return the folder of this user's decoded covers."""
    return Path(tempfile.gettempdir()) / f"dustjacket-covers-{os.getuid()}"


class CoverCache:
    """Covers of a published version, indexed by row like a tensor of (n, 3, size, size).

    A shard becomes one memory-mapped file, which all processes of a machine share. Files beyond
    the limit are deleted, those longest unused first, and made again where they are asked for.

    Attributes:
        size: pixels of a side.
    """

    def __init__(
        self,
        store: Store,
        covers: Manifest,
        books: pd.DataFrame,
        size: int,
        most_bytes: int,
        folder: Path | None = None,
    ) -> None:
        """Keep the covers of ``books``, rows with shard, offset and size, below ``folder``."""
        self._store, self._covers, self.size, self._most = store, covers, size, most_bytes
        self._folder = (folder or cache_folder()) / f"{covers.version}-{size}"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lost: set[str] = set()  # shards that cannot be read now; a later process may
        self._rows = {str(shard): part for shard, part in books.groupby("shard")}
        self._shard = books["shard"].astype(str).to_numpy()
        self._place = np.empty(len(books), dtype=np.int64)
        for part in self._rows.values():
            order = np.argsort(part["offset"].to_numpy(), kind="stable")
            at = books.index.get_indexer(part.index)
            self._place[at[order]] = np.arange(len(part))
        needed = len(books) * 3 * size * size
        if needed > most_bytes:
            log.warning(
                "covers of %.1f GiB do not fit in cache_gib=%.1f: they will be read again and "
                "again; raise it", needed / 2**30, most_bytes / 2**30,
            )  # fmt: skip

    def __len__(self) -> int:
        return len(self._shard)

    def __getitem__(self, rows: np.ndarray) -> torch.Tensor:
        """Return (rows, 3, size, size) of 8-bit RGB; a cover that cannot be decoded is black."""
        found = np.empty((len(rows), 3, self.size, self.size), dtype=np.uint8)
        for shard in np.unique(self._shard[rows]):
            there = np.flatnonzero(self._shard[rows] == shard)
            found[there] = self._shard_of(str(shard))[self._place[rows[there]]]
        return torch.from_numpy(found)

    def broken(self, first: int = 0) -> np.ndarray:
        """Decode what is not yet here; return the rows whose cover cannot be had, in order.

        Args:
            first: the shard to begin with, so that processes side by side share the work.
        """
        shards = sorted(self._rows)
        bad = np.zeros(len(self), dtype=bool)
        for number in range(len(shards)):
            shard = shards[(first + number) % len(shards)]
            self._shard_of(shard)
            of_shard = self._shard == shard
            if shard not in self._lost:
                places = json.loads(self._path(shard).with_suffix(".bad.json").read_text())
                of_shard &= np.isin(self._place, places)
            bad |= of_shard
        return np.flatnonzero(bad)

    def _path(self, shard: str) -> Path:
        return self._folder / f"{Path(shard).stem}-{len(self._rows[shard])}.npy"

    def _shard_of(self, shard: str) -> np.ndarray:
        path = self._path(shard)
        while shard not in self._lost:
            try:
                os.utime(path)
                return np.asarray(np.load(path, mmap_mode="r"))
            except FileNotFoundError:  # not yet here, or deleted by a process that needs the room
                with self._locked(path):
                    if not path.exists():
                        self._decode(shard, path)
        return np.zeros(self._shape(shard), np.uint8)

    def _shape(self, shard: str) -> tuple[int, int, int, int]:
        return len(self._rows[shard]), 3, self.size, self.size

    @contextmanager
    def _locked(self, path: Path) -> Iterator[None]:
        with path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _decode(self, shard: str, path: Path) -> None:
        part = self._rows[shard].sort_values("offset")
        places = list(zip(part["offset"], part["size"], strict=True))
        try:
            body = retry_while_unavailable(self._store.read)(self._covers, shard)
        except (CorruptVersionError, ClientError) as error:
            if is_outage(error):
                raise
            log.warning("%s cannot be read (%s): its covers are left out", shard, error)
            self._lost.add(shard)
            return

        def decode(place: tuple[int, int]) -> torch.Tensor | None:
            offset, size = place
            return square_if_readable(body[offset : offset + size], self.size)

        arriving = path.with_suffix(f".{os.getpid()}")
        pixels = np.lib.format.open_memmap(
            arriving, mode="w+", dtype=np.uint8, shape=self._shape(shard)
        )
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            found = list(pool.map(decode, places))
        for at, image in enumerate(found):
            if image is not None:
                pixels[at] = image.numpy()
        pixels.flush()
        bad = [at for at, image in enumerate(found) if image is None]
        path.with_suffix(".bad.json").write_text(json.dumps(bad))
        arriving.replace(path)
        self._evict(path)

    def _evict(self, newest: Path) -> None:
        found = []
        for file in self._folder.parent.rglob("*.npy"):
            with suppress(FileNotFoundError):  # another process makes room too
                found.append((file.stat().st_mtime, file.stat().st_size, file))
        total = sum(size for _, size, _ in found)
        for _, size, file in sorted(found):
            if total <= self._most:
                return
            if file != newest:
                total -= size
                file.unlink(missing_ok=True)
