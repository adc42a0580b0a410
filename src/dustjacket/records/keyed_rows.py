"""Rows that tasks look up by a key, in a file that each process maps into memory.

So they may be larger than memory, and are shared by the processes of a machine.
"""

import hashlib
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from dustjacket.storage.task_files import TaskFiles

_KEYS = pa.schema([("key", pa.uint64()), ("place", pa.int64())])
_BATCH_ROWS = 2000


def key_of(text: str) -> int:
    """Return the digest of a key, of 64 bits."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def store_rows(
    scratch: TaskFiles,
    name: str,
    schema: pa.Schema,
    rows: Iterable[tuple[Sequence[int], dict[str, Any]]],
) -> None:
    """Store rows as ``<name>.keys`` and ``<name>.fields``; of several with a key the first counts.

    Args:
        rows: keys of each, and its values by column; a row without a key is left out.
    """
    keys: list[np.ndarray[Any, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        fields = Path(folder, "fields")
        place, batch = 0, list[dict[str, Any]]()
        with pa.OSFile(str(fields), "wb") as file, pa.ipc.new_file(file, schema) as writer:
            for found, values in rows:
                if not found:
                    continue
                keys.append(np.array([(key, place) for key in found], np.uint64))
                batch.append(values)
                place += 1
                if len(batch) == _BATCH_ROWS:
                    writer.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                    keys, batch = [np.concatenate(keys)], []
            writer.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
        pairs = np.concatenate(keys) if keys else np.empty((0, 2), np.uint64)
        pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
        index = Path(folder, "keys")
        columns = [pa.array(pairs[:, 0]), pa.array(pairs[:, 1].astype(np.int64))]
        with pa.OSFile(str(index), "wb") as file, pa.ipc.new_file(file, _KEYS) as writer:
            writer.write_table(pa.table(columns, schema=_KEYS))
        scratch.upload(f"{name}.keys", index)
        scratch.upload(f"{name}.fields", fields)


@dataclass(frozen=True)
class KeyedRows:
    """The rows that were stored under a name."""

    keys: np.ndarray[Any, Any]
    places: np.ndarray[Any, Any]
    fields: pa.Table

    def row_of(self, key: int) -> dict[str, Any] | None:
        """Return the values of the row with a key, or None."""
        at = int(np.searchsorted(self.keys, np.uint64(key)))
        if at == len(self.keys) or self.keys[at] != key:
            return None
        found: dict[str, Any] = self.fields.slice(int(self.places[at]), 1).to_pylist()[0]
        return found


@lru_cache(maxsize=2)
def opened_rows(scratch: TaskFiles, name: str) -> KeyedRows:
    """Return the rows that were stored under a name."""
    tables = []
    for part in ("keys", "fields"):
        with tempfile.NamedTemporaryFile() as file:
            scratch.download(f"{name}.{part}", Path(file.name))
            # The mapping keeps the file's content when its name is gone.
            tables.append(pa.ipc.open_file(pa.memory_map(file.name)).read_all())
    keys, fields = tables
    return KeyedRows(
        keys["key"].combine_chunks().to_numpy(), keys["place"].combine_chunks().to_numpy(), fields
    )
