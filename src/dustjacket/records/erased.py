"""Books and covers that were erased on request, so that no source brings them back.

A tombstone is an object below ``erased/`` whose name is a keyed hash of what was erased: an ISBN, a
book, an author, an address, or an image. The key is the bucket's own, so hashes of one bucket say
nothing about those of another; who may read the bucket can test a name, as an ingestion does.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Literal

from dustjacket.identity.persons import persons
from dustjacket.sources.files import SourceFile, discard_copies
from dustjacket.splits import strict_key
from dustjacket.storage.manifest import digest_of
from dustjacket.storage.s3 import put_if_absent
from dustjacket.storage.store import Store

ERASED = "erased_on_request"
"""The reason for which a row of a source is rejected."""
PREFIX = "erased/"
_KEY = f"{PREFIX}key"
_KEY_BYTES, _HASH_BYTES = 32, 16
What = Literal["isbn", "book", "author", "url", "image"]
"""What is erased: the books with an ISBN-13, a book by its strict key, the books of a person by
their normalised name, the cover at an address, a cover by its SHA-256."""


@dataclass(frozen=True, slots=True)
class Erased:
    """The tombstones of a bucket; pickled into other processes.

    Attributes:
        names: ``<what>-<hash>`` of each.
    """

    key: bytes = b""
    names: frozenset[str] = frozenset()

    def name(self, what: What, value: str) -> str:
        """Return the name of the tombstone of a value."""
        digest = hashlib.blake2b(
            f"{what}:{value}".encode(errors="surrogatepass"), key=self.key, digest_size=_HASH_BYTES
        )
        return f"{what}-{digest.hexdigest()}"

    def has(self, what: What, value: str | None) -> bool:
        """Return whether a value is erased."""
        return bool(self.names and value) and self.name(what, value or "") in self.names

    def has_book(
        self,
        title: str | None,
        author: str | None,
        isbn13: str | None,
        others: Iterable[str] = (),
    ) -> bool:
        """Return whether a book is erased: by its ISBN, by name, or with all books of a person.

        Args:
            others: names of further persons.
        """
        if not self.names:
            return False
        if self.has("isbn", isbn13) or (author and self.has("book", strict_key(title, author))):
            return True
        named = (person for text in (author or "", *others) for person in persons(text))
        return any(self.has("author", person) for person in named)

    @property
    def digest(self) -> str:
        """A digest of all tombstones."""
        return digest_of({"erased": sorted(self.names)})


NOTHING = Erased()


def read_erased(store: Store) -> Erased:
    """Return the tombstones of a bucket."""
    found = {key for key, _ in store.keys(PREFIX)} - {_KEY}
    if not found:
        return NOTHING
    return Erased(_key(store), frozenset(name.removeprefix(PREFIX) for name in found))


def discard_sources(staged: Iterable[SourceFile], tables: Iterable[str], store: Store) -> None:
    """Delete the copies of sources, which may hold what is erased; without tombstones, keep them.

    Args:
        staged: files that were read.
        tables: addresses of further files, or folders of tables; empty ones are left out.
    """
    from dustjacket.sources.find import stage_tables  # Arrow, which DAG files must not load

    if read_erased(store).names:
        further = (stage_tables(address, store) for address in tables if address)
        discard_copies([*staged, *chain.from_iterable(further)], store)


def erased_key(store: Store) -> bytes:
    """Return the key of the bucket's hashes, which is made by the first request."""
    attempt = secrets.token_hex(4)
    body = json.dumps({"attempt": attempt, "key": secrets.token_hex(_KEY_BYTES)}).encode()
    put_if_absent(store.client, store.bucket, _KEY, body, attempt)
    return _key(store)


def _key(store: Store) -> bytes:
    return bytes.fromhex(json.loads(store.get(_KEY) or b"")["key"])


def bury(store: Store, names: Iterable[str], who: str) -> None:
    """Store tombstones, with the day and the person that erased; those that are there stay."""
    body = json.dumps({"who": who, "day": f"{datetime.now(UTC):%Y-%m-%d}"}).encode()
    for name in names:
        put_if_absent(store.client, store.bucket, f"{PREFIX}{name}", body, secrets.token_hex(4))
