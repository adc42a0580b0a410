"""How the first records of a listing would be read, and why; nothing is written."""

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import islice

from dustjacket.catalog.chunks import find_files
from dustjacket.catalog.cleaning import clean
from dustjacket.catalog.columns import file_facts
from dustjacket.catalog.second_source import read_joins
from dustjacket.catalog.step import CatalogParameters, FileFacts
from dustjacket.records.options import options_of
from dustjacket.records.record import BookRecord
from dustjacket.sources.encoding import decode
from dustjacket.sources.formats import read_rows
from dustjacket.sources.streams import corrupt_as_bad_input, opened
from dustjacket.storage.store import Store
from dustjacket.storage.task_files import TaskFiles

RECORDS = 10
_COUNTED = 1000


@dataclass(frozen=True)
class PreviewedRecord:
    """A record: the fields of its book that are not empty, or the reason for its rejection."""

    file: str
    position: int
    raw: str
    fields: dict[str, str]
    reason: str | None


@dataclass(frozen=True)
class Preview:
    """The files of a listing, why others are none, its first records, and their rejections.

    Attributes:
        rejected_by_reason: among the first ``counted`` records, by the rules that look at one row.
    """

    files: list[FileFacts]
    passed_over: dict[str, str]
    records: list[PreviewedRecord] = field(default_factory=list)
    rejected_by_reason: Counter[str] = field(default_factory=Counter)
    counted: int = 0


def preview(parameters: CatalogParameters, store: Store) -> Preview:
    """Read the first records of a listing.

    Raises:
        BadInputError: the source is no listing.
    """
    files = find_files(parameters, store)
    options = options_of(parameters, parameters.genres, store)
    joins = read_joins(files, parameters, options, store, TaskFiles.of(store, "scratch/"))
    joined = joins.joined if joins else None
    seen = Preview(
        [file_facts(file.name, found) for file, found in files.tables], files.passed_over
    )
    counted = 0
    for file, found in files.tables:
        with opened(file, store) as stream, corrupt_as_bad_input(file):
            for row in islice(read_rows(stream, found.shape), _COUNTED - counted):
                counted += 1
                book = row.reason or clean(row.values, found.columns, parameters, options, joined)
                reason = book if isinstance(book, str) else None
                if reason:
                    seen.rejected_by_reason[reason] += 1
                if len(seen.records) < RECORDS:
                    fields = _fields(book) if isinstance(book, BookRecord) else {}
                    raw = decode(row.raw)
                    seen.records.append(
                        PreviewedRecord(file.name, row.position, raw, fields, reason)
                    )
        if counted == _COUNTED:
            break
    return replace(seen, counted=counted)


def _fields(book: BookRecord) -> dict[str, str]:
    """Return the fields of a book for people to read."""
    fields = {
        "title": book.title,
        "subtitle": book.subtitle,
        "author": book.author,
        "contributors": ", ".join(f"{each.name} ({each.role})" for each in book.contributors),
        "genre": book.genre,
        "other genres": ", ".join(book.genres[1:]),
        "subjects": ", ".join(f"{s.scheme}:{s.code or s.heading}" for s in book.subjects),
        "isbn13": book.isbn13 or "",
        "identifier": book.identifier,
        "language": book.language or "",
        "published": book.published or "",
        "publisher": book.publisher,
        "description": book.description,
        "rights": book.rights,
        "from other files": ", ".join(f"{field} ({file})" for field, file in book.joined),
        "contradicted by the second source": ", ".join(book.conflicts),
        "corrected from": book.correction.listed if book.correction else "",
        "training": "" if book.training else "no: text and data mining is reserved",
    }
    return {name: text for name, text in fields.items() if text}
