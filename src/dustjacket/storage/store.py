"""Versions in S3: write them whole, publish them once, read them back verified.

A version is complete when, and only when, ``<kind>/<version>/manifest.json`` is there. Each
attempt writes under a prefix of its own; the manifest, put last and only if there is none yet,
names the files of the attempt that won. Nothing published is ever changed.
"""

import hashlib
import io
import json
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, Field

from dustjacket.errors import CorruptVersionError, NotReadyError
from dustjacket.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MANIFEST = "manifest.json"
_CHUNK = 1 << 20


class FileEntry(BaseModel):
    """One file of a version: its path below the attempt's prefix, size in bytes and SHA-256."""

    path: str
    size: int
    sha256: str


class Manifest(BaseModel):
    """What was published, from what, by what; written last."""

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = 1
    kind: str
    version: str
    attempt: str
    published_at: datetime
    files: list[FileEntry]
    rows: dict[str, int] = Field(default_factory=dict)
    schema_: dict[str, str] = Field(default_factory=dict, alias="schema")
    source: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    code: str = ""
    parents: dict[str, str] = Field(default_factory=dict)
    dag_run_id: str | None = None
    facts: dict[str, Any] = Field(default_factory=dict, description="step's own figures")

    @property
    def prefix(self) -> str:
        """Key prefix of the winning attempt's files, ending in a slash."""
        return f"{self.kind}/{self.version}/{self.attempt}/"

    def content(self, prefix: str) -> str:
        """Return 12 hexadecimal digits that stand for the files whose path begins so."""
        return digest_of(
            {entry.path: entry.sha256 for entry in self.files if entry.path.startswith(prefix)}
        )


def version_name(run_after: datetime, digest: str) -> str:
    """Return ``<run_after>-<digest>``; names sort by time."""
    return f"{run_after.astimezone(UTC):%Y%m%dT%H%M%S%f}Z-{digest}"


