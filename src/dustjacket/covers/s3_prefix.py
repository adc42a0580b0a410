"""Where ingestion reads and writes files: in a bucket, or in a folder; both alike.

A place travels to Spark's workers, so it holds names and no connection.
"""

import shutil
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Protocol

from botocore.exceptions import ClientError

from dustjacket.settings import Settings
from dustjacket.sources.files import SourceFile
from dustjacket.sources.streams import decompressed, opened
from dustjacket.storage.draft import Draft
from dustjacket.storage.store import Store


class Place(Protocol):
    """Files below a common beginning, each named by its path from there."""

    def uri(self, path: str = "") -> str:
        """Return the address of a file or folder, for Spark."""
        ...

    def has(self, folder: str) -> bool:
        """Return whether there is any file in ``folder``."""
        ...

    def open(self, path: str) -> BinaryIO:
        """Return a stream of the file's bytes, decompressed if it is compressed."""
        ...

    def read(self, path: str, offset: int = 0, size: int | None = None) -> bytes:
        """Return up to ``size`` bytes of the file, from ``offset`` on.

        Raises:
            FileNotFoundError: there is no such file.
        """
        ...

    def upload(self, path: str, file: Path) -> None:
        """Write one file from local disk."""
        ...


@dataclass(frozen=True)
class Objects:
    """Objects of a bucket whose keys begin with ``prefix``."""

    settings: Settings
    bucket: str
    prefix: str

    @classmethod
    def of_draft(cls, draft: Draft) -> "Objects":
        """Return the place of a version that is being made."""
        return cls(draft.store.settings, draft.store.bucket, draft.prefix)

    def uri(self, path: str = "") -> str:
        """See :meth:`Place.uri`."""
        return f"s3a://{self.bucket}/{self.prefix}{path}"

    def has(self, folder: str) -> bool:
        """See :meth:`Place.has`."""
        found = self._store.client.list_objects_v2(
            Bucket=self.bucket, Prefix=f"{self.prefix}{folder}/", MaxKeys=1
        )
        return bool(found.get("KeyCount"))

    def open(self, path: str) -> BinaryIO:
        """See :meth:`Place.open`."""
        return opened(SourceFile(path, self.bucket, self.prefix + path), self._store)

    def read(self, path: str, offset: int = 0, size: int | None = None) -> bytes:
        """See :meth:`Place.read`."""
        last = offset + size - 1 if size else ""
        try:
            reply = (
                self._store.client.get_object(
                    Bucket=self.bucket, Key=self.prefix + path, Range=f"bytes={offset}-{last}"
                )
                if offset
                else self._store.client.get_object(Bucket=self.bucket, Key=self.prefix + path)
            )
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status == 416:  # it ends before
                return b""
            if status != 404:
                raise
            raise FileNotFoundError(self.uri(path)) from None
        return reply["Body"].read(size)

    def upload(self, path: str, file: Path) -> None:
        """See :meth:`Place.upload`."""
        self._store.client.upload_file(str(file), self.bucket, self.prefix + path)

    @property
    def _store(self) -> Store:
        return _store(self.settings)


@dataclass(frozen=True)
class Folder:
    """Files of a folder on local disk."""

    root: Path

    def uri(self, path: str = "") -> str:
        """See :meth:`Place.uri`."""
        return (self.root / path).absolute().as_uri()

    def has(self, folder: str) -> bool:
        """See :meth:`Place.has`."""
        path = self.root / folder
        return path.is_dir() and any(path.iterdir())

    def open(self, path: str) -> BinaryIO:
        """See :meth:`Place.open`."""
        return decompressed((self.root / path).open("rb"))

    def read(self, path: str, offset: int = 0, size: int | None = None) -> bytes:
        """See :meth:`Place.read`."""
        with (self.root / path).open("rb") as stream:
            stream.seek(offset)
            return stream.read(-1 if size is None else size)

    def upload(self, path: str, file: Path) -> None:
        """See :meth:`Place.upload`."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        shutil.copyfile(file, part)
        part.replace(target)


@lru_cache(maxsize=2)
def _store(settings: Settings) -> Store:
    return Store(settings)
