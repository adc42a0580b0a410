"""What an operator wants to know: what serves and why, what runs, failed and waits, and the disk.

``dustjacket status`` and the Studio's page *Operations* show the same. All of it is in the bucket:
versions, the ledger, leases of running jobs, and how the last run of each DAG ended.
"""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from dustjacket.errors import DustjacketError
from dustjacket.pipeline.families import FAMILIES, ModelFamily
from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.leases import leases
from dustjacket.pipeline.steps import STEPS, in_use
from dustjacket.pipeline.team_defaults import TeamDefaults, stored_copy
from dustjacket.promotion.ledger import Ledger, LedgerRecord, of_family, serving
from dustjacket.promotion.schemas import GateFacts
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.objects import list_objects
from dustjacket.storage.store import Store

RUNS = "runs/"
"""Prefix of how the last run of each DAG ended."""
_RECENT = timedelta(days=7)


class Serving(BaseModel):
    """A model, or an index, that gives answers now."""

    kind: str
    version: str
    since: datetime
    why: str
    result: str = Field(description="its figures in a few words")


class Running(BaseModel):
    """A job at work."""

    step: str
    version: str = Field(description="the version that it will publish")
    since: datetime


class RunEnd(BaseModel):
    """How the last run of a DAG ended."""

    dag: str
    run: str
    state: Literal["success", "failed"]
    at: datetime
    reason: str = ""
    cure: str = ""
    link: str = Field("", description="address of the run in Airflow")


class Waiting(BaseModel):
    """A candidate that passed the gate, and that a person has not decided on."""

    version: str
    since: datetime
    reason: str
    cure: str


class Disk(BaseModel):
    """The objects of one kind in the bucket."""

    kind: str
    versions: int
    bytes: int
    bytes_of_last_week: int = Field(description="of these, what was written in the last 7 days")


class Default(BaseModel):
    """A parameter whose team default differs from the shipped one."""

    step: str
    parameter: str
    value: Any
    shipped: Any


class Operations(BaseModel):
    """The state of a platform's work.

    Attributes:
        failed: DAGs whose last run failed, the newest first.
        free_bytes, total_bytes: of the disk that holds this process's state.
        defaults: as the bucket's copy of the team defaults has them, which each day renews.
        missing: what cannot be read, and why.
    """

    serving: list[Serving] = []
    running: list[Running] = []
    failed: list[RunEnd] = []
    waiting: list[Waiting] = []
    disk: list[Disk] = []
    free_bytes: int = 0
    total_bytes: int = 0
    defaults: list[Default] = []
    missing: list[str] = []


def operations(store: Store, home: Path, now: datetime | None = None) -> Operations:
    """Return the state of the work in a bucket.

    Args:
        home: folder on the disk to measure.
    """
    now, missing = now or datetime.now(UTC), list[str]()
    records: list[LedgerRecord] = []
    try:
        records = Ledger(store).records()
    except DustjacketError as error:
        missing.append(str(error))
    serves, waits = list[Serving](), list[Waiting]()
    for family in FAMILIES.values():
        own = of_family(records, family)
        try:
            serves += _champion(store, family, serving(own))
            waits += _undecided(store, family, own)
        except DustjacketError as error:
            missing.append(str(error))
    for kind in (Kind.GENRE_CLASSIFIER, Kind.COVER_INDEX):
        try:
            if found := in_use(store, kind):
                why = str(found.facts.get("reason") or "the newest version")
                serves.append(_serving(found, kind, found.published_at, why))
        except DustjacketError as error:
            missing.append(str(error))
    changed = list[Default]()
    try:
        changed += _defaults(store)
    except DustjacketError as error:
        missing.append(str(error))
    ends = sorted(_ends(store), key=lambda end: end.at, reverse=True)
    disk = shutil.disk_usage(home)
    return Operations(
        serving=serves,
        running=[
            Running(step=each.step, version=each.version, since=each.at)
            for each in leases(store, now)
        ],
        failed=[end for end in ends if end.state == "failed"],
        waiting=waits,
        disk=[use for kind in Kind if (use := _disk(store, kind, now)).bytes],
        free_bytes=disk.free,
        total_bytes=disk.total,
        defaults=changed,
        missing=missing,
    )


def keep_end(store: Store, end: RunEnd) -> None:
    """Store how a run ended; it replaces the run of the same DAG before it."""
    store.client.put_object(
        Bucket=store.bucket, Key=f"{RUNS}{end.dag}.json", Body=end.model_dump_json().encode()
    )


def _ends(store: Store) -> Iterator[RunEnd]:
    for key, _ in list(store.keys(RUNS)):
        try:
            yield RunEnd.model_validate_json(store.get(key) or b"")
        except ValidationError:  # of another release
            continue


def _serving(manifest: Manifest, made: str, since: datetime, why: str) -> Serving:
    """Describe what serves; ``made`` is the kind that a step has made it as."""
    step = next(step for step in STEPS.values() if step.publishes == made)
    return Serving(
        kind=manifest.kind,
        version=manifest.version,
        since=since,
        why=why,
        result=step.facts.of(manifest).outcome(manifest.parameters),
    )


def _champion(store: Store, family: ModelFamily, record: LedgerRecord | None) -> Iterator[Serving]:
    newest = store.newest(family.champion)
    if newest:
        since, why = (record.at, record.why) if record else (newest.published_at, "")
        yield _serving(newest, family.candidate, since, why)
    elif family.starting and (starting := store.newest(family.starting)):
        yield Serving(
            kind=starting.kind, version=starting.version, since=starting.published_at,
            why="no candidate was promoted yet", result=str(starting.facts.get("model", "")),
        )  # fmt: skip


def _undecided(store: Store, family: ModelFamily, records: list[LedgerRecord]) -> Iterator[Waiting]:
    newest = store.newest(family.evaluation)
    if newest is None or any(record.evaluation == newest.version for record in records):
        return
    facts = GateFacts.of(newest)
    if facts.promoted:
        judge = next(s.name for s in STEPS.values() if s.publishes == family.evaluation)
        yield Waiting(
            version=f"{family.candidate}/{newest.parents.get(family.candidate, '')}",
            since=newest.published_at,
            reason=facts.reason,
            cure=f"approve or reject it in Airflow: Browse, Required Actions, DAG {judge}",
        )


def _defaults(store: Store) -> Iterator[Default]:
    team = TeamDefaults.from_json(stored_copy(store))
    for step in STEPS.values():
        shipped = step.parameters().model_dump(mode="json")
        for name, value in team.of(step).model_dump(mode="json").items():
            if value != shipped[name]:
                yield Default(step=step.name, parameter=name, value=value, shipped=shipped[name])


def _disk(store: Store, kind: str, now: datetime) -> Disk:
    versions, size, recent = set[str](), 0, 0
    for each in list_objects(store, f"{kind}/"):
        versions.add(each.key.split("/")[1])
        size += each.size
        recent += each.size if now - each.modified <= _RECENT else 0
    return Disk(kind=kind, versions=len(versions), bytes=size, bytes_of_last_week=recent)