def digest_of(identity: dict[str, Any]) -> str:
    """Return 12 hexadecimal digits that stand for ``identity``, whatever the order of its keys."""
    text = json.dumps(identity, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class Store:
    """The bucket that holds every published version."""

    def __init__(self, settings: Settings) -> None:
        key, secret = settings.s3_access_key, settings.s3_secret_key
        self.settings = settings
        self.bucket = settings.bucket
        self.client: S3Client = boto3.client(
            "s3",
            endpoint_url=settings.s3_endpoint,
            region_name=settings.s3_region,
            aws_access_key_id=key.get_secret_value() if key else None,
            aws_secret_access_key=secret.get_secret_value() if secret else None,
            config=Config(
                s3={"addressing_style": "path"},
                connect_timeout=5,
                read_timeout=60,
                retries={"max_attempts": 4, "mode": "standard"},
            ),
        )

    def ensure_bucket(self) -> None:
        """Create the bucket if it is not there."""
        try:
            self.client.head_bucket(Bucket=self.bucket)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            self.client.create_bucket(Bucket=self.bucket)

    def keys(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Yield ``(key, size)`` of every object below ``prefix``, in order of key."""
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
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return False
            raise
        return True

    def manifest(self, kind: str, version: str) -> Manifest:
        """Return the manifest of one version.

        Raises:
            NotReadyError: the version is not there or not complete.
        """
        try:
            reply = self.client.get_object(Bucket=self.bucket, Key=f"{kind}/{version}/{MANIFEST}")
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                raise NotReadyError(
                    f"{kind}/{version} is not published: name a version that is, "
                    "or leave the parameter empty for the one in use"
                ) from None
            raise
        return Manifest.model_validate_json(reply["Body"].read())

    def newest(self, kind: str) -> Manifest | None:
        """Return the newest complete version of ``kind``, or None."""
        names = reversed(self._names(kind))
        version = next((name for name in names if self._has_manifest(kind, name)), None)
        return self.manifest(kind, version) if version else None

    def with_digest(self, kind: str, digest: str) -> Manifest | None:
        """Return the newest complete version of ``kind`` made from the same ``digest``, or None."""
        same = [name for name in self.versions(kind) if name.endswith(f"-{digest}")]
        return self.manifest(kind, same[-1]) if same else None

    def draft(self, kind: str, version: str) -> "Draft":
        """Begin an attempt at ``kind/version`` under a prefix of its own."""
        return Draft(self, kind, version, f"attempt-{secrets.token_hex(4)}")

    def uri(self, manifest: Manifest, path: str = "") -> str:
        """Return the ``s3a://`` address of a published file or folder, for Spark."""
        return f"s3a://{self.bucket}/{manifest.prefix}{path}"

    def read(self, manifest: Manifest, path: str) -> bytes:
        """Return one published file, verified.

        Raises:
            CorruptVersionError: the manifest does not name it, or its bytes have changed.
        """
        entry = next((entry for entry in manifest.files if entry.path == path), None)
        if entry is None:
            raise CorruptVersionError(f"{manifest.kind}/{manifest.version} has no file {path!r}")
        reply = self.client.get_object(Bucket=self.bucket, Key=manifest.prefix + path)
        body = reply["Body"].read()
        if hashlib.sha256(body).hexdigest() != entry.sha256:
            raise CorruptVersionError(
                f"{manifest.prefix}{path} does not match its manifest: publish a new version"
            )
        return body

    def download(self, manifest: Manifest, folder: Path, prefix: str = "") -> list[Path]:
        """Bring the version's files whose path begins with ``prefix`` into ``folder``, verified."""
        paths = []
        for entry in manifest.files:
            if entry.path.startswith(prefix):
                target = folder / entry.path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(self.read(manifest, entry.path))
                paths.append(target)
        return paths


@dataclass(frozen=True)
class Scratch:
    """Files that an attempt needs only while it works; no part of what it publishes."""

    store: Store
    prefix: str

    def uri(self, path: str) -> str:
        """Return the ``s3a://`` address of a file or folder, for Spark."""
        return f"s3a://{self.store.bucket}/{self.prefix}{path}"

    def discard(self) -> None:
        """Delete all of it."""
        for key, _ in list(self.store.keys(self.prefix)):
            self.store.client.delete_object(Bucket=self.store.bucket, Key=key)


@dataclass(frozen=True)
class Draft:
    """One attempt at a version: files are added, then published whole or not at all."""

    store: Store
    kind: str
    version: str
    attempt: str

    @property
    def prefix(self) -> str:
        """Key prefix of this attempt's files, ending in a slash."""
        return f"{self.kind}/{self.version}/{self.attempt}/"

    def uri(self, path: str) -> str:
        """Return the ``s3a://`` address of a file or folder of this attempt, for Spark."""
        return f"s3a://{self.store.bucket}/{self.prefix}{path}"

    def scratch(self) -> Scratch:
        """Return a place for what the attempt needs only while it works."""
        return Scratch(self.store, f"scratch/{self.prefix}")

    def put(self, path: str, body: bytes) -> None:
        """Write one file, in parts where it is large."""
        self.store.client.upload_fileobj(io.BytesIO(body), self.store.bucket, self.prefix + path)

    def read(self, path: str) -> bytes:
        """Return one file of this attempt."""
        reply = self.store.client.get_object(Bucket=self.store.bucket, Key=self.prefix + path)
        return reply["Body"].read()

    def upload(self, path: str, file: Path) -> None:
        """Write one file from local disk, in parts where it is large."""
        self.store.client.upload_file(str(file), self.store.bucket, self.prefix + path)

    def publish(self, **described: Any) -> tuple[Manifest, bool]:
        """Publish this attempt's files as the version.

        Args:
            described: the manifest's other fields (rows, schema, source, parameters, …).

        Returns:
            The manifest in force, and whether it is this attempt's: another may have won.
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
        try:
            self.store.client.put_object(
                Bucket=self.store.bucket,
                Key=f"{self.kind}/{self.version}/{MANIFEST}",
                Body=manifest.model_dump_json(by_alias=True, indent=2).encode(),
                ContentType="application/json",
                IfNoneMatch="*",
            )
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (409, 412):
                raise
            return self._winner()
        return manifest, True

    def _winner(self) -> tuple[Manifest, bool]:
        # The put of this very attempt may have succeeded before a lost reply made boto repeat it.
        winner = self.store.manifest(self.kind, self.version)
        return winner, winner.attempt == self.attempt

    def _entry(self, key_and_size: tuple[str, int]) -> FileEntry:
        key, size = key_and_size
        digest = hashlib.sha256()
        body = self.store.client.get_object(Bucket=self.store.bucket, Key=key)["Body"]
        for chunk in body.iter_chunks(_CHUNK):
            digest.update(chunk)
        return FileEntry(path=key.removeprefix(self.prefix), size=size, sha256=digest.hexdigest())
