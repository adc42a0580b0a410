"""Sources from outside: what they hold, as one fingerprint, and their files staged in S3."""

import bz2
import gzip
import hashlib
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

from dustjacket.errors import BadInputError
from dustjacket.records import WHOLE, Part
from dustjacket.settings import Settings
from dustjacket.storage import Store

_UPLOADS = 8
_BUFFER = 1 << 20


@dataclass(frozen=True)
class SourceFile:
    """One file of a source, as an object in S3.

    Attributes:
        name: its path below the source's folder.
        size: in bytes.
    """

    name: str
    bucket: str
    key: str
    size: int = 0


def fingerprint(source: str, settings: Settings) -> str:
    """Return 64 hexadecimal digits for the content of ``source``, a path or s3:// address.

    Raises:
        BadInputError: it is not there, or holds nothing.
    """
    digest = hashlib.sha256()
    if source.startswith("s3://"):
        for key, etag, _ in s3_objects(source, settings):
            digest.update(f"{key}\0{etag}\0".encode())
        return digest.hexdigest()
    root = Path(source)
    for file in local_files(root):
        digest.update(file.relative_to(root if root.is_dir() else root.parent).as_posix().encode())
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def local_files(root: Path) -> list[Path]:
    """Return the file ``root``, or all files below the folder ``root``, in order.

    Raises:
        BadInputError: there is no such file or folder, or the folder is empty.
    """
    if root.is_file():
        return [root]
    files = sorted(file for file in root.rglob("*") if file.is_file()) if root.is_dir() else []
    if not files:
        what = "an empty folder" if root.is_dir() else "no file or folder"
        raise BadInputError(f"source {str(root)!r} is {what}: name one that holds data")
    return files


def s3_objects(source: str, settings: Settings) -> Iterator[tuple[str, str, int]]:
    """Yield ``(key, etag, size)`` of the object, or of those below the folder, at an address.

    Raises:
        BadInputError: nothing is there.
    """
    address = urlsplit(source)
    prefix = address.path.lstrip("/")
    pages = (
        Store(settings)
        .client.get_paginator("list_objects_v2")
        .paginate(Bucket=address.netloc, Prefix=prefix)
    )
    found = False
    for page in pages:
        for entry in page.get("Contents", []):
            if entry["Key"] == prefix or entry["Key"].startswith(prefix.rstrip("/") + "/"):
                found = True
                yield entry["Key"], entry["ETag"], entry["Size"]
    if not found:
        raise BadInputError(
            f"source {source!r} holds nothing: name an object or folder that is there"
        )


def stage(source: str, store: Store, wanted: Callable[[str], bool]) -> list[SourceFile]:
    """Return the files of ``source`` whose name is ``wanted``, as objects, in order of name.

    Files on local disk are first copied to ``sources/<fingerprint>/``, once for the same content,
    so that every machine of a cluster can read them. A link that leads out of the source's
    folder is not part of the source.

    Raises:
        BadInputError: the source is not there, or holds nothing.
    """
    if source.startswith("s3://"):
        address = urlsplit(source)
        prefix = address.path.lstrip("/")
        files = [
            SourceFile(
                key.removeprefix(prefix).lstrip("/") or PurePosixPath(key).name,
                address.netloc,
                key,
                size,
            )
            for key, _, size in s3_objects(source, store.settings)
        ]
        return sorted((file for file in files if wanted(file.name)), key=lambda file: file.name)
    return _staged(Path(source), store, wanted)


def opened(file: SourceFile, store: Store, part: Part = WHOLE) -> io.BufferedReader:
    """Return a stream of the file's bytes, which are fetched as they are read.

    What is compressed (gzip, bzip2, xz, Zstandard) is told by its first bytes and read as what it
    holds; reading it raises one of ``DAMAGED`` where it is broken or cut.

    Args:
        part: which bytes, of a file that is not compressed.
    """
    if part == WHOLE:
        body: Any = store.client.get_object(Bucket=file.bucket, Key=file.key)["Body"]
        return decompressed(io.BufferedReader(body, _BUFFER))
    end = "" if part.end is None else part.end - 1
    body = store.client.get_object(
        Bucket=file.bucket, Key=file.key, Range=f"bytes={part.offset}-{end}"
    )["Body"]
    return io.BufferedReader(body, _BUFFER)


DAMAGED = (EOFError, OSError, zlib.error, lzma.LZMAError, pa.ArrowInvalid)
"""What reading a compressed stream raises where it is broken."""

_COMPRESSED: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
    b"\x28\xb5\x2f\xfd": lambda stream: pa.CompressedInputStream(
        pa.PythonFile(stream, "r"), "zstd"
    ),
}


def is_compressed(file: SourceFile, store: Store) -> bool:
    """Return whether a file that is not empty is compressed, by its first bytes."""
    with opened(file, store, Part(end=6)) as stream:
        return stream.read().startswith(tuple(_COMPRESSED))


def decompressed(stream: io.BufferedReader) -> io.BufferedReader:
    """Return the bytes that a compressed stream holds, or the stream itself if it is not."""
    head = stream.peek(6)
    for signature, opener in _COMPRESSED.items():
        if head.startswith(signature):
            return io.BufferedReader(opener(stream), _BUFFER)
    return stream


def _staged(root: Path, store: Store, wanted: Callable[[str], bool]) -> list[SourceFile]:
    folder = root if root.is_dir() else root.parent
    prefix = f"sources/{fingerprint(str(root), store.settings)[:16]}/"
    there = dict(store.keys(prefix))
    paths = {
        path.relative_to(folder).as_posix(): path
        for path in local_files(root)
        if path == root or path.resolve().is_relative_to(folder.resolve())
    }
    files = [
        SourceFile(name, store.bucket, prefix + name, paths[name].stat().st_size)
        for name in sorted(filter(wanted, paths))
    ]

    def copy(file: SourceFile) -> None:
        if there.get(file.key) != file.size:
            store.client.upload_file(str(paths[file.name]), file.bucket, file.key)

    with ThreadPoolExecutor(_UPLOADS) as pool:
        for _ in pool.map(copy, files):
            pass
    return files
