"""Changing the champion, forward and back: the ledger first, then ``cover_clip``, then MLflow.

What the ledger says is so; the version and the alias follow from it. Whoever comes next does what
is left of a change that broke off.
"""

import logging
from dataclasses import dataclass
from typing import Any

import mlflow
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random

from dustjacket.errors import BadInputError, DustjacketError, NotReadyError
from dustjacket.pipeline.parameters import COVER_CLIP
from dustjacket.promotion.ledger import (
    Entry,
    Ledger,
    Record,
    before,
    next_moment,
    origin,
    serving,
)
from dustjacket.storage.manifest import Manifest, digest_of, version_name
from dustjacket.storage.store import Store
from dustjacket.tracking import runs as tracking

log = logging.getLogger(__name__)

CANDIDATE = "clip_candidate"


@dataclass(frozen=True)
class Answer:
    """What a person said of a candidate that the gate let through.

    Attributes:
        who: the person's name, or None if nobody answered in time.
    """

    approved: bool
    who: str | None
    comment: str = ""


def promote(store: Store, evaluation: Manifest, who: str, answer: Answer | None = None) -> Record:
    """Do what an evaluation decided, once: promote its candidate, or record that it was refused.

    A second call returns the record of the first, and does what was left of it.

    Args:
        evaluation: a published one, with the facts of :func:`~dustjacket.promotion.gate.as_facts`
            and the ``champion_version`` that the candidate was judged against.
        who: the DAG run, which answers for the decision where no person does.
        answer: what a person said, where one was asked.

    Raises:
        CorruptVersionError: a file of the candidate has changed; nothing was promoted.
        DustjacketError: MLflow could not be told; call again.
    """
    while True:
        records = finish(store)
        known = next((one for one in records if one.evaluation == evaluation.version), None)
        if known is None:
            known = _append(store, records, _entry(store, records, evaluation, who, answer))
            if known is None:
                continue
            log.info("ledger record %d, %s: %s", known.number, known.action, known.why)
        if known.to:
            finish(store)
        else:
            _mirror(store, known)
        return known


def rollback(
    store: Store, version: str | None = None, *, who: str, dag_run_id: str | None = None
) -> Record:
    """Publish the weights of an earlier champion again, as the newest ``cover_clip``.

    Args:
        version: one that has served; by default the one before the present champion.
        dag_run_id: the run that does it; a second call by the same run returns its record.

    Raises:
        BadInputError: there is nothing to go back to, or not to that version.
        NotReadyError: the champion changed meanwhile.
        DustjacketError: MLflow could not be told; call again.
    """
    records = finish(store)
    if own := next((one for one in records if dag_run_id and one.dag_run_id == dag_run_id), None):
        return own
    champion = serving(records)
    if champion is None or champion.to is None:
        raise BadInputError("nothing was ever promoted, so there is nothing to roll back")
    model = _served(records, version) if version else before(records)
    if model is None:
        raise BadInputError(f"nothing served before {champion.to}: name the version to go back to")
    if model == origin(records, champion.to):
        raise BadInputError(f"{model} serves already: name another version")
    entry = Entry(
        action="rolled_back",
        verdict="restored",
        who=who,
        why=f"{who} rolled back from {champion.to} to {model}",
        from_=champion.to,
        model=model,
        dag_run_id=dag_run_id,
    )
    while (record := _append(store, records, entry)) is None:
        records = finish(store)
        if serving(records) != champion:
            raise NotReadyError(
                "the champion changed meanwhile: look at `dustjacket history`, then roll back again"
            )
    finish(store)
    return record


def finish(store: Store) -> list[Record]:
    """Do what is left of the last promotion or rollback, and return the ledger's records.

    MLflow's alias cannot be set on a condition. So whoever sets it looks at the ledger again, and
    sets it anew where another change came between.

    Raises:
        DustjacketError: MLflow could not be told; call again.
    """
    ledger = Ledger(store)
    while True:
        records = ledger.records()
        champion = serving(records)
        if champion is None:
            return records
        _publish(store, champion)
        _mirror(store, champion)
        now = ledger.records()
        if serving(now) == champion:
            return now


def _append(store: Store, records: list[Record], entry: Entry) -> Record | None:
    at = next_moment(records)
    if entry.action != "refused":
        # What cannot be published may not be promised: everything after would wait for it.
        model = store.manifest(*entry.model.split("/"))
        for file in model.files:
            store.read(model, file.path)
        version = version_name(at, digest_of({"model": entry.model}))
        entry = entry.model_copy(update={"to": f"{COVER_CLIP}/{version}"})
    return Ledger(store).append(entry, records, at)


