"""Where erased books are: the rows of all published tables that tombstones match."""

import io
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow.parquet as pq

from dustjacket.feedback.store import KIND as FEEDBACK
from dustjacket.identity.titles import strict_title
from dustjacket.pipeline.kinds import Kind
from dustjacket.records.erased import Erased
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store
from dustjacket.upkeep.inventory import Name

_IDENTITY = ("title", "author", "isbn13", "url", "sha256", "contributors", "key", "file",
             "position", "image_url")  # fmt: skip
ROWS_AT_ONCE = 50_000
"""Rows that are Python objects at a time."""
NEEDED = ("title", "url", "sha256")
"""A table that has none of these columns is of no books, or of rejected rows."""
DERIVED_FIRST = (
    FEEDBACK, Kind.GENERATOR_EVALUATION, Kind.EVALUATION, Kind.COVER_GENERATOR,
    Kind.GENERATOR_CANDIDATE, Kind.COVER_INDEX, Kind.LABELLED_COVERS, Kind.LABELLED_CATALOG,
    Kind.SENTENCE_EMBEDDINGS, Kind.COVERS, Kind.CATALOG,
)  # fmt: skip
"""Kinds that may hold titles or pictures, each before what it was made from.

So an erasure that is interrupted still finds in the last ones what the others hold.
"""


@dataclass
class Survey:
    """What tombstones match.

    Attributes:
        books: titles and authors of matched rows.
        whole: those of books that are erased, not only a cover of theirs.
        titles: of the latter, as :func:`strict_title` makes them.
        urls, images: addresses of covers, and SHA-256 of their images.
        keys: of covers, by version.
        places: file and position of books, by version.
        rows: matched, by version; of the table with most.
    """

    books: set[tuple[str, str]] = field(default_factory=set)
    whole: set[tuple[str, str]] = field(default_factory=set)
    titles: set[str] = field(default_factory=set)
    urls: set[str] = field(default_factory=set)
    images: set[str] = field(default_factory=set)
    keys: dict[Name, set[str]] = field(default_factory=lambda: defaultdict(set))
    places: dict[Name, set[tuple[str, int]]] = field(default_factory=lambda: defaultdict(set))
    rows: Counter[Name] = field(default_factory=Counter)

    def has(self, kind: str, row: Mapping[str, Any], erased: Erased) -> bool:
        """Return whether tombstones match a row; without an author, feedback by its title."""
        if kind == FEEDBACK and not row["author"]:
            return strict_title(row["title"]) in self.titles
        return matches(row, erased)


def manifests(store: Store) -> Iterator[Manifest]:
    """Yield the versions of ``DERIVED_FIRST``, in that order."""
    for kind in DERIVED_FIRST:
        for version in store.versions(kind):
            yield store.manifest(kind, version)


def survey(store: Store, erased: Erased, names: Collection[Name] | None = None) -> Survey:
    """Return what tombstones match.

    Args:
        names: of the versions to search; None: all.

    Raises:
        CorruptVersionError: a version cannot be read.
    """
    found = Survey()
    # Feedback last: of what has no author, the titles of the other kinds tell what is erased.
    for manifest in sorted(manifests(store), key=lambda each: each.kind == FEEDBACK):
        name = manifest.kind, manifest.version
        if names is not None and name not in names:
            continue
        for entry in manifest.files:
            if entry.path.endswith(".parquet"):
                body = store.read(manifest, entry.path)
                rows = [row for row in rows_of(body) if found.has(manifest.kind, row, erased)]
                _add(found, name, rows, erased)
    return found


def _add(found: Survey, name: Name, rows: list[dict[str, Any]], erased: Erased) -> None:
    found.rows[name] = max(found.rows[name], len(rows))
    for row in rows:
        book = row.get("title") or "", row.get("author") or ""
        if book[0] and (book[1] or name[0] != FEEDBACK):
            found.books.add(book)
            if is_erased_book(row, erased):
                found.whole.add(book)
                found.titles.add(strict_title(book[0]))
        if name[0] == Kind.COVERS and row.get("url"):
            found.urls.add(row["url"])
        if row.get("sha256"):
            found.images.add(row["sha256"])
        if row.get("key"):
            found.keys[name].add(row["key"])
        if row.get("file"):
            found.places[name].add((row["file"], row["position"]))
    if not found.rows[name]:
        del found.rows[name]


def rows_of(body: bytes) -> Iterator[dict[str, Any]]:
    """Yield the rows of a Parquet file, with the columns that tell a book or cover."""
    with pq.ParquetFile(io.BytesIO(body)) as file:
        wanted = [name for name in _IDENTITY if name in file.schema_arrow.names]
        for batch in file.iter_batches(ROWS_AT_ONCE, columns=wanted):
            yield from batch.to_pylist()


def matches(row: Mapping[str, Any], erased: Erased) -> bool:
    """Return whether tombstones match a row of a table of books, covers or feedback."""
    if not any(row.get(name) for name in NEEDED):
        return False
    return (
        is_erased_book(row, erased)
        or erased.has("url", row.get("url"))
        or erased.has("image", row.get("sha256"))
    )


def is_erased_book(row: Mapping[str, Any], erased: Erased) -> bool:
    """Return whether the book of a row is erased, not only its cover."""
    others = (person["name"] or "" for person in row.get("contributors") or ())
    return erased.has_book(row.get("title"), row.get("author"), row.get("isbn13"), others)
