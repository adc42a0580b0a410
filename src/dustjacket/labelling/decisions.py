"""People's decisions on the listed subjects of books, stored as corrections.

Each decision is an object below ``corrections/`` of the bucket, so none waits for another.
The parameter ``corrections`` of ``ingest_catalog`` reads the folder as a whole.
"""

import csv
import io
import secrets
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime

from dustjacket.storage.store import Store

PREFIX = "corrections/"
_READERS = 16


@dataclass(frozen=True)
class StoredDecision:
    """A decision on one book.

    Attributes:
        genre: that the book is to have.
        who: the name of the person.
        when: in UTC, ISO 8601.
        why: ``accepted``, ``kept``, or ``other``, and a remark.
    """

    isbn: str
    title: str
    author: str
    genre: str
    who: str
    when: str
    why: str

    @property
    def book(self) -> tuple[str, str, str]:
        """What tells the book from others."""
        return self.isbn, self.title, self.author


_COLUMNS = [field.name for field in fields(StoredDecision)]


def now() -> str:
    """Return the time in the form of ``StoredDecision.when``."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def store_decision(store: Store, decision: StoredDecision) -> None:
    """Store a decision; names of the objects sort by time."""
    time = decision.when.replace(":", "").replace("-", "")
    store.client.put_object(
        Bucket=store.bucket,
        Key=f"{PREFIX}{time}-{secrets.token_hex(4)}.csv",
        Body=as_csv([decision]),
    )


def read_decisions(store: Store) -> list[StoredDecision]:
    """Return all decisions, oldest first; objects of another form are left out."""
    keys = sorted(key for key, _ in store.keys(PREFIX) if key.endswith(".csv"))
    with ThreadPoolExecutor(_READERS) as pool:
        bodies = pool.map(store.get, keys)
        decisions = [decision for body in bodies for decision in decisions_in(body)]
    return sorted(decisions, key=lambda decision: decision.when)


def decisions_in(body: bytes | None) -> list[StoredDecision]:
    """Return the decisions in an object; one that is gone, or of another form, has none."""
    rows = csv.DictReader(io.StringIO((body or b"").decode(errors="replace")))
    known = [row for row in rows if all(row.get(name) is not None for name in _COLUMNS)]
    return [StoredDecision(**{name: row[name] for name in _COLUMNS}) for row in known]


def as_csv(decisions: Iterable[StoredDecision]) -> bytes:
    """Return decisions as a corrections file."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(asdict, decisions))
    return text.getvalue().encode()