def _entry(
    store: Store, records: list[Record], evaluation: Manifest, who: str, answer: Answer | None
) -> Entry:
    facts = evaluation.facts
    judged: str = facts["champion_version"]
    champion = _champion(store, records) or judged
    about: dict[str, Any] = {
        "from_": champion,
        "model": f"{CANDIDATE}/{evaluation.parents[CANDIDATE]}",
        "evaluation": evaluation.version,
        "dag_run_id": evaluation.dag_run_id,
        "comparison": facts.get("comparison", {}),
        "rules": facts.get("rules", []),
        "who": (answer and answer.who) or who,
    }
    said = f": {answer.comment}" if answer and answer.comment else ""
    if not facts["promoted"]:
        return Entry(action="refused", verdict=facts["verdict"], why=facts["reason"], **about)
    if answer and not answer.approved:
        why = f"rejected by {answer.who}{said}" if answer.who else "nobody answered in time"
        verdict = "rejected" if answer.who else "unanswered"
        return Entry(action="refused", verdict=verdict, why=why, **about)
    if champion != judged:
        why = (
            f"not promoted: champion changed meanwhile, evaluate again "
            f"(judged against {judged}; {champion} serves)"
        )
        return Entry(action="refused", verdict="stale", why=why, **about)
    approved = f"; approved by {answer.who}{said}" if answer else ""
    return Entry(action="promoted", verdict="promoted", why=facts["reason"] + approved, **about)


def _champion(store: Store, records: list[Record]) -> str | None:
    if record := serving(records):
        return record.to
    promoted = store.newest(COVER_CLIP)  # before there was a ledger
    return f"{COVER_CLIP}/{promoted.version}" if promoted else None


def _served(records: list[Record], version: str) -> str:
    """Return the model whose weights served as ``version``, with its kind or without."""
    served = {one for record in records if record.to for one in (record.from_, record.to) if one}
    found = [one for one in served if version in (one, one.partition("/")[2])]
    if not found:
        raise BadInputError(f"{version!r} never served: name one that `dustjacket history` shows")
    return origin(records, found[0])


def _publish(store: Store, record: Record) -> None:
    """Publish the record's model as the version that the record names, if it is not there yet."""
    kind, version = str(record.to).split("/")
    try:
        store.manifest(kind, version)
    except NotReadyError:
        model = store.manifest(*record.model.split("/"))
        draft = store.draft(kind, version)
        for entry in model.files:
            draft.put(entry.path, store.read(model, entry.path))
        back = {"rolled_back_to": record.model} if record.action == "rolled_back" else {}
        draft.publish(
            parameters=model.parameters,
            code=model.code,
            parents={**model.parents, model.kind: model.version},
            dag_run_id=record.dag_run_id,
            facts={**model.facts, "ledger_record": record.number, **back},
        )
        log.info("published %s from %s", record.to, record.model)


def _mirror(store: Store, record: Record) -> None:
    """Show a record on the model's version in MLflow, and as ``@champion`` if it serves."""
    model = store.manifest(*record.model.split("/"))
    kind, version = (
        (CANDIDATE, model.parents[CANDIDATE]) if CANDIDATE in model.parents
        else (model.kind, model.version)
    )  # fmt: skip
    tags = {
        "verdict": record.verdict,
        "reason": record.why,
        "ledger_record": str(record.number),
    }
    tracking.connect(store.settings)
    try:
        mirror = tracking.registered(tracking.CLIP, kind=kind, version=version)
        if mirror is None:
            log.warning("%s/%s is not in MLflow's registry: no alias shows it", kind, version)
            return
        _show(mirror, tags, champion=record.to is not None)
    except MlflowException as error:
        raise DustjacketError(
            f"ledger record {record.number} stands, but MLflow could not be told: "
            f"{str(error).splitlines()[0]}; run it again"
        ) from error


# Of two that set the same new tag or alias at once, MLflow's database refuses one.
@retry(
    retry=retry_if_exception_type(MlflowException),
    stop=stop_after_attempt(4),
    wait=wait_random(max=1),
    reraise=True,
)
def _show(mirror: ModelVersion, tags: dict[str, str], *, champion: bool) -> None:
    client = mlflow.MlflowClient()
    for tag, value in tags.items():
        client.set_model_version_tag(mirror.name, mirror.version, tag, value)
    if champion:
        client.set_registered_model_alias(mirror.name, tracking.CHAMPION, mirror.version)
