"""Changes of champion, by promotion or rollback: the ledger first, then S3, then MLflow.

The ledger is the source of truth; the version that serves and the alias ``@champion`` follow from
it. The next call completes a change that was interrupted.
"""

import logging
from dataclasses import dataclass
from typing import Any

from mlflow.exceptions import MlflowException

from dustjacket.errors import CorruptVersionError, DustjacketError, NotReadyError
from dustjacket.pipeline.families import ModelFamily, family_of
from dustjacket.promotion import mirror
from dustjacket.promotion.ledger import (
    Ledger,
    LedgerEntry,
    LedgerRecord,
    first_of,
    next_timestamp,
    of_family,
    rollback_target,
    serving,
)
from dustjacket.promotion.schemas import GateFacts
from dustjacket.storage.draft import Draft
from dustjacket.storage.manifest import Manifest, digest_of, version_name
from dustjacket.storage.store import Store
from dustjacket.tracking import runs as tracking

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ApprovalResponse:
    """A person's response to the request to approve a candidate that passed the gate.

    Attributes:
        who: the person's name, or None if nobody responded in time.
    """

    approved: bool
    who: str | None
    comment: str = ""


def promote(
    store: Store, evaluation: Manifest, who: str, approval: ApprovalResponse | None = None
) -> LedgerRecord:
    """Carry out an evaluation's decision once: promote the candidate, or record its refusal.

    A second call completes the first if that was interrupted, and returns its record.

    Args:
        evaluation: a published evaluation, with the facts of
            :func:`~dustjacket.promotion.gate.as_facts` and the ``champion_version`` that the
            candidate was compared with.
        who: id of the DAG run, recorded as the author where no person decides.
        approval: the person's response, if approval was required.

    Raises:
        CorruptVersionError: a file of the candidate does not match its manifest; nothing changed.
        DustjacketError: MLflow is not updated; call again.
    """
    family = family_of(evaluation.kind)
    while True:
        records = finish(store, family)
        record = next((r for r in records if r.evaluation == evaluation.version), None)
        if record is None:
            record = _append(store, records, _entry(store, evaluation, who, approval))
            if record is None:
                continue
            log.info("ledger record %d, %s: %s", record.number, record.action, record.why)
        if record.to:
            finish(store, family)
        else:
            _mirror(store, record)
        return record


def receive(
    store: Store, model: str, origin: LedgerRecord, *, who: str, why: str
) -> LedgerRecord | None:
    """Make a model champion that another environment promoted; return None if it serves already.

    Args:
        model: ``<kind>/<version>`` of a candidate or of starting weights, whose files are here.
        origin: the record of its promotion in the other environment, whose evaluation counts.

    Raises:
        DustjacketError: MLflow is not updated; call again.
    """
    family = family_of(model.partition("/")[0])
    while True:
        records = finish(store, family)
        own = of_family(records, family)
        champion = serving(own)
        if champion and champion.to and first_of(own, champion.to) == model:
            return None
        newest = store.newest(family.champion)
        entry = LedgerEntry(
            action="promoted",
            verdict="promoted",
            who=who,
            why=why,
            from_=f"{newest.kind}/{newest.version}" if newest else None,
            model=model,
            evaluation=origin.evaluation,
            comparison=origin.comparison,
            rules=origin.rules,
        )
        if record := _append(store, records, entry):
            finish(store, family)
            return record


def rollback(
    store: Store,
    family: ModelFamily,
    version: str | None = None,
    *,
    who: str,
    dag_run_id: str | None = None,
    comment: str = "",
) -> LedgerRecord:
    """Publish the weights of an earlier champion again, as the newest version that serves.

    Args:
        version: an earlier champion; by default the one before the current champion.
        comment: why, for the ledger.
        dag_run_id: the DAG run of the rollback; a second call by the same run returns its record.

    Raises:
        BadInputError: no earlier champion exists, or ``version`` is not one.
        NotReadyError: the champion changed during the call.
        DustjacketError: MLflow is not updated; call again.
    """
    records = finish(store, family)
    own = (record for record in records if dag_run_id and record.dag_run_id == dag_run_id)
    if record := next(own, None):
        return record
    champion, model = rollback_target(of_family(records, family), version)
    entry = LedgerEntry(
        action="rolled_back",
        verdict="restored",
        who=who,
        why=f"{who} rolled back from {champion} to {model}" + (f": {comment}" if comment else ""),
        from_=champion,
        model=model,
        dag_run_id=dag_run_id,
    )
    while (record := _append(store, records, entry)) is None:
        records = finish(store, family)
        if (now := serving(of_family(records, family))) is None or now.to != champion:
            raise NotReadyError(
                "the champion changed meanwhile: check `dustjacket history`, then roll back again"
            )
    finish(store, family)
    return record


