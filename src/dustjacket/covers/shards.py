"""Covers packed into tar files, with the byte range of each, so that one can be read alone."""

import io
import tarfile
from collections.abc import Iterable, Iterator
from typing import IO

_BLOCK = tarfile.BLOCKSIZE


def write_shard(stream: IO[bytes], covers: Iterable[tuple[str, bytes]]) -> Iterator[int]:
    """Write ``(name, body)`` to an uncompressed tar file; yield the offset of each body in it.

    The same covers give the same bytes: no time, owner or mode of this machine is kept.
    """
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, body in covers:
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            offset = stream.tell() + _BLOCK
            tar.addfile(entry, io.BytesIO(body))
            yield offset
