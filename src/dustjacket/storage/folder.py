"""A folder in place of the bucket, for an ingestion on this machine without an S3 server.

:class:`FolderClient` has the calls of an S3 client that this package makes. Objects of the bucket
are files below the folder. Keys of the bucket ``THIS_MACHINE`` are paths, so that source files are
read where they lie. Any other bucket is the user's, on the S3 server of the user's settings.
"""

import io
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from botocore.exceptions import ClientError

THIS_MACHINE = ""
"""The bucket whose keys are paths of this machine."""
FOLDER_BUCKET = "."
"""A name for the folder's bucket that no bucket of S3 can have."""
_BUFFER = 1 << 20


class FolderClient:
    """Objects as files below ``root``; refusals are those of S3.

    Files whose name begins with a dot are not listed: they are not complete yet.
    """

    def __init__(self, root: Path, bucket: str, connect: Callable[[], Any]) -> None:
        """Keep the objects of ``bucket`` below ``root``.

        Args:
            connect: returns the client for other buckets.
        """
        self._root, self._bucket, self._connect = root, bucket, connect

    @cached_property
    def _other(self) -> Any:
        return self._connect()

    def _is_here(self, bucket: str) -> bool:
        return bucket in (self._bucket, THIS_MACHINE)

    def path(self, bucket: str, key: str) -> Path:
        """Return the file of an object, which need not exist.

        Raises:
            ClientError: the key leads out of the folder.
        """
        if bucket == THIS_MACHINE:
            return Path(key)
        if not {".", ".."}.isdisjoint(key.split("/")) or key.startswith("/"):
            raise _refusal(400, f"{key!r} leads out of the folder")
        return self._root / key

    def head_bucket(self, Bucket: str) -> None:  # noqa: N803
        """Check that the folder exists."""
        if not self._root.is_dir():
            raise _refusal(404, Bucket)

    def create_bucket(self, Bucket: str) -> None:  # noqa: ARG002, N803
        """Create the folder."""
        self._root.mkdir(parents=True, exist_ok=True)

    def head_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        """Return the size of an object."""
        if not self._is_here(Bucket):
            reply: dict[str, Any] = self._other.head_object(Bucket=Bucket, Key=Key)
            return reply
        path = self.path(Bucket, Key)
        if not path.is_file():
            raise _refusal(404, Key)
        return {"ContentLength": path.stat().st_size}

    def get_object(self, Bucket: str, Key: str, **options: str) -> dict[str, Any]:  # noqa: N803
        """Return a stream of an object's bytes, or of those that ``Range`` names."""
        if not self._is_here(Bucket):
            reply: dict[str, Any] = self._other.get_object(Bucket=Bucket, Key=Key, **options)
            return reply
        path = self.path(Bucket, Key)
        if not path.is_file():
            raise _refusal(404, Key)
        size = path.stat().st_size
        first, _, last = options.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        if int(first) >= size and "Range" in options:
            raise _refusal(416, Key)
        end = min(int(last) + 1, size) if last else size
        return {"Body": Body(path, int(first), end), "ContentLength": end - int(first)}

    def put_object(self, Bucket: str, Key: str, Body: bytes, **options: str) -> None:  # noqa: N803
        """Write an object; with ``IfNoneMatch``, only if it does not exist."""
        path = self.path(Bucket, Key)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("xb" if "IfNoneMatch" in options else "wb") as file:
                file.write(Body)
        except FileExistsError:
            raise _refusal(412, Key) from None

    def upload_fileobj(self, file: BinaryIO, bucket: str, key: str) -> None:
        """Write an object, which appears when it is complete."""
        with self._new(bucket, key).open("xb") as part:
            shutil.copyfileobj(file, part, _BUFFER)
        Path(part.name).replace(self.path(bucket, key))

    def upload_file(self, file: str, bucket: str, key: str) -> None:
        """Copy a file, which appears when it is complete."""
        part = self._new(bucket, key)
        shutil.copyfile(file, part)
        part.replace(self.path(bucket, key))

    def copy_object(self, Bucket: str, Key: str, CopySource: dict[str, str]) -> None:  # noqa: N803
        """Copy an object of the folder."""
        self.upload_file(str(self.path(CopySource["Bucket"], CopySource["Key"])), Bucket, Key)

    def _new(self, bucket: str, key: str) -> Path:
        path = self.path(bucket, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.with_name(f".{secrets.token_hex(8)}.part")

    def download_file(self, bucket: str, key: str, file: str) -> None:
        """Copy an object to a file."""
        if not self._is_here(bucket):
            self._other.download_file(bucket, key, file)
            return
        with Body(self.path(bucket, key)) as body, Path(file).open("wb") as copy:
            shutil.copyfileobj(body, copy, _BUFFER)

    def delete_object(self, Bucket: str, Key: str) -> None:  # noqa: N803
        """Delete an object, if it exists."""
        self.path(Bucket, Key).unlink(missing_ok=True)

    def list_objects_v2(self, **call: Any) -> dict[str, Any]:
        """Return one page with all objects below ``Prefix``, or with its first ``MaxKeys``."""
        if not self._is_here(call["Bucket"]):
            reply: dict[str, Any] = self._other.list_objects_v2(**call)
            return reply
        found: list[dict[str, Any]] = []
        for key, file in self._keys(call["Bucket"], call.get("Prefix", "")):
            if len(found) == call.get("MaxKeys"):
                break
            modified = datetime.fromtimestamp(file.st_mtime, UTC)
            found.append({"Key": key, "Size": file.st_size, "LastModified": modified})
        return {"KeyCount": len(found), "Contents": found}

    def get_paginator(self, operation: str) -> "_Paginator":
        """Return what lists objects page by page."""
        return _Paginator(self, operation)

    def pages(self, operation: str, call: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the pages of a listing."""
        bucket, prefix = call["Bucket"], call.get("Prefix", "")
        if not self._is_here(bucket):
            yield from self._other.get_paginator(operation).paginate(**call)
        elif "Delimiter" in call:
            folder = self.path(bucket, prefix)
            names = sorted(each.name for each in folder.iterdir()) if folder.is_dir() else []
            yield {"CommonPrefixes": [{"Prefix": f"{prefix}{name}/"} for name in names]}
        else:
            yield self.list_objects_v2(**call)

    def _keys(self, bucket: str, prefix: str) -> Iterator[tuple[str, os.stat_result]]:
        """Yield key and status of the files whose key begins with ``prefix``, sorted by key."""
        folder, name = prefix.rpartition("/")[::2]
        root = self.path(bucket, folder) if folder else self._root
        found = []
        for parent, folders, files in os.walk(root):
            inside = Path(parent).relative_to(root).as_posix().removeprefix(".")
            if not inside:
                folders[:] = [each for each in folders if each.startswith(name)]
                files = [each for each in files if each.startswith(name)]  # noqa: PLW2901
            for file in files:
                if not file.startswith("."):
                    key = "/".join(part for part in (folder, inside, file) if part)
                    found.append((key, Path(parent, file).stat()))
        yield from sorted(found, key=lambda item: item[0])


class _Paginator:
    def __init__(self, client: FolderClient, operation: str) -> None:
        self._client, self._operation = client, operation

    def paginate(self, **call: Any) -> Iterator[dict[str, Any]]:
        return self._client.pages(self._operation, call)


class Body(io.RawIOBase):
    """The bytes ``first`` to ``end`` of a file, as the body of an S3 reply is read."""

    def __init__(self, path: Path, first: int = 0, end: int | None = None) -> None:
        """Open the file."""
        self._file = path.open("rb", buffering=0)
        self._first = first
        self._size = (path.stat().st_size if end is None else end) - first
        self._file.seek(first)

    def readable(self) -> bool:
        """Return true."""
        return True

    def seekable(self) -> bool:
        """Return true."""
        return True

    def tell(self) -> int:
        """Return the position, from ``first``."""
        return self._file.tell() - self._first

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position, from ``first``."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self.tell(), os.SEEK_END: self._size}[whence]
        return self._file.seek(self._first + max(start + offset, 0)) - self._first

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer, and return the number of bytes."""
        left = max(self._size - self.tell(), 0)
        return self._file.readinto(memoryview(buffer)[:left]) or 0

    def readall(self) -> bytes:
        """Return all bytes that are left."""
        return self.read(max(self._size - self.tell(), 0)) or b""

    def iter_chunks(self, size: int) -> Iterator[bytes]:
        """Yield the bytes that are left, ``size`` at a time."""
        while chunk := self.read(size):
            yield chunk

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


def _refusal(status: int, what: str) -> ClientError:
    reply: Any = {
        "Error": {"Code": str(status), "Message": what},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(reply, "folder")