def finish(store: Store, family: ModelFamily) -> list[LedgerRecord]:
    """Complete a family's last promotion or rollback, and return all records of the ledger.

    MLflow cannot set an alias conditionally. So the ledger is read again after the alias is set,
    and the alias is set again if the champion has changed.

    Raises:
        DustjacketError: MLflow is not updated; call again.
    """
    ledger = Ledger(store)
    while True:
        records = ledger.records()
        champion = serving(of_family(records, family))
        if champion is None:
            return records
        _publish(store, champion)
        _mirror(store, champion)
        now = ledger.records()
        if serving(of_family(now, family)) == champion:
            return now


def _append(store: Store, records: list[LedgerRecord], entry: LedgerEntry) -> LedgerRecord | None:
    timestamp = next_timestamp(records)
    if entry.action != "refused":
        # Check that the model can be published: otherwise every later change would fail on it.
        model = store.manifest(*entry.model.split("/"))
        for file in model.files:
            store.read(model, file.path)
        version = version_name(timestamp, digest_of({"model": entry.model}))
        entry = entry.model_copy(update={"to": f"{entry.family.champion}/{version}"})
    return Ledger(store).append(entry, records, timestamp)


def _entry(
    store: Store,
    evaluation: Manifest,
    who: str,
    approval: ApprovalResponse | None,
) -> LedgerEntry:
    facts, family = GateFacts.of(evaluation), family_of(evaluation.kind)
    compared_with = facts.champion_version
    newest = store.newest(family.champion)
    champion = f"{newest.kind}/{newest.version}" if newest else compared_with
    common: dict[str, Any] = {
        "from_": champion,
        "model": f"{family.candidate}/{evaluation.parents[family.candidate]}",
        "evaluation": evaluation.version,
        "dag_run_id": evaluation.dag_run_id,
        "comparison": facts.comparison,
        "rules": [rule.model_dump() for rule in facts.rules],
        "who": (approval and approval.who) or who,
    }
    comment = f": {approval.comment}" if approval and approval.comment else ""
    if not facts.promoted:
        return LedgerEntry(action="refused", verdict=facts.verdict, why=facts.reason, **common)
    if approval and not approval.approved:
        why = f"rejected by {approval.who}{comment}" if approval.who else "nobody answered in time"
        verdict = "rejected" if approval.who else "unanswered"
        return LedgerEntry(action="refused", verdict=verdict, why=why, **common)
    if champion != compared_with:
        why = (
            f"not promoted: champion changed meanwhile, evaluate again "
            f"(compared with {compared_with}; {champion} serves)"
        )
        return LedgerEntry(action="refused", verdict="stale", why=why, **common)
    approved = f"; approved by {approval.who}{comment}" if approval else ""
    return LedgerEntry(action="promoted", verdict="promoted", why=facts.reason + approved, **common)


def _publish(store: Store, record: LedgerRecord) -> None:
    """Publish the record's model as the version that the record names, unless it exists.

    If that model is gone too, the newest version that is left serves.
    """
    kind, version = str(record.to).split("/")
    try:
        store.manifest(kind, version)
    except NotReadyError:
        try:
            _copy(store, record, store.draft(kind, version))
        except (CorruptVersionError, NotReadyError) as error:
            log.warning(
                "%s, which ledger record %d made champion, is gone and cannot be published again: "
                "%s. An earlier champion, or the starting weights, serves until the next promotion",
                record.to, record.number, error,
            )  # fmt: skip


def _copy(store: Store, record: LedgerRecord, draft: Draft) -> None:
    model = store.manifest(*record.model.split("/"))
    for file in model.files:
        draft.put(file.path, store.read(model, file.path))
    rolled_back = {"rolled_back_to": record.model} if record.action == "rolled_back" else {}
    draft.publish(
        parameters=model.parameters,
        code=model.code,
        parents={**model.parents, model.kind: model.version},
        dag_run_id=record.dag_run_id,
        facts={**model.facts, "ledger_record": record.number, **rolled_back},
    )
    log.info("published %s from %s", record.to, record.model)


def _mirror(store: Store, record: LedgerRecord) -> None:
    """Show the record in MLflow: as tags of its model, and by ``@champion`` if it serves."""
    kind, version = (record.to or record.model).split("/")
    tags = {
        "verdict": record.verdict,
        "reason": record.why,
        "ledger_record": str(record.number),
    }
    tracking.connect(store.settings)
    try:
        if run_id := _training_run(store, record):
            mirror.show_decision(run_id, record.verdict)
        if record.to is None:
            mirror.tag(record.family, {"kind": kind, "version": version}, tags)
        elif (newest := store.newest(kind)) is None:
            mirror.show_starting(record.family, f"{record.to} is gone")
        else:
            mirror.show_champion(record.family, newest, tags if newest.version == version else {})
    except MlflowException as error:
        raise DustjacketError(
            f"ledger record {record.number} is written, but MLflow is not updated: "
            f"{str(error).splitlines()[0]}; run it again"
        ) from error


def _training_run(store: Store, record: LedgerRecord) -> str | None:
    """Return the MLflow run that trained the candidate of a decision, if it is known."""
    if record.action == "rolled_back":
        return None
    try:
        return store.manifest(*record.model.split("/")).facts.get("run_id")
    except (CorruptVersionError, NotReadyError):  # the candidate is gone: its run may be too
        return None
