"""Published versions in S3: list them, and read and verify their files.

A version is complete if and only if ``<kind>/<version>/manifest.json`` exists. Each attempt writes
under its own prefix. The manifest is written last and only if none exists yet; it lists the files
of the attempt that won. Published objects never change.
"""

import hashlib
import secrets
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from botocore.exceptions import ClientError

from dustjacket.errors import CorruptVersionError, NotReadyError
from dustjacket.settings import Settings
from dustjacket.storage.draft import Draft
from dustjacket.storage.manifest import MANIFEST, Manifest, parse_manifest, remake
from dustjacket.storage.s3 import s3_client, status_of


class Store:
    """The bucket that holds every published version."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.bucket = settings.bucket
        self.client = s3_client(settings)

    def ensure_bucket(self) -> None:
        """Create the bucket unless it exists."""
        try:
            self.client.head_bucket(Bucket=self.bucket)
        except ClientError as error:
            if status_of(error) != 404:
                raise
            self.client.create_bucket(Bucket=self.bucket)

    def keys(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Yield ``(key, size)`` of every object below ``prefix``, sorted by key."""
        for page in self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=prefix
        ):
            for entry in page.get("Contents", []):
                yield entry["Key"], entry["Size"]

    def versions(self, kind: str) -> list[str]:
        """Return the complete versions of ``kind``, oldest first."""
        return [name for name in self._names(kind) if self._has_manifest(kind, name)]

    def _names(self, kind: str) -> list[str]:
        return sorted(
            PurePosixPath(entry["Prefix"]).name
            for page in self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=f"{kind}/", Delimiter="/"
            )
            for entry in page.get("CommonPrefixes", [])
        )

    def _has_manifest(self, kind: str, version: str) -> bool:
        try:
            self.client.head_object(Bucket=self.bucket, Key=f"{kind}/{version}/{MANIFEST}")
        except ClientError as error:
            if status_of(error) == 404:
                return False
            raise
        return True

    def manifest(self, kind: str, version: str) -> Manifest:
        """Return the manifest of one version.

        Raises:
            NotReadyError: the version does not exist or is incomplete.
            CorruptVersionError: its manifest cannot be read.
        """
        try:
            reply = self.client.get_object(Bucket=self.bucket, Key=f"{kind}/{version}/{MANIFEST}")
        except ClientError as error:
            if status_of(error) == 404:
                raise NotReadyError(
                    f"{kind}/{version} is not published: name a version that is, "
                    "or leave the parameter empty for the one in use"
                ) from None
            raise
        return parse_manifest(reply["Body"].read(), f"{kind}/{version}")

    def newest(self, kind: str) -> Manifest | None:
        """Return the newest complete version of ``kind``, or None."""
        names = reversed(self._names(kind))
        version = next((name for name in names if self._has_manifest(kind, name)), None)
        return self.manifest(kind, version) if version else None

    def with_digest(self, kind: str, digest: str) -> Manifest | None:
        """Return the newest complete version of ``kind`` with this ``digest``, or None."""
        matches = [name for name in self.versions(kind) if name.endswith(f"-{digest}")]
        return self.manifest(kind, matches[-1]) if matches else None

    def draft(self, kind: str, version: str) -> Draft:
        """Start an attempt at ``kind/version`` under its own prefix."""
        return Draft(self, kind, version, f"attempt-{secrets.token_hex(4)}")

    def uri(self, manifest: Manifest, path: str = "") -> str:
        """Return the ``s3a://`` address of a published file or folder, for Spark."""
        return f"s3a://{self.bucket}/{manifest.prefix}{path}"

    def read(self, manifest: Manifest, path: str) -> bytes:
        """Return the verified bytes of one published file.

        Raises:
            CorruptVersionError: the manifest does not list the file, it is missing, or its bytes
                have changed.
        """
        cure = remake(f"{manifest.kind}/{manifest.version}")
        entry = next((entry for entry in manifest.files if entry.path == path), None)
        if entry is None:
            raise CorruptVersionError(
                f"{manifest.kind}/{manifest.version} has no file {path!r}: {cure}"
            )
        try:
            reply = self.client.get_object(Bucket=self.bucket, Key=manifest.prefix + path)
        except ClientError as error:
            if status_of(error) != 404:
                raise
            raise CorruptVersionError(f"{manifest.prefix}{path} is missing: {cure}") from None
        body = reply["Body"].read()
        if hashlib.sha256(body).hexdigest() != entry.sha256:
            raise CorruptVersionError(
                f"{manifest.prefix}{path} does not match its manifest: {cure}"
            )
        return body

    def download(self, manifest: Manifest, folder: Path, prefix: str = "") -> list[Path]:
        """Copy the verified files whose path begins with ``prefix`` to ``folder``."""
        paths = []
        for entry in manifest.files:
            if entry.path.startswith(prefix):
                target = folder / entry.path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(self.read(manifest, entry.path))
                paths.append(target)
        return paths
