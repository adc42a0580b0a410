"""Files packed into tar files, with the byte range of each, so that one can be read alone."""

import io
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO, Self

_BLOCK = tarfile.BLOCKSIZE
_IN_MEMORY = 64 << 20


def write_shard(stream: IO[bytes], files: Iterable[tuple[str, bytes]]) -> Iterator[int]:
    """Write ``(name, body)`` to an uncompressed tar file; yield the offset of each body in it.

    The same files give the same bytes: no time, owner or mode of this machine is kept.
    """
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, body in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            offset = stream.tell() + _BLOCK
            tar.addfile(entry, io.BytesIO(body))
            yield offset


class ShardWriter:
    """Bodies that come in any order, kept on local disk until they are read in the order wanted."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed at exit
        self._ranges: dict[str, tuple[int, int]] = {}
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, name: str, body: bytes) -> None:
        """Keep ``body`` as ``name``."""
        self._file.seek(self.size)
        self._file.write(body)
        self._ranges[name] = self.size, len(body)
        self.size += len(body)

    def read(self, name: str) -> bytes:
        """Return what was kept as ``name``."""
        offset, size = self._ranges[name]
        self._file.seek(offset)
        return self._file.read(size)
