"""Images that are in other files, written one after the other to files that tasks can read."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

from dustjacket.covers.s3_prefix import S3Prefix

_PACK_BYTES = 256 << 20


@dataclass
class Packs:
    """A context manager; what was added can be read after it.

    Attributes:
        prefix: where the packs are written.
    """

    prefix: S3Prefix
    _file: IO[bytes] | None = None
    _numbers: int = field(default=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.flush()

    def add(self, body: bytes) -> tuple[str, int, int]:
        """Store ``body``; return the key of its pack, its offset and its size."""
        if self._file and self._file.tell() >= _PACK_BYTES:
            self.flush()
        if self._file is None:
            self._file = tempfile.NamedTemporaryFile()  # noqa: SIM115 - closed by flush
            self._numbers += 1
        offset = self._file.tell()
        self._file.write(body)
        return self.prefix.prefix + self._name, offset, len(body)

    def flush(self) -> None:
        """Write what was added, so that it can be read."""
        if self._file:
            self._file.flush()
            self.prefix.upload(self._name, Path(self._file.name))
            self._file.close()
            self._file = None

    @property
    def _name(self) -> str:
        return f"packs/{self._numbers:05d}"
