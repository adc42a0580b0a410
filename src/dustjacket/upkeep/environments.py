"""Promotion of a version from one environment to another on the same servers.

The version and all that it was made from are copied by content: each file is read once, verified,
written under its own name, and read again there. Manifests are written last, those of what is
needed first. So a copy that was interrupted goes on where it ended, and no version is half there.
"""

import hashlib
import logging
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dustjacket.errors import BadInputError, CorruptVersionError
from dustjacket.pipeline.families import FAMILIES
from dustjacket.promotion.ledger import Ledger, LedgerRecord, first_of
from dustjacket.promotion.promote import receive
from dustjacket.promotion.registry import restore_champion
from dustjacket.promotion.transfers import Transfer, TransferRecord, record_transfer
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
        BadInputError: it is the same environment, the version needs one that is gone, or was never
            promoted here.
        CorruptVersionError: a file does not match its manifest, or the other environment has
            another version of the same name.
    """
    if source.bucket == target.bucket:
        raise BadInputError(f"{source.bucket} is this environment: name another with --to")
    chosen = source.manifest(kind, version)
    promoted = _promotion(source, chosen) if kind in FAMILIES else None
    versions = _needed(take_inventory(source), chosen, promoted)
    target.ensure_bucket()
    if promoted is None:
        _check_champions(source, target, versions)
    in_use = {each.kind: target.newest(each.kind) for each in versions}
    copied = _copy_all(source, target, versions, progress)
    reason = why or f"promoted from {_shown(source)} by {who}"
    served = f"{kind}/{chosen.version}"
    if promoted:
        model = first_of(Ledger(source).of_family(FAMILIES[kind]), served)
        receive(target, model, promoted, who=who, why=reason)
        restore_champion(target, FAMILIES[kind])
        newest = target.newest(kind)
        served = f"{kind}/{newest.version}" if newest else served
    for each, before in in_use.items():
        wanted = chosen if each == kind else before
        if wanted and not (promoted and each == kind) and each not in _NEVER_IN_USE:
            _keep_in_use(target, wanted)
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
    source: Store, target: Store, versions: list[StoredVersion], progress: CopyProgress
) -> int:
    total = sum(file.size for each in versions if each.manifest for file in each.manifest.files)
    done = copied = 0
    for each in versions:
        if each.manifest is None:
            continue
        name = f"{each.kind}/{each.version}"
        for size, written in _copy(source, target, each.manifest):
            done, copied = done + size, copied + written
            progress(name, done, total)
    return copied


def _copy(source: Store, target: Store, manifest: Manifest) -> Iterator[tuple[int, int]]:
    """Copy the files of a version, then its manifest; yield the size of each, and what is written.

    Raises:
        CorruptVersionError: a file has changed, or the target has another version of that name.
    """
    key = f"{manifest.kind}/{manifest.version}/{MANIFEST}"
    body = source.get(key) or b""
    if (there := target.get(key)) is not None and there != body:
        raise CorruptVersionError(
            f"{_shown(target)} has another {manifest.kind}/{manifest.version}: nothing is replaced"
        )
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


def _is_there(target: Store, manifest: Manifest, path: str) -> bool:
    try:
        target.read(manifest, path)
    except CorruptVersionError:
        return False
    return True


def _keep_in_use(target: Store, wanted: Manifest) -> None:
    """Let a version be the one in use, unless it is: by a name that stands for it."""
    newest = target.newest_named(wanted.kind)
    if newest is None or newest[1].version == wanted.version:
        return
    moment = time_after(datetime.now(UTC), newest[0])
    name = version_name(moment, digest_of({"stands_for": wanted.version}))
    target.refer(wanted.kind, name, wanted.version, None)


def _manifest_digest(store: Store, manifest: Manifest) -> str:
    body = store.get(f"{manifest.kind}/{manifest.version}/{MANIFEST}") or b""
    return hashlib.sha256(body).hexdigest()


def _shown(store: Store) -> str:
    return f"environment {store.settings.env or UNNAMED}"
