"""The record of what was promoted from one environment to another, kept in both.

Records are objects ``transfers/<number>.json``, numbered without gaps; each is written with
``If-None-Match: *``, as those of the ledger are.
"""

import secrets
from datetime import UTC, datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from dustjacket.errors import CorruptVersionError
from dustjacket.storage.s3 import put_if_absent
from dustjacket.storage.store import Store

PREFIX = "transfers/"


class Transfer(BaseModel):
    """One promotion between environments, as one of the two sides has it.

    Attributes:
        side: whether this environment sent or received it.
        from_env, to_env: names of the environments; empty: the one without a name.
        kind, version: what was promoted.
        manifest: SHA-256 of its manifest on the side that sent it, which lists that of each file.
        needed: the versions that it needs, ``<kind>/<version>``, which are on both sides.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    side: Literal["sent", "received"]
    from_env: str
    to_env: str
    kind: str
    version: str
    manifest: str
    needed: list[str]
    who: str
    why: str


class TransferRecord(Transfer):
    """A transfer with its number and time."""

    number: int = Field(ge=1, le=99_999_999)
    at: AwareDatetime
    attempt: str


def transfers(store: Store) -> list[TransferRecord]:
    """Return all records of an environment, oldest first.

    Raises:
        CorruptVersionError: one cannot be read.
    """
    found = []
    for key, _ in store.keys(PREFIX):
        try:
            found.append(TransferRecord.model_validate_json(store.get(key) or b""))
        except ValidationError:
            raise CorruptVersionError(
                f"{key} is no record of a promotion: restore it from a backup"
            ) from None
    return found


def record_transfer(store: Store, transfer: Transfer) -> TransferRecord:
    """Write a record, unless the newest one of its version says the same; return it."""
    while True:
        records = transfers(store)
        of_version = [
            r for r in records if (r.kind, r.version) == (transfer.kind, transfer.version)
        ]
        if of_version and Transfer(**_own(of_version[-1])) == transfer:
            return of_version[-1]
        attempt = f"attempt-{secrets.token_hex(4)}"
        record = TransferRecord(
            **transfer.model_dump(), number=len(records) + 1, at=datetime.now(UTC), attempt=attempt
        )
        key = f"{PREFIX}{record.number:08d}.json"
        body = record.model_dump_json(indent=2).encode()
        if put_if_absent(store.client, store.bucket, key, body, attempt):
            return record


def _own(record: TransferRecord) -> dict[str, object]:
    return record.model_dump(exclude={"number", "at", "attempt"})
