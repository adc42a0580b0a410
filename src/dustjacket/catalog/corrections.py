"""Corrections: genres that people decided on, which win over those of the listing.

A correction finds a book by ISBN, else by title and author. Of several for one book the last by
``when`` counts. The genre that the listing has stays in the column ``correction``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from dustjacket.catalog.chunks import find_chunks, find_files
from dustjacket.catalog.enrich import keys_of
from dustjacket.catalog.parse import rows_of
from dustjacket.catalog.step import CatalogParameters
from dustjacket.errors import BadInputError
from dustjacket.records.keyed_rows import key_of, opened_rows, store_rows
from dustjacket.records.options import RecordOptions
from dustjacket.records.record import BookRecord, Correction, record_of
from dustjacket.records.text import line_of
from dustjacket.records.values import scalar
from dustjacket.splits import strict_key
from dustjacket.storage.store import Store
from dustjacket.storage.task_files import TaskFiles

MAX_CORRECTIONS = 1_000_000
_NAME = "corrections"
_BY = ("who", "when", "why")
OWN_COLUMNS = ("title_column", "author_column", "genre_column", "description_column", "separator",
               "encoding", "enrich")  # fmt: skip
"""Parameters that are about the listing alone, not about a second file."""
_FIELDS = pa.schema([(name, pa.string()) for name in ("genre", *_BY)])


@dataclass(frozen=True)
class Corrections:
    """The corrections of a listing, stored for its tasks."""

    scratch: TaskFiles

    def corrected(self, record: BookRecord) -> BookRecord:
        """Return a record with the genre of its correction, if it has one."""
        rows = opened_rows(self.scratch, _NAME)
        found = next(filter(None, map(rows.row_of, _keys(record))), None)
        if found is None:
            return record
        genre = found.pop("genre")
        others = tuple(each for each in record.genres if each != genre)
        correction = Correction(record.genre, **found)
        return replace(record, genres=(genre, *others), correction=correction)


def read_corrections(
    parameters: CatalogParameters, options: RecordOptions, store: Store, scratch: TaskFiles
) -> Corrections | None:
    """Read and store the corrections that a parameter names; None: it names none.

    Raises:
        BadInputError: the source has no column of genres, or a row that is no correction.
    """
    if not parameters.corrections:
        return None
    own = {**dict.fromkeys(OWN_COLUMNS, ""), "source": parameters.corrections}
    files = find_files(parameters.model_copy(update=own), store, ["genre"])
    found: list[tuple[str, tuple[list[int], dict[str, Any]]]] = []
    for chunk in find_chunks(files, store):
        for piece, row in rows_of(chunk, store):
            where = f"corrections {piece.file.name!r}, record {row.position}"
            if row.reason:
                raise BadInputError(f"{where}: {row.reason}: correct or delete that record")
            record = record_of(row.values, piece.format.columns, options)
            genre = _text(row.values.get(piece.format.columns.first("genre") or ""))
            keys = list(_keys(record))
            if not genre or not keys:
                raise BadInputError(f"{where}: it needs a genre, and an ISBN or a title")
            by = {name: _text(row.values.get(name)) for name in _BY}
            found.append((by["when"], (keys, {"genre": genre, **by})))
            if len(found) > MAX_CORRECTIONS:
                raise BadInputError(
                    f"corrections {parameters.corrections!r} have over {MAX_CORRECTIONS:,} "
                    "records: give those that still hold"
                )
    # The first of several with one key counts.
    newest_first = sorted(found, key=lambda correction: correction[0], reverse=True)
    store_rows(scratch, _NAME, _FIELDS, (rows for _, rows in newest_first))
    return Corrections(scratch)


def _keys(record: BookRecord) -> Iterator[int]:
    """Yield the keys by which a record is found; by title alone if it has nothing else."""
    yield from keys_of(record)
    if record.title and not (record.author or record.isbn13):
        yield key_of(f"title:{strict_key(record.title, '')}")


def _text(value: Any) -> str:
    return line_of(value if isinstance(value, str) else scalar(value))
