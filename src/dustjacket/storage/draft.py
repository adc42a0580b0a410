"""Attempts at a version: files are added, then published all at once or not at all."""

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dustjacket.storage.manifest import MANIFEST, FileEntry, Manifest
from dustjacket.storage.s3 import put_if_absent

if TYPE_CHECKING:
    from dustjacket.storage.store import Store

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Scratch:
    """Temporary files of an attempt, which are not published."""

    store: "Store"
    prefix: str

    def uri(self, path: str) -> str:
        """Return the address of a file or folder, for Spark."""
        return self.store.address(self.prefix + path)

    def discard(self) -> None:
        """Delete all temporary files."""
        for key, _ in list(self.store.keys(self.prefix)):
            self.store.client.delete_object(Bucket=self.store.bucket, Key=key)


@dataclass(frozen=True)
class Draft:
    """One attempt at a version: files are added, then published all at once or not at all."""

    store: "Store"
    kind: str
    version: str
    attempt: str

    @property
    def prefix(self) -> str:
        """Key prefix of this attempt's files, ending in a slash."""
        return f"{self.kind}/{self.version}/{self.attempt}/"

    def uri(self, path: str) -> str:
        """Return the address of a file or folder of this attempt, for Spark."""
        return self.store.address(self.prefix + path)

    def scratch(self) -> Scratch:
        """Return a prefix for temporary files of this attempt."""
        return Scratch(self.store, f"scratch/{self.prefix}")

    def put(self, path: str, body: bytes) -> None:
        """Write one file, as a multipart upload if it is large."""
        self.store.client.upload_fileobj(io.BytesIO(body), self.store.bucket, self.prefix + path)

    def read(self, path: str) -> bytes:
        """Return one file of this attempt."""
        reply = self.store.client.get_object(Bucket=self.store.bucket, Key=self.prefix + path)
        return reply["Body"].read()

    def upload(self, path: str, file: Path) -> None:
        """Copy one file from local disk, as a multipart upload if it is large."""
        self.store.client.upload_file(str(file), self.store.bucket, self.prefix + path)

    def publish(self, **described: Any) -> tuple[Manifest, bool]:
        """Publish this attempt's files as the version.

        Args:
            described: other fields of the manifest, such as rows, schema, source and parameters.

        Returns:
            The version's manifest, and whether this attempt wrote it; another attempt may have
            published first.
        """
        keys = [
            (key, size)
            for key, size in self.store.keys(self.prefix)
            if not key.endswith(("/_SUCCESS", "/"))
        ]
        with ThreadPoolExecutor(8) as pool:
            files = list(pool.map(self._entry, keys))
        manifest = Manifest(
            kind=self.kind,
            version=self.version,
            attempt=self.attempt,
            published_at=datetime.now(UTC),
            files=files,
            **described,
        )
        won = put_if_absent(
            self.store.client,
            self.store.bucket,
            f"{self.kind}/{self.version}/{MANIFEST}",
            manifest.model_dump_json(by_alias=True, indent=2).encode(),
            self.attempt,
        )
        return (manifest if won else self.store.manifest(self.kind, self.version)), won

    def _entry(self, key_and_size: tuple[str, int]) -> FileEntry:
        key, size = key_and_size
        digest = hashlib.sha256()
        body = self.store.client.get_object(Bucket=self.store.bucket, Key=key)["Body"]
        for chunk in body.iter_chunks(_CHUNK):
            digest.update(chunk)
        return FileEntry(path=key.removeprefix(self.prefix), size=size, sha256=digest.hexdigest())
