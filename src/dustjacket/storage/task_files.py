"""Files below a key prefix, through which the tasks of an ingestion give each other tables."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dustjacket.settings import Settings
from dustjacket.storage.store import Store


@dataclass(frozen=True)
class TaskFiles:
    """Objects below a key prefix; pickled into other processes, so it holds no connection."""

    settings: Settings
    prefix: str

    @classmethod
    def of(cls, store: Store, prefix: str) -> "TaskFiles":
        """Return the files of a store below ``prefix``."""
        return cls(store.settings.with_secrets_of("s3"), prefix)

    @property
    def store(self) -> Store:
        """The store, of which each process has one."""
        return _store(self.settings)

    def upload(self, name: str, file: Path) -> None:
        """Write an object from a file."""
        self.store.client.upload_file(str(file), self.store.bucket, self.prefix + name)

    def download(self, name: str, file: Path) -> None:
        """Read an object into a file."""
        self.store.client.download_file(self.store.bucket, self.prefix + name, str(file))

    def write(self, name: str, table: pa.Table) -> None:
        """Write a table as an object."""
        with tempfile.NamedTemporaryFile() as file:
            pq.write_table(table, file.name)
            self.upload(name, Path(file.name))

    @contextmanager
    def opened(self, name: str) -> Iterator[pq.ParquetFile]:
        """Open a table that a task stored."""
        with tempfile.NamedTemporaryFile() as file:
            self.download(name, Path(file.name))
            with pq.ParquetFile(file.name) as table:
                yield table


@lru_cache(maxsize=2)
def _store(settings: Settings) -> Store:
    return Store(settings)
