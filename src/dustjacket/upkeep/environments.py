"""Promotion of a version from one environment to another on the same servers.

The version and all that it was made from are copied by content: each file is read once, verified,
written under its own name, and read again there. Manifests are written last, those of what is
needed first. So a copy that was interrupted goes on where it ended, and no version is half there.

What else is in use there stays so at every moment: before a manifest whose name is newer, a name
is published that stands for what is in use. Only a promoted model may serve from its manifest on,
before the ledger there has a record of it; a second call completes that.

An erasure is of one environment. So nothing is copied that the other one erased, and a version from
which both erased stays there as it is.
"""

import hashlib
import logging
import tempfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dustjacket.errors import BadInputError, CorruptVersionError
from dustjacket.pipeline.families import FAMILIES
from dustjacket.promotion.ledger import Ledger, LedgerRecord, first_of
from dustjacket.promotion.promote import receive
from dustjacket.promotion.registry import restore_champion
from dustjacket.promotion.transfers import Transfer, TransferRecord, record_transfer
from dustjacket.records.erased import read_erased
from dustjacket.storage.manifest import (
    MANIFEST,
    Manifest,
    digest_of,
    parse_manifest,
    time_after,
    version_name,
)
from dustjacket.storage.s3 import put_if_absent
from dustjacket.storage.store import Store
from dustjacket.upkeep.inventory import Name, StoredVersion, take_inventory
from dustjacket.upkeep.reach import CHECKPOINTS, reachable
from dustjacket.upkeep.survey import survey

log = logging.getLogger(__name__)

UNNAMED = "unnamed"
"""What the environment without a name is called on the command line."""
_NEVER_IN_USE = (*CHECKPOINTS, *(family.starting for family in FAMILIES.values()))
CopyProgress = Callable[[str, int, int], None]
"""Called with the name of a version, and with how many of how many bytes of all are there."""


@dataclass(frozen=True)
class Sent:
    """What a promotion between environments did.

    Attributes:
        version: ``<kind>/<version>`` that serves or is in use there.
        copied: bytes that were written; what was there with the same content was kept.
        record: of the environment that received it.
    """

    version: str
    copied: int
    record: TransferRecord


def send(
    source: Store, target: Store, kind: str, version: str, *, who: str, why: str = "",
    progress: CopyProgress = lambda *_: None,
) -> Sent:  # fmt: skip
    """Copy a version and all that it needs to another environment, and put it in use there.

    What else was in use there stays in use. A promoted model becomes champion there by a record of
    its ledger; both environments record the transfer. A second call completes a first.

    Raises:
        NotReadyError: the version does not exist, or MLflow is not available.
        BadInputError: it is the same environment, the version needs one that is gone, was never
            promoted here, or has what was erased there.
        CorruptVersionError: a file does not match its manifest, or the other environment has
            another version of the same name, or the same from which one of both erased.
    """
    if source.bucket == target.bucket:
        raise BadInputError(f"{source.bucket} is this environment: name another with --to")
    chosen = source.manifest(kind, version)
    promoted = _promotion(source, chosen) if kind in FAMILIES else None
    versions = _needed(take_inventory(source), chosen, promoted)
    target.ensure_bucket()
    if promoted is None:
        _check_champions(source, target, versions)
    _check_erased(source, target, versions)
    decided_elsewhere = (*_NEVER_IN_USE, *([kind] if promoted else []))
    beside = {each.name for each in versions if each.kind not in decided_elsewhere}
    beside.discard((kind, chosen.version))
    copied = _copy_all(source, target, versions, beside, progress)
    reason = why or f"promoted from {_shown(source)} by {who}"
    served = f"{kind}/{chosen.version}"
    if promoted:
        model = first_of(Ledger(source).of_family(FAMILIES[kind]), served)
        receive(target, model, promoted, who=who, why=reason)
        restore_champion(target, FAMILIES[kind])
        newest = target.newest(kind)
        served = f"{kind}/{newest.version}" if newest else served
    if kind not in decided_elsewhere:
        _put_in_use(target, chosen)
    names = [each.name for each in versions if each.name != (kind, chosen.version)]
    needed = [f"{kind_of}/{name}" for kind_of, name in names]
    common = {
        "from_env": source.settings.env, "to_env": target.settings.env, "kind": kind,
        "version": chosen.version, "manifest": _manifest_digest(source, chosen),
        "needed": needed,
        "who": who, "why": reason,
    }  # fmt: skip
    received = record_transfer(target, Transfer.model_validate(common | {"side": "received"}))
    record_transfer(source, Transfer.model_validate(common | {"side": "sent"}))
    return Sent(served, copied, received)


def _promotion(source: Store, chosen: Manifest) -> LedgerRecord:
    name = f"{chosen.kind}/{chosen.version}"
    records = Ledger(source).of_family(FAMILIES[chosen.kind])
    made_by = {record.to: record for record in records if record.to}
    record = made_by.get(name)
    while record and record.action == "rolled_back" and record.model in made_by:
        record = made_by[record.model]
    if record is None:
        raise BadInputError(f"{name} was never promoted here: `dustjacket history` shows what was")
    return record


def _check_champions(source: Store, target: Store, versions: list[StoredVersion]) -> None:
    """Check that models that a version needs serve in the other environment.

    Raises:
        BadInputError: one does not: the ledger there has to decide on it.
    """
    for each in versions:
        if (family := FAMILIES.get(each.kind)) is None:
            continue
        name = f"{each.kind}/{each.version}"
        there = Ledger(target)
        champion = there.champion(family)
        wanted = first_of(Ledger(source).of_family(family), name)
        if champion is None or first_of(there.of_family(family), champion.to or "") != wanted:
            env = target.settings.env or UNNAMED
            raise BadInputError(
                f"it needs {name}, which does not serve in {_shown(target)}: run `dustjacket "
                f"promote {each.kind} {each.version} --to {env}` first"
            )


