"""Back up and restore all state of a platform: databases, private files, artifacts, the bucket.

Databases come first and the bucket last, so that the bucket of a snapshot holds at least what its
databases name. ``repair`` makes the rest of what lies between.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import IO, Any, cast

from botocore.exceptions import ClientError

from dustjacket.errors import BadInputError, CorruptVersionError
from dustjacket.pipeline.leases import PREFIX as LEASES
from dustjacket.platform.mlflow_server import ARTIFACTS
from dustjacket.sources.roots import ROOTS_FILE, SAMPLE_PREFIX
from dustjacket.storage.manifest import MANIFEST, parse_manifest
from dustjacket.storage.s3 import status_of
from dustjacket.storage.store import Store
from dustjacket.upkeep.vault import Entry, Vault

HOME, BUCKET = "home", "bucket"
_MADE_AGAIN = ("environment-*", "servers.json", "airflow-passwords.json", "platform.env")
"""Private files that ``dustjacket up`` writes anew, with addresses of this machine."""
_CHUNK = 1 << 20
_COPIED_AT_ONCE = 4
_SKIPPED = (LEASES, "scratch/")


def back_up(home: Path, store: Store, vault: Vault) -> tuple[str, int, int]:
    """Make a snapshot of a platform, which may be at work.

    What the vault holds already is not copied again.

    Returns:
        The snapshot's name, the number of its files, and the bytes that were new.
    """
    snapshots = vault.snapshots()
    before = vault.entries(snapshots[-1]) if snapshots else []
    known = {(each.area, each.path, each.stamp): each for each in before if vault.has(each.sha256)}
    new_bytes, entries = 0, list[Entry]()

    def add(area: str, path: str, stamp: str, read: Callable[[], Iterator[bytes]]) -> None:
        nonlocal new_bytes
        if stamp and (entry := known.get((area, path, stamp))):
            entries.append(entry)
            return
        digest, size, is_new = vault.put(read())
        new_bytes += size if is_new else 0
        entries.append(Entry(area, path, size, digest, stamp))

    with tempfile.TemporaryDirectory(dir=home) as scratch:
        for file in sorted([*home.glob("*.db"), *home.glob("airflow/*.db")]):
            copy = Path(scratch) / file.name
            _copy_database(file, copy)
            path = file.relative_to(home).as_posix()
            add(HOME, path, "", lambda copy=copy: _chunks(copy))  # type: ignore[misc]
    for file in _files(home):
        state = file.stat()
        path, stamp = file.relative_to(home).as_posix(), f"{state.st_size}-{state.st_mtime_ns}"
        add(HOME, path, stamp, lambda file=file: _chunks(file))  # type: ignore[misc]
    _add_bucket(store, add)
    name = vault.commit(_whole(entries, vault))
    return name, len(entries), new_bytes


def _copy_database(file: Path, copy: Path) -> None:
    with closing(sqlite3.connect(file, timeout=60)) as source, closing(sqlite3.connect(copy)) as to:
        source.backup(to)


def _files(home: Path) -> list[Path]:
    """Return the private files, artifacts and samples: what servers cannot make again."""
    found = [
        path
        for path in [*home.glob("*.json"), home / ROOTS_FILE]
        if not any(path.match(pattern) for pattern in _MADE_AGAIN)
    ]
    for folder in [home / ARTIFACTS, *home.glob(f"{SAMPLE_PREFIX}*")]:
        found += folder.rglob("*")
    return sorted(path for path in found if path.is_file() and not path.is_symlink())


def _add_bucket(store: Store, add: Callable[..., None]) -> None:
    objects = [
        (entry["Key"], f"{entry['Size']}-{entry.get('ETag', '')}")
        for page in store.client.get_paginator("list_objects_v2").paginate(
            Bucket=store.bucket, Prefix=""
        )
        for entry in page.get("Contents", [])
        if not entry["Key"].startswith(_SKIPPED)
    ]

    def body(key: str) -> Iterator[bytes]:
        reply = store.client.get_object(Bucket=store.bucket, Key=key)
        yield from reply["Body"].iter_chunks(_CHUNK)

    for key, stamp in objects:
        try:
            add(BUCKET, key, stamp if stamp.rpartition("-")[2] else "", lambda key=key: body(key))
        except ClientError as error:
            if status_of(error) != 404:  # retention removed it just now
                raise


def _whole(entries: list[Entry], vault: Vault) -> list[Entry]:
    """Return the entries without the manifests of versions whose files were removed meanwhile."""
    keys = {entry.path for entry in entries if entry.area == BUCKET}

    def is_whole(entry: Entry) -> bool:
        if entry.area != BUCKET or not entry.path.endswith(f"/{MANIFEST}"):
            return True
        try:
            text = b"".join(vault.read(entry.sha256))
            manifest = parse_manifest(text, entry.path.removesuffix(f"/{MANIFEST}"))
        except CorruptVersionError:
            return True  # as it is in the bucket
        return all(manifest.prefix + file.path in keys for file in manifest.files)

    return [entry for entry in entries if is_whole(entry)]


def check(vault: Vault, snapshot: str) -> int:
    """Read all contents of a snapshot; return their number.

    Raises:
        CorruptVersionError: one is missing or has changed.
    """
    digests = {entry.sha256 for entry in vault.entries(snapshot)}
    for digest in sorted(digests):
        for _ in vault.read(digest):
            pass
    return len(digests)


def check_empty(home: Path) -> None:
    """Check that a state folder holds nothing that a restore would replace.

    Raises:
        BadInputError: it does.
    """
    kept = {"jars", "cache", "lock", "uv"}
    if home.exists() and (found := sorted({path.name for path in home.iterdir()} - kept)):
        raise BadInputError(
            f"{home} holds state ({found[0]}): move it away, or name another folder with "
            "DUSTJACKET_HOME"
        )


def restore_home(home: Path, vault: Vault, snapshot: str) -> int:
    """Write databases, private files and artifacts of a snapshot; return their number.

    Raises:
        CorruptVersionError: a content has changed; what was written is deleted again.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    entries = [entry for entry in vault.entries(snapshot) if entry.area == HOME]
    root = home.resolve()
    try:
        for entry in entries:
            path = (root / entry.path).resolve()
            if not path.is_relative_to(root):
                raise CorruptVersionError(f"{entry.path!r} leads out of the state folder")
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with path.open("xb") as file:
                path.chmod(0o600)
                for chunk in vault.read(entry.sha256):
                    file.write(chunk)
    except BaseException:
        for name in {Path(entry.path).parts[0] for entry in entries}:
            written = root / name
            shutil.rmtree(written) if written.is_dir() else written.unlink(missing_ok=True)
        raise
    return len(entries)


