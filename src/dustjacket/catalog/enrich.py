"""Join descriptions, subjects, covers, languages and works from a second source to a listing.

A record of the listing takes fields from the record of the second source with the same ISBN, else
of the same work, else with the same title and author. Each process looks records up in one file
that it maps into memory, so that the second source may be larger than memory.
"""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from dustjacket.catalog.step import Preference
from dustjacket.catalog.task_files import TaskFiles
from dustjacket.records.genres import genre_key
from dustjacket.records.record import BookRecord
from dustjacket.records.subjects import Subject
from dustjacket.splits import strict_key

JOINED_FIELDS = ("description", "subjects", "image", "language", "work_id", "genres")
_SUBJECT = pa.struct(
    [("scheme", pa.string()), ("code", pa.string()), ("heading", pa.string()), ("main", pa.bool_())]
)
_FIELDS = pa.schema(
    [
        ("source", pa.string()),
        ("description", pa.string()),
        ("subjects", pa.list_(_SUBJECT)),
        ("image", pa.string()),
        ("language", pa.string()),
        ("work_id", pa.string()),
        ("genres", pa.list_(pa.string())),
        ("training", pa.bool_()),
    ]
)
_KEYS = pa.schema([("key", pa.uint64()), ("place", pa.int64())])
_BATCH_ROWS = 2000


def keys_of(record: BookRecord) -> Iterator[int]:
    """Yield the keys by which a record is found, best first, as digests of 64 bits."""
    if record.isbn13:
        yield _digest(f"isbn:{record.isbn13}")
    if record.work_id:
        yield _digest(f"work:{record.work_id}")
    if record.title and record.author:  # equal titles alone prove nothing
        yield _digest(f"book:{strict_key(record.title, record.author)}")


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


@dataclass(frozen=True)
class Enrichment:
    """The records of a second source, stored as ``<name>.keys`` and ``<name>.fields``.

    Attributes:
        prefer: whose value counts where both sources have one.
    """

    scratch: TaskFiles
    prefer: Preference
    name: str = "enrichment"

    def store(self, records: Iterable[tuple[str, BookRecord]]) -> None:
        """Store records for :meth:`joined`; of several with one key the first counts.

        Args:
            records: with the name of the file of each.
        """
        keys: list[np.ndarray[Any, Any]] = []
        with tempfile.TemporaryDirectory() as folder:
            fields = Path(folder, "fields")
            place, batch = 0, list[dict[str, Any]]()
            with pa.OSFile(str(fields), "wb") as file, pa.ipc.new_file(file, _FIELDS) as writer:
                for source, record in records:
                    found = list(keys_of(record))
                    if not found:
                        continue
                    keys.append(np.array([(key, place) for key in found], np.uint64))
                    batch.append(_fields_of(source, record))
                    place += 1
                    if len(batch) == _BATCH_ROWS:
                        writer.write_batch(pa.RecordBatch.from_pylist(batch, schema=_FIELDS))
                        batch = []
                writer.write_batch(pa.RecordBatch.from_pylist(batch, schema=_FIELDS))
            pairs = np.concatenate(keys) if keys else np.empty((0, 2), np.uint64)
            pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
            index = Path(folder, "keys")
            columns = [pa.array(pairs[:, 0]), pa.array(pairs[:, 1].astype(np.int64))]
            with pa.OSFile(str(index), "wb") as file, pa.ipc.new_file(file, _KEYS) as writer:
                writer.write_table(pa.table(columns, schema=_KEYS))
            self.scratch.upload(f"{self.name}.keys", index)
            self.scratch.upload(f"{self.name}.fields", fields)

    def joined(self, record: BookRecord) -> BookRecord:
        """Return a record with the fields that the second source has for it.

        No field is overwritten that the record has, unless the second source is preferred. A book
        whose joined text is reserved trains no model.
        """
        index = _opened(self.scratch, self.name)
        place = next((p for key in keys_of(record) if (p := index.place_of(key)) is not None), None)
        if place is None:
            return record
        theirs = index.fields_at(place)
        taken: dict[str, Any] = {}
        conflicts = []
        for field in JOINED_FIELDS:
            own, other = getattr(record, field), theirs[field]
            if not other:
                continue
            if own and _is_other(field, own, other):
                conflicts.append(field)
            if not own or (self.prefer == "theirs" and field in conflicts):
                taken[field] = other
        if "description" in taken and not theirs["training"]:
            taken["training"] = False
        names = [field for field in taken if field != "training"]
        return replace(
            record,
            **taken,
            joined=tuple((field, theirs["source"]) for field in names),
            conflicts=tuple(conflicts),
        )


def _fields_of(source: str, record: BookRecord) -> dict[str, Any]:
    return {
        "source": source,
        "description": record.description or None,
        "subjects": [
            {"scheme": s.scheme, "code": s.code, "heading": s.heading, "main": s.main}
            for s in record.subjects
        ],
        "image": record.image if isinstance(record.image, str) and record.image else None,
        "language": record.language,
        "work_id": record.work_id,
        "genres": list(record.genres),
        "training": record.training,
    }


def _is_other(field: str, own: Any, other: Any) -> bool:
    """Return whether two values of a field contradict each other."""
    if field == "genres":
        return genre_key(own[0]) != genre_key(other[0])
    if field == "language":
        return str(own).partition("-")[0] != str(other).partition("-")[0]
    if field == "subjects":
        return not set(own) & set(other)
    return bool(own != other)


@dataclass(frozen=True)
class _Index:
    keys: np.ndarray[Any, Any]
    places: np.ndarray[Any, Any]
    fields: pa.Table

    def place_of(self, key: int) -> int | None:
        at = int(np.searchsorted(self.keys, np.uint64(key)))
        return int(self.places[at]) if at < len(self.keys) and self.keys[at] == key else None

    def fields_at(self, place: int) -> dict[str, Any]:
        found: dict[str, Any] = self.fields.slice(place, 1).to_pylist()[0]
        found["subjects"] = tuple(Subject(**subject) for subject in found["subjects"])
        found["genres"] = tuple(found["genres"])
        return found


@lru_cache(maxsize=1)
def _opened(scratch: TaskFiles, name: str) -> _Index:
    tables = []
    for part in ("keys", "fields"):
        with tempfile.NamedTemporaryFile() as file:
            scratch.download(f"{name}.{part}", Path(file.name))
            # The mapping keeps the file's content when its name is gone.
            tables.append(pa.ipc.open_file(pa.memory_map(file.name)).read_all())
    keys, fields = tables
    return _Index(
        keys["key"].combine_chunks().to_numpy(), keys["place"].combine_chunks().to_numpy(), fields
    )
