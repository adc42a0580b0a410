"""Published versions in S3: list them, and read and verify their files.

A version is complete if and only if ``<kind>/<version>/manifest.json`` exists. Each attempt writes
under its own prefix. The manifest is written last and only if none exists yet; it lists the files
of the attempt that won. Published objects never change.

To bring an earlier version back into use, a name without files is published, whose
``reference.json`` stands for that version. So the newest name is always the one in use.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from botocore.exceptions import ClientError

from dustjacket.errors import CorruptVersionError, NotReadyError
from dustjacket.settings import Settings
from dustjacket.storage.draft import Draft
from dustjacket.storage.host import new_file
from dustjacket.storage.manifest import (
    MANIFEST,
    REFERENCE,
    FileEntry,
    Manifest,
    Reference,
    parse_manifest,
    parse_reference,
    remake,
)
from dustjacket.storage.s3 import put_if_absent, s3_client, status_of

_CHUNK = 1 << 20
_VERIFIED_AT_ONCE = 8
DownloadProgress = Callable[[str, int, int], None]
"""Called with the name of a version, and with how many of how many bytes of it have arrived."""


class Store:
    """The bucket that holds every published version."""

    def __init__(self, settings: Settings, progress: DownloadProgress | None = None) -> None:
        """Connect to the bucket.

        Args:
            progress: called while files are copied from the bucket to this machine.
        """
        self.settings = settings
        self._progress = progress
        self.bucket = settings.bucket
        self.client = s3_client(settings)

    def address(self, key: str, bucket: str | None = None) -> str:
        """Return the address of an object for Spark: ``s3a://``, or ``file://`` in a folder."""
        if self.settings.folder and (bucket or self.bucket) == self.bucket:
            return (self.settings.folder / key).as_uri()
        return f"s3a://{bucket or self.bucket}/{key}"

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
        """Return the manifest of one version, or of the version that this name stands for.

        Raises:
            NotReadyError: the version does not exist or is incomplete.
            CorruptVersionError: its manifest cannot be read.
        """
        name = f"{kind}/{version}"
        if (text := self.get(f"{name}/{MANIFEST}")) is not None:
            return parse_manifest(text, name)
        if (text := self.get(f"{name}/{REFERENCE}")) is not None:
            name = f"{kind}/{parse_reference(text, name).stands_for}"
            if (text := self.get(f"{name}/{MANIFEST}")) is not None:
                return parse_manifest(text, name)
        raise NotReadyError(
            f"{name} is not published: name a version that is, "
            "or leave the parameter empty for the one in use"
        )

    def get(self, key: str) -> bytes | None:
        """Return an object, or None if there is none."""
        try:
            return self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except ClientError as error:
            if status_of(error) == 404:
                return None
            raise

    def newest(self, kind: str) -> Manifest | None:
        """Return the newest complete version of ``kind``, which is the one in use, or None."""
        found = self.newest_named(kind)
        return found[1] if found else None

    def newest_named(self, kind: str) -> tuple[str, Manifest] | None:
        """Return the newest name of ``kind`` and the manifest of the version that it stands for.

        A version stands for itself, unless it was brought back into use; see :meth:`refer`.
        """
        for name in reversed(self._names(kind)):
            try:
                return name, self.manifest(kind, name)
            except NotReadyError:  # an attempt under way, or what it stands for was deleted
                continue
        return None

    def published_by(self, kind: str, version: str) -> str | None:
        """Return the id of the DAG run that published a version or a reference, if it is known."""
        name = f"{kind}/{version}"
        if (text := self.get(f"{name}/{REFERENCE}")) is not None:
            return parse_reference(text, name).dag_run_id
        return self.manifest(kind, version).dag_run_id

    def refer(self, kind: str, version: str, stands_for: str, dag_run_id: str | None) -> None:
        """Publish a name that stands for an earlier version, which is in use from now on."""
        attempt = f"attempt-{secrets.token_hex(4)}"
        reference = Reference(
            kind=kind,
            version=version,
            attempt=attempt,
            published_at=datetime.now(UTC),
            stands_for=stands_for,
            dag_run_id=dag_run_id,
        )
        key, body = f"{kind}/{version}/{REFERENCE}", reference.model_dump_json(indent=2).encode()
        put_if_absent(self.client, self.bucket, key, body, attempt)

    def with_digest(self, kind: str, digest: str) -> Manifest | None:
        """Return the newest complete version of ``kind`` with this ``digest``, or None."""
        matches = [name for name in self.versions(kind) if name.endswith(f"-{digest}")]
        return self.manifest(kind, matches[-1]) if matches else None

    def draft(self, kind: str, version: str) -> Draft:
        """Start an attempt at ``kind/version`` under its own prefix."""
        return Draft(self, kind, version, f"attempt-{secrets.token_hex(4)}")

    def uri(self, manifest: Manifest, path: str = "") -> str:
        """Return the address of a published file or folder, for Spark."""
        return self.address(manifest.prefix + path)

    def read(self, manifest: Manifest, path: str) -> bytes:
        """Return the verified bytes of one published file.

        Raises:
            CorruptVersionError: the manifest does not list the file, it is missing, or its bytes
                have changed.
        """
        return b"".join(self._chunks(manifest, entry_of(manifest, path)))

    def verified_uris(self, manifest: Manifest, prefix: str) -> list[str]:
        """Return the addresses of the files whose path begins with ``prefix``.

        For Spark, which does not verify what it reads: all bytes are read here once before.

        Raises:
            CorruptVersionError: a file is missing, or its bytes have changed.
        """
        entries = _below(manifest, prefix)

        def verify(entry: FileEntry) -> None:
            for _ in self._chunks(manifest, entry):
                pass

        with ThreadPoolExecutor(_VERIFIED_AT_ONCE) as pool:
            list(pool.map(verify, entries))
        return [self.uri(manifest, entry.path) for entry in entries]

    def download(self, manifest: Manifest, folder: Path, prefix: str = "") -> list[Path]:
        """Copy the files whose path begins with ``prefix`` to ``folder``, verified.

        Files that are there with the same SHA-256 are kept. The others are written under another
        name, to disk, and then renamed.

        Raises:
            CorruptVersionError: a published file is missing, or its bytes have changed.
        """
        entries = _below(manifest, prefix)
        missing = [entry for entry in entries if not _is_intact(folder / entry.path, entry)]
        name, done = f"{manifest.kind}/{manifest.version}", 0
        total = sum(entry.size for entry in missing)
        for entry in missing:
            with new_file(folder / entry.path) as file:
                for chunk in self._chunks(manifest, entry):
                    file.write(chunk)
                    done += len(chunk)
                    if self._progress:
                        self._progress(name, done, total)
        return [folder / entry.path for entry in entries]

    def _chunks(self, manifest: Manifest, entry: FileEntry) -> Iterator[bytes]:
        """Yield the bytes of a published file; after the last, raise if they have changed."""
        key, digest = manifest.prefix + entry.path, hashlib.sha256()
        try:
            body = self.client.get_object(Bucket=self.bucket, Key=key)["Body"]
        except ClientError as error:
            if status_of(error) != 404:
                raise
            raise CorruptVersionError(f"{key} is missing: {_cure(manifest)}") from None
        left = entry.size
        for chunk in body.iter_chunks(_CHUNK):
            left -= len(chunk)
            if left < 0:
                break
            digest.update(chunk)
            yield chunk
        if left != 0 or digest.hexdigest() != entry.sha256:
            raise CorruptVersionError(
                f"the corrupt file {key} does not match its manifest: {_cure(manifest)}"
            )


def entry_of(manifest: Manifest, path: str) -> FileEntry:
    """Return what a manifest says of one file.

    Raises:
        CorruptVersionError: it does not list the file.
    """
    for entry in manifest.files:
        if entry.path == path:
            return entry
    raise CorruptVersionError(
        f"{manifest.kind}/{manifest.version} has no file {path!r}: {_cure(manifest)}"
    )


def _cure(manifest: Manifest) -> str:
    return remake(f"{manifest.kind}/{manifest.version}")


def _below(manifest: Manifest, prefix: str) -> list[FileEntry]:
    return [entry for entry in manifest.files if entry.path.startswith(prefix)]


def _is_intact(path: Path, entry: FileEntry) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == entry.sha256
    except OSError:
        return False
