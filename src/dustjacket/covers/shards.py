"""Tar shards, with the byte range of each file, so that one file can be read by range."""

import io
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO, Self

_MAX_IN_MEMORY = 64 << 20


def write_shard(stream: IO[bytes], files: Iterable[tuple[str, bytes]]) -> Iterator[int]:
    """Write ``(name, body)`` to an uncompressed tar file; yield the offset of each body in it.

    The result is reproducible: times, owners and modes are not stored.
    """
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, body in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            offset = stream.tell() + tarfile.BLOCKSIZE
            tar.addfile(entry, io.BytesIO(body))
            yield offset


class DiskBuffer:
    """Bodies by name, in memory up to 64 MiB and then on local disk, read in any order."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(_MAX_IN_MEMORY)  # noqa: SIM115 - see __exit__
        self._ranges: dict[str, tuple[int, int]] = {}
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, name: str, body: bytes) -> None:
        """Store ``body`` as ``name``."""
        self._file.seek(self.size)
        self._file.write(body)
        self._ranges[name] = self.size, len(body)
        self.size += len(body)

    def read(self, name: str) -> bytes:
        """Return the body stored as ``name``."""
        offset, size = self._ranges[name]
        self._file.seek(offset)
        return self._file.read(size)
