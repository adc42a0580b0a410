"""A key prefix whose objects are files of a local folder, for tests without an S3 server."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from dustjacket.covers.s3_prefix import S3Prefix
from dustjacket.settings import Settings
from dustjacket.sources.streams import decompressed


@dataclass(frozen=True)
class LocalPrefix(S3Prefix):
    """Spark's workers import it too, so it is in a module of its own."""

    @classmethod
    def of(cls, folder: Path) -> "LocalPrefix":
        return cls(Settings(), bucket="", prefix=f"{folder.absolute()}/")

    def _file(self, path: str) -> Path:
        return Path(self.prefix + path)

    def uri(self, path: str = "") -> str:
        return self._file(path).as_uri()

    def has_files(self, folder: str) -> bool:
        return self._file(folder).is_dir() and any(self._file(folder).iterdir())

    def open(self, path: str) -> BinaryIO:
        return decompressed(self._file(path).open("rb"))

    def read(self, path: str, offset: int = 0, size: int | None = None) -> bytes:
        with self._file(path).open("rb") as stream:
            stream.seek(offset)
            return stream.read(-1 if size is None else size)

    def upload(self, path: str, file: Path) -> None:
        target = self._file(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        shutil.copyfile(file, part)
        part.replace(target)
