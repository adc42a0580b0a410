"""Join descriptions, subjects, covers, languages and works from a second source to a listing.

A record of the listing takes fields from the record of the second source with the same ISBN, else
of the same work, else with the same title and author. Each process looks records up in one file
that it maps into memory, so that the second source may be larger than memory.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from dustjacket.catalog.step import Preference
from dustjacket.records.genres import genre_key
from dustjacket.records.keyed_rows import key_of, opened_rows, store_rows
from dustjacket.records.record import BookRecord
from dustjacket.records.subjects import Subject
from dustjacket.splits import strict_key
from dustjacket.storage.task_files import TaskFiles

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


def keys_of(record: BookRecord) -> Iterator[int]:
    """Yield the keys by which a record is found, best first, as digests of 64 bits."""
    if record.isbn13:
        yield key_of(f"isbn:{record.isbn13}")
    if record.work_id:
        yield key_of(f"work:{record.work_id}")
    if record.title and record.author:  # equal titles alone prove nothing
        yield key_of(f"book:{strict_key(record.title, record.author)}")


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
        rows = ((list(keys_of(record)), _fields_of(source, record)) for source, record in records)
        store_rows(self.scratch, self.name, _FIELDS, rows)

    def joined(self, record: BookRecord) -> BookRecord:
        """Return a record with the fields that the second source has for it.

        No field is overwritten that the record has, unless the second source is preferred. A book
        whose joined text is reserved trains no model.
        """
        rows = opened_rows(self.scratch, self.name)
        theirs = next(filter(None, map(rows.row_of, keys_of(record))), None)
        if theirs is None:
            return record
        theirs["subjects"] = tuple(Subject(**subject) for subject in theirs["subjects"])
        theirs["genres"] = tuple(theirs["genres"])
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
            joined=(*record.joined, *((field, theirs["source"]) for field in names)),
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
