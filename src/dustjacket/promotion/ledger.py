"""The ledger: every promotion, refusal and rollback, each an immutable record in S3.

One ledger has the decisions on all families of models; the functions below that name no family take
the records of one.

Records are numbered without gaps, and each is written with ``If-None-Match: *``. A writer that has
read n records writes number n + 1, so every decision is made with all earlier ones known. Of two
concurrent writers one succeeds; the other must read the ledger again.
"""

import json
import re
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from dustjacket.errors import BadInputError, CorruptVersionError
from dustjacket.pipeline.families import ModelFamily, family_of
from dustjacket.storage.manifest import Manifest, check_format
from dustjacket.storage.s3 import put_if_absent
from dustjacket.storage.store import Store

PREFIX = "ledger/"
FORMAT: Literal[1] = 1
_RECORD = re.compile(rf"{PREFIX}\d{{8}}\.json")


class LedgerEntry(BaseModel):
    """A decision to be recorded. Models are named ``<kind>/<version>``.

    Attributes:
        who: a person, or the id of the DAG run that decided without one.
        from_: the champion before the decision; after a refusal it stays champion.
        to: the version that serves from now on; None for a refusal.
        model: the candidate, or the earlier model that a rollback restores.
        evaluation: version of the evaluation that led to the decision.
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

    @property
    def family(self) -> ModelFamily:
        """The family of the models that it decides on."""
        return family_of(self.model.partition("/")[0])


class LedgerRecord(LedgerEntry):
    """An entry with its number and time, as the ledger holds it."""

    format: Literal[1] = FORMAT
    number: int = Field(ge=1, le=99_999_999)
    at: AwareDatetime
    attempt: str = Field(description="id of one write, by which its writer recognises it")

    @property
    def superseded(self) -> bool:
        """Whether the refusal was no judgement on the candidate, so that a new evaluation may help.

        The champion changed before the candidate could replace it, or no person answered in time.
        """
        return self.verdict in ("stale", "unanswered")


class Ledger:
    """The ledger in the bucket of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def records(self) -> list[LedgerRecord]:
        """Return all records, oldest first.

        Raises:
            CorruptVersionError: a record is malformed or missing.
        """
        # A server may also list unfinished uploads, under other names.
        keys = [key for key, _ in self._store.keys(PREFIX) if _RECORD.fullmatch(key)]
        for number, key in enumerate(keys, 1):
            if key != _key(number):
                raise CorruptVersionError(
                    f"the ledger has {key!r} where {_key(number)!r} belongs: "
                    "restore the missing records"
                )
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(self._record, range(1, len(keys) + 1)))

    def of_family(self, family: ModelFamily) -> list[LedgerRecord]:
        """Return the records of one family, oldest first."""
        return of_family(self.records(), family)

    def test_sides(self, family: ModelFamily) -> list[list[str] | None]:
        """Return the test side of each decision on an evaluation of a family, oldest first.

        None where the record does not have it, as those of earlier releases.
        """
        decisions = (r for r in self.of_family(family) if r.action != "rolled_back")
        return [decision.comparison.get("test_side") for decision in decisions]

    def champion(self, family: ModelFamily) -> LedgerRecord | None:
        """Return the record that made the current champion, or None before any promotion."""
        return serving(self.of_family(family))

    def of(self, evaluation: Manifest) -> LedgerRecord | None:
        """Return the decision that followed from an evaluation, or None if there is none yet."""
        matches = (record for record in self.records() if record.evaluation == evaluation.version)
        return next(matches, None)

    def append(
        self, entry: LedgerEntry, seen: Sequence[LedgerRecord], timestamp: datetime
    ) -> LedgerRecord | None:
        """Write ``entry`` as the record that follows ``seen``.

        Args:
            seen: all records that the decision took into account, of every family.
            timestamp: time of the decision; see :func:`next_timestamp`.

        Returns:
            The record, or None if another writer took its number: read the ledger and decide again.
        """
        attempt = f"attempt-{secrets.token_hex(4)}"
        record = LedgerRecord(
            number=len(seen) + 1, at=timestamp, attempt=attempt, **entry.model_dump()
        )
        written = put_if_absent(
            self._store.client,
            self._store.bucket,
            _key(record.number),
            record.model_dump_json(by_alias=True, indent=2).encode(),
            attempt,
        )
        return record if written else None

    def _record(self, number: int) -> LedgerRecord:
        reply = self._store.client.get_object(Bucket=self._store.bucket, Key=_key(number))
        try:
            values = json.loads(reply["Body"].read())
            check_format(_key(number), values.get("format", FORMAT), (FORMAT,))
            record = LedgerRecord.model_validate(values)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise CorruptVersionError(
                f"{_key(number)} is no record of the ledger: {first['msg']}; restore it"
            ) from None
        except (ValueError, AttributeError):
            raise CorruptVersionError(f"{_key(number)} is no JSON object: restore it") from None
        if record.number != number:
            raise CorruptVersionError(f"{_key(number)} has the number {record.number}: restore it")
        return record


