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
from botocore.exceptions import ClientError

from dustjacket.errors import BadInputError
from dustjacket.sources.archives import bounded, open_member
from dustjacket.sources.csv import WHOLE, ByteRange
from dustjacket.sources.files import SourceFile
from dustjacket.sources.tables import DamagedFileError
from dustjacket.storage.s3 import status_of
from dustjacket.storage.store import Store

_BUFFER = 1 << 20
_UNREADABLE = (PermissionError, IsADirectoryError, FileNotFoundError)
_CORRUPT = (
    EOFError, OSError, zlib.error, lzma.LZMAError, pa.ArrowException, UnicodeDecodeError
)  # fmt: skip


def opened(file: SourceFile, store: Store, part: ByteRange = WHOLE) -> io.BufferedReader:
    """Return a stream of the file's bytes, fetched while they are read.

    Compressed files (gzip, bzip2, xz, Zstandard) are recognised by their first bytes and
    decompressed. Read the stream inside :func:`corrupt_as_bad_input`.

    Args:
        part: bytes to read; only for files that are not compressed.

    Raises:
        BadInputError: the file is gone, or may not be read.
    """
    if part == WHOLE:
        stream = decompressed(_body(file, store))
        if file.member:
            stream = decompressed(open_member(stream, file.name, file.member))
        return stream
    end = "" if part.end is None else part.end - 1
    return _body(file, store, Range=f"bytes={part.offset}-{end}")


def _body(file: SourceFile, store: Store, **options: str) -> io.BufferedReader:
    client: Any = store.client
    try:
        body = client.get_object(Bucket=file.bucket, Key=file.key, **options)["Body"]
        return io.BufferedReader(body, _BUFFER)
    except (ClientError, *_UNREADABLE) as error:
        if isinstance(error, ClientError) and status_of(error) not in (403, 404):
            raise
        raise BadInputError(
            f"{file.name!r} is gone, or this account may not read it: give files that it can read"
        ) from error


_COMPRESSED: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
    b"\x28\xb5\x2f\xfd": lambda stream: pa.CompressedInputStream(
        pa.PythonFile(stream, "r"), "zstd"
    ),
}


def is_compressed(file: SourceFile, store: Store) -> bool:
    """Return whether a non-empty file is compressed or in an archive, by its first bytes."""
    if file.member:
        return True
    with opened(file, store, ByteRange(end=6)) as stream:
        return stream.read().startswith(tuple(_COMPRESSED))


def decompressed(stream: io.BufferedReader) -> io.BufferedReader:
    """Return a decompressing stream, or the stream itself if it is not compressed.

    Content that is hundreds of times as long as the file ends in an error.
    """
    head = stream.peek(6)
    for signature, opener in _COMPRESSED.items():
        if head.startswith(signature):
            compressed = _Counted(stream)
            return bounded(opener(compressed), compressed.size)
    return stream


class _Counted:
    """A stream that counts the bytes that are read from it."""

    closed = False

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self._count = 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._count += len(data)
        return data

    def size(self) -> int:
        return self._count

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._stream.close()


@contextmanager
def corrupt_as_bad_input(file: SourceFile) -> Iterator[None]:
    """Convert errors from reading a corrupt file to a BadInputError that names the file."""
    try:
        yield
    except (ConnectionError, TimeoutError):
        raise
    except DamagedFileError as error:
        raise BadInputError(f"{file.name!r} is damaged ({error}): give a whole file") from error
    except _CORRUPT as error:
        raise BadInputError(
            f"{file.name!r} is damaged ({type(error).__name__}: {error}): give a whole file"
        ) from error
