"""Sources from outside: what they hold, as one fingerprint, and their files staged in S3."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from dustjacket.errors import BadInputError
from dustjacket.settings import Settings
from dustjacket.storage import Store

_CHUNK = 1 << 20


def fingerprint(source: str, settings: Settings) -> str:
    """Return 64 hexadecimal digits for the content of ``source``, a path or s3:// address.

    Raises:
        BadInputError: it is not there, or holds nothing.
    """
    digest = hashlib.sha256()
    if source.startswith("s3://"):
        for key, etag in s3_objects(source, settings):
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


def s3_objects(source: str, settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield ``(key, etag)`` of the object, or the objects below the folder, at an s3:// address.

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
                yield entry["Key"], entry["ETag"]
    if not found:
        raise BadInputError(
            f"source {source!r} holds nothing: name an object or folder that is there"
        )
