"""Objects of a bucket below one key prefix, for Spark's workers to read and write."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from botocore.exceptions import ClientError

from dustjacket.settings import Settings
from dustjacket.sources.files import SourceFile
from dustjacket.sources.streams import opened
from dustjacket.storage.draft import Draft
from dustjacket.storage.s3 import status_of
from dustjacket.storage.store import Store


@dataclass(frozen=True)
class S3Prefix:
    """Objects whose keys begin with ``prefix``; paths are relative to it.

    It is pickled and sent to Spark's workers, so it holds settings and no connection.
    """

    settings: Settings
    bucket: str
    prefix: str

    @classmethod
    def of_store(cls, store: Store, prefix: str, bucket: str | None = None) -> "S3Prefix":
        """Return a prefix of the store's bucket, or of another one on the same server."""
        bucket = store.bucket if bucket is None else bucket
        return cls(store.settings.with_secrets_of("s3"), bucket, prefix)

    @classmethod
    def of_draft(cls, draft: Draft) -> "S3Prefix":
        """Return the prefix of a version that is being written."""
        return cls.of_store(draft.store, draft.prefix)

    def uri(self, path: str = "") -> str:
        """Return the address of a file or folder, for Spark."""
        return self._store.address(self.prefix + path, self.bucket)

    def has_files(self, folder: str) -> bool:
        """Return whether ``folder`` holds any file."""
        listing = self._store.client.list_objects_v2(
            Bucket=self.bucket, Prefix=f"{self.prefix}{folder}/", MaxKeys=1
        )
        return bool(listing.get("KeyCount"))

    def files(self, folder: str) -> list[str]:
        """Return the paths of the files in ``folder``, sorted."""
        return sorted(self.sizes(folder))

    def sizes(self, folder: str) -> dict[str, int]:
        """Return the size in bytes of each file in ``folder``, by path."""
        found = self._store.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=f"{self.prefix}{folder}/"
        )
        return {
            entry["Key"].removeprefix(self.prefix): entry["Size"]
            for page in found
            for entry in page.get("Contents", [])
        }

    def delete(self, path: str) -> None:
        """Delete one file."""
        self._store.client.delete_object(Bucket=self.bucket, Key=self.prefix + path)

    def open(self, path: str) -> BinaryIO:
        """Return a stream of the file's bytes; a compressed file is decompressed."""
        return opened(SourceFile(path, self.bucket, self.prefix + path), self._store)

    def read(self, path: str, offset: int = 0, size: int | None = None) -> bytes:
        """Return up to ``size`` bytes from ``offset``; fewer where the file ends earlier.

        Raises:
            FileNotFoundError: there is no such file.
        """
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
            if status_of(error) == 416:  # the file ends before the range
                return b""
            if status_of(error) != 404:
                raise
            raise FileNotFoundError(self.uri(path)) from None
        return reply["Body"].read() if size is None else reply["Body"].read(size)

    def upload(self, path: str, file: Path) -> None:
        """Write one file from local disk."""
        self._store.client.upload_file(str(file), self.bucket, self.prefix + path)

    @property
    def _store(self) -> Store:
        return _store(self.settings)


@lru_cache(maxsize=2)
def _store(settings: Settings) -> Store:
    return Store(settings)