def of_family(records: Sequence[LedgerRecord], family: ModelFamily) -> list[LedgerRecord]:
    """Return the records of one family."""
    return [record for record in records if record.family == family]


def serving(records: Sequence[LedgerRecord], moment: datetime | None = None) -> LedgerRecord | None:
    """Return the record that made the champion of ``moment`` (default: now), or None."""
    changes = (record for record in reversed(records) if record.to)
    return next((record for record in changes if moment is None or record.at <= moment), None)


def next_timestamp(records: Sequence[LedgerRecord]) -> datetime:
    """Return now, or just after the last record if its writer's clock was ahead."""
    now = datetime.now(UTC)
    return max(now, records[-1].at + timedelta(microseconds=1)) if records else now


def origin(records: Sequence[LedgerRecord], model: str) -> str:
    """Return the model whose weights ``model`` has: itself, or the one that a rollback copied."""
    made_by = next((record for record in records if record.to == model), None)
    return made_by.model if made_by and made_by.action == "rolled_back" else model


def first_of(records: Sequence[LedgerRecord], model: str) -> str:
    """Return the candidate, or the starting weights, whose weights a champion has.

    Args:
        records: of one family.
        model: ``<kind>/<version>``.
    """
    made_by = {record.to: record.model for record in records if record.to}
    while model in made_by:
        model = made_by[model]
    return model


def previous_champion(records: Sequence[LedgerRecord]) -> str | None:
    """Return the model that the current champion's weights first replaced, or None.

    So repeated rollbacks go further back, never forward to a model that was rolled back.
    """
    champion = serving(records)
    if champion is None or champion.to is None:
        return None
    model = origin(records, champion.to)
    promotion = next((record for record in records if record.to == model), None)
    return origin(records, promotion.from_) if promotion and promotion.from_ else None


def rollback_target(records: Sequence[LedgerRecord], version: str | None) -> tuple[str, str]:
    """Return the champion, and the model that a rollback restores in its place.

    Args:
        version: a version that served, with or without its kind; None is the previous champion.

    Raises:
        BadInputError: there is no earlier champion, or ``version`` is not one.
    """
    champion = serving(records)
    if champion is None or champion.to is None:
        raise BadInputError("nothing was ever promoted, so there is nothing to roll back")
    model = _served(records, version) if version else previous_champion(records)
    if model is None:
        raise BadInputError(
            f"nothing served before {champion.to}: name the version to roll back to"
        )
    if model == origin(records, champion.to):
        raise BadInputError(f"{model} serves already: name another version")
    return champion.to, model


def _served(records: Sequence[LedgerRecord], version: str) -> str:
    changes = [record for record in records if record.to]
    served = {model for record in changes for model in (record.from_, record.to) if model}
    matches = [model for model in served if version in (model, model.partition("/")[2])]
    if not matches:
        raise BadInputError(
            f"{version!r} never served: name a version that `dustjacket history` shows"
        )
    return origin(records, matches[0])


def _key(number: int) -> str:
    return f"{PREFIX}{number:08d}.json"
