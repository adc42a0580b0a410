"""What the bucket holds: versions by kind, with all their objects."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from dustjacket.errors import CorruptVersionError
from dustjacket.pipeline.kinds import Kind
from dustjacket.storage.manifest import (
    MANIFEST,
    REFERENCE,
    Manifest,
    parse_manifest,
    parse_reference,
)
from dustjacket.storage.objects import StoredObject, list_objects
from dustjacket.storage.store import Store

log = logging.getLogger(__name__)

Name = tuple[str, str]
"""Kind and version."""


@dataclass
class StoredVersion:
    """One name of a kind, complete or not.

    Attributes:
        manifest: None if it has none, or one that cannot be read.
        stands_for: the version that this name brings back; empty if it is none.
        published_at: None if it is not published.
        unreadable: whether it has a manifest or reference that cannot be read.
    """

    kind: str
    version: str
    objects: list[StoredObject] = field(default_factory=list)
    manifest: Manifest | None = None
    stands_for: str = ""
    published_at: datetime | None = None
    unreadable: bool = False

    @property
    def name(self) -> Name:
        """Kind and version."""
        return self.kind, self.version

    @property
    def age_order(self) -> tuple[str, str]:
        """What sorts versions of a kind by time; starting weights have no time in their names."""
        return self.version.partition("-")[0], str(self.published_at)

    @property
    def size(self) -> int:
        """Bytes of all objects."""
        return sum(each.size for each in self.objects)

    def mentioned(self, known: dict[str, list[Name]]) -> Iterator[Name]:
        """Yield the versions that this one was made from, or that its facts name.

        Args:
            known: the versions by their name without the kind.
        """
        yield from self.origins()
        if self.manifest:
            yield from named_in(self.manifest.facts, known)

    def origins(self) -> Iterator[Name]:
        """Yield the versions that this one was made from, or that it brings back."""
        if self.stands_for:
            yield self.kind, self.stands_for
        if self.manifest:
            yield from self.manifest.parents.items()


def named_in(value: object, known: dict[str, list[Name]]) -> Iterator[Name]:
    """Yield the versions that a value of JSON names, as ``<version>`` or ``<kind>/<version>``."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from named_in(item, known)
    elif isinstance(value, str):
        kind, _, version = value.rpartition("/")
        yield from (name for name in known.get(version, ()) if not kind or name[0] == kind)


def take_inventory(store: Store) -> dict[Name, StoredVersion]:
    """Return all versions of the product's kinds, complete or not, by kind and version."""
    found: dict[Name, StoredVersion] = {}
    for kind in Kind:
        for each in list_objects(store, f"{kind}/"):
            version = each.key.split("/")[1]
            stored = found.setdefault((kind, version), StoredVersion(kind, version))
            stored.objects.append(each)
    for stored in found.values():
        _read(store, stored)
    return found


def _read(store: Store, stored: StoredVersion) -> None:
    name = f"{stored.kind}/{stored.version}"
    keys = {each.key for each in stored.objects}

    def body(file: str) -> bytes | None:
        key = f"{name}/{file}"
        return store.get(key) if key in keys else None

    try:
        if (text := body(MANIFEST)) is not None:
            stored.manifest = parse_manifest(text, name)
            stored.published_at = stored.manifest.published_at
        elif (text := body(REFERENCE)) is not None:
            reference = parse_reference(text, name)
            stored.stands_for = reference.stands_for
            stored.published_at = reference.published_at
    except CorruptVersionError as error:
        log.warning("it is kept, because it cannot be read: %s", error)
        stored.unreadable = True


PINS = "pins/"


def pins(store: Store) -> set[Name]:
    """Return the versions that people pinned."""
    found = set()
    for key, _ in store.keys(PINS):
        parts = key.removeprefix(PINS).split("/")
        if len(parts) == 2:
            found.add((parts[0], parts[1]))
    return found


def pin(store: Store, kind: str, version: str, who: str) -> None:
    """Keep a version until it is unpinned.

    Raises:
        NotReadyError: it is not published.
    """
    manifest = store.manifest(kind, version)
    key = f"{PINS}{kind}/{manifest.version}"
    store.client.put_object(Bucket=store.bucket, Key=key, Body=json.dumps({"who": who}).encode())


def unpin(store: Store, kind: str, version: str) -> None:
    """Let retention remove a version again."""
    store.client.delete_object(Bucket=store.bucket, Key=f"{PINS}{kind}/{version}")
