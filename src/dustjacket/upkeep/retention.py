"""Retention: find what nothing needs any more in the bucket, and remove it.

Publication writes a version's manifest last; removal deletes it first. So at no moment, and after
no crash, is there a manifest without its files: what is left over is an attempt that nobody reads,
which the next removal finds.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from dustjacket.covers.source import cache_prefix
from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.leases import MAX_AGE, PREFIX, leases
from dustjacket.promotion.ledger import Ledger
from dustjacket.storage.manifest import MANIFEST, REFERENCE
from dustjacket.storage.objects import StoredObject, delete_keys, list_objects
from dustjacket.storage.store import Store
from dustjacket.upkeep.inventory import Name, StoredVersion, pins, take_inventory
from dustjacket.upkeep.reach import reachable, roots, served

_LOOSE = {"scratch": 4, "sources": 2, "fetched": 2}
"""Prefixes without versions: how many parts of a key name what is removed as one."""


@dataclass(frozen=True)
class Removal:
    """Objects that are removed together.

    Attributes:
        what: a version ``<kind>/<version>``, an attempt at one, or a key prefix.
        first: the object that makes it a version, which is deleted before the others.
        size: in bytes, of all objects.
    """

    what: str
    why: str
    first: str | None
    others: tuple[str, ...]
    size: int


@dataclass(frozen=True)
class RetentionPlan:
    """What stays and what goes.

    Attributes:
        kept: versions that stay, and those that they were made from, which may be gone.
        kept_bytes: of all that stays in the bucket.
    """

    removals: list[Removal]
    kept: set[Name]
    kept_bytes: int

    @property
    def removed_bytes(self) -> int:
        """Bytes that a removal frees."""
        return sum(removal.size for removal in self.removals)


def plan_retention(store: Store, keep: int, now: datetime) -> RetentionPlan:
    """Return what may be removed from the bucket.

    Args:
        keep: number of the newest versions of each kind, and of decisions on each family, to keep
            whole.
    """
    # Leases first: a job that begins later reads versions in use, and those stay.
    running = leases(store, now)
    inventory = take_inventory(store)
    start = roots(inventory, Ledger(store).records(), running, pins(store), keep, now)
    kept = reachable(inventory, start | served(store))
    removals = [
        *_versions(inventory, kept, now),
        *_loose(store, inventory, kept, now, fixed=any(not each.inputs for each in running)),
    ]
    total = sum(each.size for each in list_objects(store))
    named = {origin for name in kept & inventory.keys() for origin in inventory[name].origins()}
    return RetentionPlan(removals, kept | named, total - sum(each.size for each in removals))


def _versions(
    inventory: dict[Name, StoredVersion], kept: Collection[Name], now: datetime
) -> Iterator[Removal]:
    for (kind, version), stored in sorted(inventory.items()):
        name = f"{kind}/{version}"
        heads = [f"{name}/{MANIFEST}", f"{name}/{REFERENCE}"]
        if stored.published_at and stored.name not in kept:
            keys = {each.key for each in stored.objects}
            first = next(head for head in heads if head in keys)
            others = tuple(sorted(keys - {first}))
            why = f"published {stored.published_at:%Y-%m-%d}, and nothing that stays needs it"
            yield Removal(name, why, first, others, stored.size)
            continue
        attempts = defaultdict(list)
        for each in stored.objects:
            if each.key not in heads:
                attempts["/".join(each.key.split("/")[:3])].append(each)
        for prefix, objects in attempts.items():
            won = stored.manifest and prefix == stored.manifest.prefix.rstrip("/")
            if not won and not stored.unreadable and _is_old(objects, now):
                yield _together(prefix, "an attempt that was not published", objects)


def _loose(
    store: Store,
    inventory: dict[Name, StoredVersion],
    kept: Collection[Name],
    now: datetime,
    *,
    fixed: bool,
) -> Iterator[Removal]:
    """Yield temporary files, and copies of sources, that nothing has written to for a week.

    Args:
        fixed: copies of sources stay, because an ingestion is running.
    """
    sources = {
        stored.manifest.source
        for name in kept
        if (stored := inventory.get(name)) and stored.manifest and stored.kind == Kind.COVERS
    }
    in_use = {cache_prefix(source).rstrip("/") for source in sources if source}
    for area, parts in _LOOSE.items():
        groups = defaultdict(list)
        for each in list_objects(store, f"{area}/"):
            groups["/".join(each.key.split("/")[:parts])].append(each)
        for prefix, objects in groups.items():
            if prefix in in_use or (fixed and area != "scratch") or not _is_old(objects, now):
                continue
            yield _together(prefix, "not written to for a week", objects)
    for each in list_objects(store, PREFIX):
        if _is_old([each], now):
            yield _together(each.key, "the lease of a job that was killed", [each])


def _is_old(objects: list[StoredObject], now: datetime) -> bool:
    return now - max(each.modified for each in objects) > MAX_AGE


def _together(what: str, why: str, objects: list[StoredObject]) -> Removal:
    keys = tuple(each.key for each in objects)
    return Removal(what, why, None, keys, sum(each.size for each in objects))


def remove(store: Store, removals: list[Removal], done: Callable[[Removal], None]) -> None:
    """Carry out removals; may be interrupted at any moment and repeated.

    Args:
        done: called after each.
    """
    for removal in removals:
        if removal.first:
            store.client.delete_object(Bucket=store.bucket, Key=removal.first)
        delete_keys(store, removal.others)
        done(removal)
