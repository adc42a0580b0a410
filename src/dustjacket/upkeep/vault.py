"""The folder of a backup: contents by their digest, and snapshots that name them."""

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from dustjacket.errors import BadInputError, CorruptVersionError
from dustjacket.storage.manifest import check_format
from dustjacket.upkeep.seal import read_sealed, sealed_name, write_sealed

FORMAT = 1
_CHUNK = 1 << 20
_TIME = "%Y%m%dT%H%M%S%fZ"


@dataclass(frozen=True)
class Entry:
    """One file of a snapshot.

    Attributes:
        area: ``home`` for files of the state folder, or ``bucket``.
        path: below that folder, or the object's key.
        stamp: changes if the file changes; ETag of an object, or time of a file.
    """

    area: str
    path: str
    size: int
    sha256: str
    stamp: str


class Vault:
    """A folder with backups of one platform; encrypted if there is a key."""

    def __init__(self, folder: Path, key: bytes | None = None, *, create: bool = False) -> None:
        """Open a folder of backups, or with ``create`` begin one.

        Raises:
            BadInputError: the folder holds something else, or does not exist.
            CorruptVersionError: it was encrypted, and the key is missing or another one.
        """
        self._folder, self._key = folder, key
        mark = folder / "dustjacket-backup.json"
        if create and not mark.exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if any(folder.iterdir()):
                raise BadInputError(f"{folder} holds other files: name an empty or a new folder")
            check = sealed_name(key, "check") if key else ""
            mark.write_text(json.dumps({"format": FORMAT, "key": check}))
        try:
            found = json.loads(mark.read_text())
            check_format(str(folder), found.get("format"), (FORMAT,))
        except (FileNotFoundError, NotADirectoryError, ValueError):
            raise BadInputError(f"{folder} holds no backup: name the folder of one") from None
        if found["key"] != (sealed_name(key, "check") if key else ""):
            made = "is encrypted: name its key" if found["key"] else "is not encrypted"
            raise BadInputError(f"the backup in {folder} {made} with --key")

    def snapshots(self) -> list[str]:
        """Return the names of all snapshots, oldest first."""
        return sorted(path.stem for path in (self._folder / "snapshots").glob("*.json"))

    def entries(self, snapshot: str) -> list[Entry]:
        """Return the files of a snapshot.

        Raises:
            CorruptVersionError: it cannot be read.
        """
        path = self._folder / "snapshots" / f"{snapshot}.json"
        try:
            with path.open("rb") as file:
                values = json.loads(b"".join(self._opened(file)))
            return [Entry(**value) for value in values]
        except (OSError, ValueError, TypeError, CorruptVersionError) as error:
            raise CorruptVersionError(
                f"the snapshot {path} cannot be read ({error}): name another with --snapshot"
            ) from None

    def has(self, digest: str) -> bool:
        """Return whether a content is here."""
        return self._object(digest).exists()

    def put(self, chunks: Iterator[bytes]) -> tuple[str, int, bool]:
        """Store a content unless it is here; it is read back and compared.

        Returns:
            Its SHA-256, its size, and whether it was new.
        """
        digest, size = hashlib.sha256(), 0

        def counted() -> Iterator[bytes]:
            nonlocal size
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                yield chunk

        part = self._folder / f".{secrets.token_hex(8)}.part"
        try:
            with part.open("xb") as file:
                self._write(counted(), file)
                file.flush()
                os.fsync(file.fileno())
            name = digest.hexdigest()
            path = self._object(name)
            is_new = not path.exists()
            if is_new:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                part.replace(path)
                for _ in self.read(name):
                    pass
        finally:
            part.unlink(missing_ok=True)
        return name, size, is_new

    def read(self, digest: str) -> Iterator[bytes]:
        """Yield a content; after the last chunk, raise if it has changed.

        Raises:
            CorruptVersionError: it is missing or has changed.
        """
        found = hashlib.sha256()
        try:
            with self._object(digest).open("rb") as file:
                for chunk in self._opened(file):
                    found.update(chunk)
                    yield chunk
        except FileNotFoundError:
            raise CorruptVersionError(f"the content {digest} is missing in the backup") from None
        except CorruptVersionError as error:
            raise CorruptVersionError(f"{self._object(digest)}: {error}") from None
        if found.hexdigest() != digest:
            raise CorruptVersionError(f"{self._object(digest)} has changed since the backup")

    def commit(self, entries: list[Entry]) -> str:
        """Write a snapshot, last of a backup; return its name."""
        folder = self._folder / "snapshots"
        folder.mkdir(mode=0o700, exist_ok=True)
        name = f"{datetime.now(UTC):{_TIME}}"
        part = folder / f".{name}.part"
        text = json.dumps([asdict(entry) for entry in entries]).encode()
        with part.open("xb") as file:
            self._write(iter([text]), file)
            file.flush()
            os.fsync(file.fileno())
        part.rename(folder / f"{name}.json")
        return name

    def expire(self, days: int) -> int:
        """Delete snapshots older than ``days``, but never the newest, and contents of none.

        Returns:
            The number of snapshots that were deleted.
        """
        oldest = f"{datetime.now(UTC) - timedelta(days=days):{_TIME}}"
        expired = [name for name in self.snapshots()[:-1] if name < oldest]
        for name in expired:
            (self._folder / "snapshots" / f"{name}.json").unlink()
        if expired:
            used = {
                self._object(entry.sha256)
                for name in self.snapshots()
                for entry in self.entries(name)
            }
            for path in (self._folder / "objects").glob("*/*"):
                if path not in used:
                    path.unlink()
        return len(expired)

    def _object(self, digest: str) -> Path:
        name = sealed_name(self._key, digest) if self._key else digest
        return self._folder / "objects" / name[:2] / name

    def _write(self, chunks: Iterator[bytes], file: BinaryIO) -> None:
        if self._key:
            write_sealed(self._key, chunks, file)
            return
        file.writelines(chunks)

    def _opened(self, file: BinaryIO) -> Iterator[bytes]:
        if self._key:
            yield from read_sealed(self._key, file)
            return
        while chunk := file.read(_CHUNK):
            yield chunk