def restore_bucket(store: Store, vault: Vault, snapshot: str) -> int:
    """Write the objects of a snapshot to an empty bucket, and compare them; return their number.

    Manifests are written last: until then, a reader takes no version.

    Raises:
        BadInputError: the bucket holds objects.
        CorruptVersionError: a content has changed, in the backup or on its way.
    """
    store.ensure_bucket()
    if next(iter(store.keys("")), None):
        raise BadInputError(f"the bucket {store.bucket} is not empty: name another or empty it")
    entries = [entry for entry in vault.entries(snapshot) if entry.area == BUCKET]

    def write(entry: Entry) -> None:
        with tempfile.SpooledTemporaryFile(8 << 20) as file:
            for chunk in vault.read(entry.sha256):
                file.write(chunk)
            file.seek(0)
            body = cast("IO[Any]", file)
            store.client.upload_fileobj(body, store.bucket, entry.path)
        stored = store.client.head_object(Bucket=store.bucket, Key=entry.path)
        if stored["ContentLength"] != entry.size:
            raise CorruptVersionError(f"{entry.path} was not stored whole: restore it again")

    for manifests in (False, True):
        part = [e for e in entries if e.path.endswith(f"/{MANIFEST}") == manifests]
        with ThreadPoolExecutor(_COPIED_AT_ONCE) as pool:
            for _ in pool.map(write, part):
                pass
    return len(entries)


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk
