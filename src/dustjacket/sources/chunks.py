"""Streams made of chunks of bytes, and chunks made of streams."""

import io
from collections.abc import Iterator
from typing import IO, Any, BinaryIO, cast

CHUNK = 256 << 10


def chunks_of(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the rest of a stream in chunks."""
    while chunk := stream.read(CHUNK):
        yield chunk


def stream_of(chunks: Iterator[bytes]) -> io.BufferedReader:
    """Return a stream of the bytes that an iterator yields; empty chunks are left out."""
    return io.BufferedReader(cast("io.RawIOBase", _Chunks(chunks)), CHUNK)


def resumed(head: bytes, rest: BinaryIO) -> io.BufferedReader:
    """Return a stream of its first bytes, which were read before, and the rest."""

    def chunks() -> Iterator[bytes]:
        yield head
        yield from chunks_of(rest)

    return stream_of(chunks())


class _Chunks(io.RawIOBase):
    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._ready = memoryview(chunk)
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size