def _check_erased(source: Store, target: Store, versions: list[StoredVersion]) -> None:
    """Check that no row of versions has a tombstone in the other environment.

    Raises:
        BadInputError: one has.
    """
    erased = read_erased(target)
    if not erased.names:
        return
    found = survey(source, erased, {each.name for each in versions}).rows
    for (kind, version), rows in found.items():
        raise BadInputError(
            f"{kind}/{version} has {rows} row{'s' * (rows > 1)} of what was erased in "
            f"{_shown(target)}: run the same `dustjacket forget` in {_shown(source)} first"
        )


def _needed(
    inventory: dict[Name, StoredVersion], chosen: Manifest, promoted: LedgerRecord | None
) -> list[StoredVersion]:
    """Return the versions to copy, each after what it was made from.

    Raises:
        BadInputError: what a promoted model is a copy of is gone.
    """
    start = [(chosen.kind, chosen.version)]
    if promoted:
        family = FAMILIES[chosen.kind]
        start += [(kind, chosen.parents[kind]) for kind in family.weights if kind in chosen.parents]
        if promoted.evaluation:
            start.append((family.evaluation, promoted.evaluation))
    found = reachable(inventory, start)
    there = [inventory[name] for name in found if name in inventory]
    versions = [each for each in there if each.manifest]
    for kind, version in sorted(found - {each.name for each in versions}):
        if (kind, version) in start:
            raise BadInputError(
                f"{chosen.kind}/{chosen.version} needs {kind}/{version}, which is gone"
            )
        log.warning("%s/%s, which is named as an origin, is gone: it is not copied", kind, version)
    return sorted(versions, key=lambda each: (str(each.published_at), each.name))


def _copy_all(
    source: Store,
    target: Store,
    versions: list[StoredVersion],
    beside: Collection[Name],
    progress: CopyProgress,
) -> int:
    """Copy versions, and return how many bytes were written.

    Args:
        beside: names of versions that do not come into use.
    """
    total = sum(file.size for each in versions if each.manifest for file in each.manifest.files)
    done = copied = 0
    for each in versions:
        if each.manifest is None:
            continue
        if each.name in beside and (in_use := target.newest(each.kind)):
            _put_in_use(target, in_use, each.version)
        name = f"{each.kind}/{each.version}"
        for size, written in _copy(source, target, each.manifest):
            done, copied = done + size, copied + written
            progress(name, done, total)
    return copied


def _copy(source: Store, target: Store, manifest: Manifest) -> Iterator[tuple[int, int]]:
    """Copy the files of a version, then its manifest; yield the size of each, and what is written.

    Raises:
        CorruptVersionError: a file has changed, or the target has another version of that name, or
            the same from which one of both environments erased.
    """
    name = f"{manifest.kind}/{manifest.version}"
    key = f"{name}/{MANIFEST}"
    body = source.get(key) or b""
    if (there := target.get(key)) is not None and there != body:
        kept = parse_manifest(there, name)
        if _but_for_erasures(kept) != _but_for_erasures(manifest):
            raise CorruptVersionError(f"{_shown(target)} has another {name}: nothing is replaced")
        for one, other in ((source, target), (target, source)):
            if not read_erased(one).names:
                raise CorruptVersionError(
                    f"{name} differs, because only {_shown(other)} erased from it: run the same "
                    f"`dustjacket forget` in {_shown(one)}"
                )
        for file in kept.files:
            target.read(kept, file.path)
        yield sum(file.size for file in manifest.files), 0
        return
    with tempfile.TemporaryDirectory(prefix="transfer-") as scratch:
        for file in manifest.files:
            if _is_there(target, manifest, file.path):
                yield file.size, 0
                continue
            alone = manifest.model_copy(update={"files": [file]})
            (path,) = source.download(alone, Path(scratch))
            target.client.upload_file(str(path), target.bucket, manifest.prefix + file.path)
            path.unlink()
            if not _is_there(target, manifest, file.path):
                raise CorruptVersionError(
                    f"{manifest.prefix}{file.path} was changed on its way: run it again"
                )
            yield file.size, file.size
    put_if_absent(target.client, target.bucket, key, body, manifest.attempt)
    if target.manifest(manifest.kind, manifest.version) != parse_manifest(body, key):
        raise CorruptVersionError(f"{_shown(target)} has another {key}: nothing is replaced")


def _but_for_erasures(manifest: Manifest) -> dict[str, Any]:
    """Return what an erasure does not change: nothing of it may differ in the same version."""
    return manifest.model_dump(exclude={"attempt", "files", "facts", "rows"})


def _is_there(target: Store, manifest: Manifest, path: str) -> bool:
    try:
        target.read(manifest, path)
    except CorruptVersionError:
        return False
    return True


def _put_in_use(target: Store, wanted: Manifest, beside: str = "") -> None:
    """Let a version be the one in use, unless it is: by a name that stands for it.

    Args:
        beside: another name that is about to be published; the version in use has a newer one.
    """
    newest = target.newest_named(wanted.kind)
    if newest is None or (newest[1].version == wanted.version and newest[0] >= beside):
        return
    moment = time_after(datetime.now(UTC), max(newest[0], beside))
    name = version_name(moment, digest_of({"stands_for": wanted.version}))
    target.refer(wanted.kind, name, wanted.version, None)


def _manifest_digest(store: Store, manifest: Manifest) -> str:
    body = store.get(f"{manifest.kind}/{manifest.version}/{MANIFEST}") or b""
    return hashlib.sha256(body).hexdigest()


def _shown(store: Store) -> str:
    return f"environment {store.settings.env or UNNAMED}"
