"""The ledger: every promotion, refusal and rollback, each a record in S3 that never changes.

Records are numbered without gaps, and a number is taken with ``If-None-Match: *``. Who read the
ledger up to a number and takes the next has so seen all that came before: of two at once, one
wins, and the other has to look again.
"""

import re
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from botocore.exceptions import ClientError
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from dustjacket.errors import CorruptVersionError
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

PREFIX = "ledger/"
_MADE_MEANWHILE = (409, 412)
_RECORD = re.compile(rf"{PREFIX}\d{{8}}\.json")


class Entry(BaseModel):
    """What is to be recorded. Models are named ``<kind>/<version>``.

    Attributes:
        who: a person, or the id of the DAG run that decided by itself.
        from_: the champion before; of a refusal, the one that stays.
        to: the version that serves from now on; none of a refusal.
        model: whose weights this is about: the candidate, or the model that is brought back.
        evaluation: the version of the evaluation that it follows from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    action: Literal["promoted", "refused", "rolled_back"]
    verdict: str
    who: str
    why: str
    from_: str | None = Field(alias="from")
    to: str | None = None
    model: str
    evaluation: str | None = None
    dag_run_id: str | None = None
    comparison: dict[str, Any] = Field(default_factory=dict)
    rules: list[dict[str, Any]] = Field(default_factory=list)


class Record(Entry):
    """An entry in its place."""

    format: Literal[1] = 1
    number: int = Field(ge=1, le=99_999_999)
    at: AwareDatetime
    attempt: str = Field(description="who wrote it, for a writer that lost the reply")

    @property
    def superseded(self) -> bool:
        """Whether an evaluation led to nothing for no fault of its candidate's.

        The champion changed before the candidate could take its place, or nobody answered:
        evaluating again may lead to something else.
        """
        return self.verdict in ("stale", "unanswered")


class Ledger:
    """The records in a store's bucket."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def records(self) -> list[Record]:
        """Return all records, oldest first.

        Raises:
            CorruptVersionError: a record is not one, or is missing.
        """
        # A server may list what it is still writing, under a name of its own.
        keys = [key for key, _ in self._store.keys(PREFIX) if _RECORD.fullmatch(key)]
        for number, key in enumerate(keys, 1):
            if key != _key(number):
                raise CorruptVersionError(
                    f"the ledger has {key!r} where {_key(number)!r} belongs: restore its records"
                )
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(self._record, range(1, len(keys) + 1)))

    @property
    def champion(self) -> Record | None:
        """The record that made the present champion, or None before any did."""
        return serving(self.records())

    def at(self, moment: datetime) -> Record | None:
        """Return the record that made what served at ``moment``, or None before any did."""
        return serving(self.records(), moment)

    def of(self, evaluation: Manifest) -> Record | None:
        """Return the record of what an evaluation led to, or None before it led to anything."""
        own = (one for one in self.records() if one.evaluation == evaluation.version)
        return next(own, None)

    def append(self, entry: Entry, seen: Sequence[Record], at: datetime) -> Record | None:
        """Write ``entry`` behind the records that were ``seen``.

        Args:
            at: when it was decided; see :func:`next_moment`.

        Returns:
            The record, or None if another was written meanwhile: look again.
        """
        attempt = f"attempt-{secrets.token_hex(4)}"
        record = Record(number=len(seen) + 1, at=at, attempt=attempt, **entry.model_dump())
        try:
            self._store.client.put_object(
                Bucket=self._store.bucket,
                Key=_key(record.number),
                Body=record.model_dump_json(by_alias=True, indent=2).encode(),
                ContentType="application/json",
                IfNoneMatch="*",
            )
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] not in _MADE_MEANWHILE:
                raise
            # This very put may have succeeded before a lost reply made boto repeat it.
            written = {one.number: one for one in self.records()}.get(record.number)
            return record if written and written.attempt == attempt else None
        return record

    def _record(self, number: int) -> Record:
        reply = self._store.client.get_object(Bucket=self._store.bucket, Key=_key(number))
        try:
            record = Record.model_validate_json(reply["Body"].read())
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise CorruptVersionError(
                f"{_key(number)} is no record: {first['msg']}; restore it"
            ) from None
        if record.number != number:
            raise CorruptVersionError(f"{_key(number)} calls itself {record.number}: restore it")
        return record


def serving(records: Sequence[Record], moment: datetime | None = None) -> Record | None:
    """Return the record that made what served at ``moment``, or serves now."""
    return next(
        (one for one in reversed(records) if one.to and (moment is None or one.at <= moment)), None
    )


def next_moment(records: Sequence[Record]) -> datetime:
    """Return now, or just after the last record where a clock was ahead: time never goes back."""
    now = datetime.now(UTC)
    return max(now, records[-1].at + timedelta(microseconds=1)) if records else now


def origin(records: Sequence[Record], model: str) -> str:
    """Return the model whose weights ``model`` has: itself, unless a rollback made it."""
    made_by = next((one for one in records if one.to == model), None)
    return made_by.model if made_by and made_by.action == "rolled_back" else model


def before(records: Sequence[Record]) -> str | None:
    """Return the model that the present champion's weights once took the place of, or None.

    So rolling back again goes further back, never forth to what was rolled back from.
    """
    champion = serving(records)
    if champion is None or champion.to is None:
        return None
    first = origin(records, champion.to)
    promotion = next((one for one in records if one.to == first), None)
    return origin(records, promotion.from_) if promotion and promotion.from_ else None


def _key(number: int) -> str:
    return f"{PREFIX}{number:08d}.json"
