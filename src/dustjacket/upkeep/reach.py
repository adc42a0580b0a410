"""Which versions must stay: what people, decisions and running work need, and all behind it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from dustjacket.pipeline.families import FAMILIES
from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.leases import MAX_AGE, Lease
from dustjacket.pipeline.steps import in_use
from dustjacket.promotion.ledger import LedgerRecord, of_family, serving
from dustjacket.storage.store import Store
from dustjacket.upkeep.inventory import Name, StoredVersion

CHECKPOINTS = (Kind.CLIP_CHECKPOINT, Kind.GENERATOR_CHECKPOINT)
"""Kinds whose versions are named by the digest of a training, and are of no use after it."""


def roots(
    inventory: Mapping[Name, StoredVersion],
    records: list[LedgerRecord],
    leases: Iterable[Lease],
    pinned: Iterable[Name],
    keep: int,
    now: datetime,
) -> set[Name]:
    """Return the versions that stay for their own sake.

    These are the newest ``keep`` of each kind, what was published in the last week, what serves,
    the models and evaluations of the last ``keep`` decisions on each family, evaluations that wait
    for a decision, what is pinned, and what running jobs read.
    """
    found = set(pinned) | _newest(inventory, keep) | _decided(inventory, records, keep)
    for stored in inventory.values():
        if stored.unreadable or (stored.published_at and now - stored.published_at <= MAX_AGE):
            found.add(stored.name)
    for lease in leases:
        found |= set(lease.inputs.items())
        found |= {name for name in inventory if name[1] == lease.version}
        found |= {n for n in inventory if n[0] in CHECKPOINTS and n[1].startswith(lease.digest)}
    return found


def _newest(inventory: Mapping[Name, StoredVersion], keep: int) -> set[Name]:
    by_kind = defaultdict(list)
    for stored in inventory.values():
        if stored.published_at and stored.kind not in CHECKPOINTS:
            by_kind[stored.kind].append(stored)
    return {
        stored.name
        for versions in by_kind.values()
        for stored in sorted(versions, key=lambda each: each.age_order)[-keep:]
    }


def _decided(
    inventory: Mapping[Name, StoredVersion], records: list[LedgerRecord], keep: int
) -> set[Name]:
    found: set[Name] = set()
    for family in FAMILIES.values():
        decisions = of_family(records, family)
        if (champion := serving(decisions)) and champion.to:
            found.add(_split(champion.to))
        for record in decisions[-keep:]:
            models = [record.from_, record.to, record.model]
            found |= {_split(model) for model in models if model}
            if record.evaluation:
                found.add((family.evaluation, record.evaluation))
        decided = {record.evaluation for record in decisions}
        found |= {n for n in inventory if n[0] == family.evaluation and n[1] not in decided}
    return found


def served(store: Store) -> set[Name]:
    """Return the versions that readers take now."""
    found: set[Name] = set()
    for kind in Kind:
        if kind in CHECKPOINTS:
            continue
        if named := store.newest_named(kind):
            found.add((kind, named[0]))
        if manifest := in_use(store, kind):
            found.add((kind, manifest.version))
    return found


def reachable(inventory: Mapping[Name, StoredVersion], start: Collection[Name]) -> set[Name]:
    """Return ``start`` and all versions that these were made from, directly or not.

    A champion has all files of the candidate that it was, so it does not need that candidate. What
    an earlier champion was made from is followed only where it is in ``start``: a training that
    starts from a champion reads its weights alone.
    """
    known: dict[str, list[Name]] = defaultdict(list)
    for name in inventory:
        known[name[1]].append(name)
    found, left = set(start), list(start)
    while left:
        stored = inventory.get(left.pop())
        family = FAMILIES.get(stored.kind) if stored else None
        if stored is None or (family and stored.name not in start):
            continue
        for name in stored.mentioned(known):
            if name not in found and not (family and name[0] == family.candidate):
                found.add(name)
                left.append(name)
    return found


def _split(model: str) -> Name:
    kind, _, version = model.partition("/")
    return kind, version
