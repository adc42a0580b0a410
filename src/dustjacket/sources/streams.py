"""Streams of source files: fetched from S3 while they are read, and decompressed."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from dustjacket.errors import BadInputError
from dustjacket.sources.csv import WHOLE, ByteRange
from dustjacket.sources.files import SourceFile
from dustjacket.storage.store import Store

_BUFFER = 1 << 20
_CORRUPT = (
    EOFError, OSError, zlib.error, lzma.LZMAError, pa.ArrowException, UnicodeDecodeError
)  # fmt: skip


def opened(file: SourceFile, store: Store, part: ByteRange = WHOLE) -> io.BufferedReader:
    """Return a stream of the file's bytes, fetched while they are read.

    Compressed files (gzip, bzip2, xz, Zstandard) are recognised by their first bytes and
    decompressed. Read the stream inside :func:`corrupt_as_bad_input`.

    Args:
        part: bytes to read; only for files that are not compressed.
    """
    if part == WHOLE:
        body: Any = store.client.get_object(Bucket=file.bucket, Key=file.key)["Body"]
        return decompressed(io.BufferedReader(body, _BUFFER))
    end = "" if part.end is None else part.end - 1
    body = store.client.get_object(
        Bucket=file.bucket, Key=file.key, Range=f"bytes={part.offset}-{end}"
    )["Body"]
    return io.BufferedReader(body, _BUFFER)


_COMPRESSED: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
    b"\x28\xb5\x2f\xfd": lambda stream: pa.CompressedInputStream(
        pa.PythonFile(stream, "r"), "zstd"
    ),
}


def is_compressed(file: SourceFile, store: Store) -> bool:
    """Return whether a non-empty file is compressed, by its first bytes."""
    with opened(file, store, ByteRange(end=6)) as stream:
        return stream.read().startswith(tuple(_COMPRESSED))


def decompressed(stream: io.BufferedReader) -> io.BufferedReader:
    """Return a decompressing stream, or the stream itself if it is not compressed."""
    head = stream.peek(6)
    for signature, opener in _COMPRESSED.items():
        if head.startswith(signature):
            return io.BufferedReader(opener(stream), _BUFFER)
    return stream


@contextmanager
def corrupt_as_bad_input(file: SourceFile) -> Iterator[None]:
    """Convert errors from reading a corrupt file to a BadInputError that names the file."""
    try:
        yield
    except (ConnectionError, TimeoutError):
        raise
    except _CORRUPT as error:
        raise BadInputError(
            f"{file.name!r} is damaged ({type(error).__name__}: {error}): give a whole file"
        ) from error
