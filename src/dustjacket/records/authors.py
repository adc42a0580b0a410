"""Names of authors of whom a data set's books have only keys: they are in a file beside them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import pyarrow as pa

from dustjacket.records.contributors import Contributor, author_text
from dustjacket.records.keyed_rows import key_of, opened_rows, store_rows
from dustjacket.records.record import BookRecord
from dustjacket.records.text import line_of
from dustjacket.sources.find import SourceTable
from dustjacket.sources.formats import read_rows
from dustjacket.sources.streams import corrupt_as_bad_input, opened
from dustjacket.sources.tables import AUTHOR_KEY
from dustjacket.storage.store import Store
from dustjacket.storage.task_files import TaskFiles

AUTHORS_ALONE = "names of authors, which books take by key"
"""Why a file of authors is no table of books."""
_NAMES = pa.schema([("name", pa.string()), ("source", pa.string())])


@dataclass(frozen=True)
class AuthorNames:
    """Names of authors by key, stored for the tasks of an ingestion."""

    scratch: TaskFiles
    name: str = "authors"

    def named(self, record: BookRecord) -> BookRecord:
        """Return a record without author with the names that its keys have here."""
        if record.author or not record.author_keys:
            return record
        rows = opened_rows(self.scratch, self.name)
        found = [row for key in record.author_keys if (row := rows.row_of(key_of(key)))]
        people = tuple(Contributor(row["name"], "aut") for row in found)
        if not people:
            return record
        return replace(
            record,
            author=author_text(people),
            contributors=(*people, *record.contributors),
            joined=(*record.joined, ("author", found[0]["source"])),
        )


def read_authors(
    tables: Iterable[SourceTable], store: Store, scratch: TaskFiles
) -> AuthorNames | None:
    """Store the names that files of authors hold, or return None if there is no such file.

    Raises:
        BadInputError: a file is damaged.
    """
    tables = list(tables)
    if not tables:
        return None
    names = AuthorNames(scratch)
    rows = (
        ([key_of(key)], {"name": name, "source": source})
        for key, name, source in _names(tables, store)
    )
    store_rows(scratch, names.name, _NAMES, rows)
    return names


def _names(tables: Iterable[SourceTable], store: Store) -> Iterator[tuple[str, str, str]]:
    for table in tables:
        with corrupt_as_bad_input(table.file), opened(table.file, store) as stream:
            for row in read_rows(stream, table.shape):
                key, name = row.values.get(AUTHOR_KEY), row.values.get("author")
                if isinstance(key, str) and isinstance(name, str) and (text := line_of(name)):
                    yield key, text, table.file.name
