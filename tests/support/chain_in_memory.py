"""Runs of the steps' DAGs over a store in memory, without Airflow and without their jobs."""

from datetime import UTC, datetime
from typing import Any

from dustjacket.pipeline.families import family_of
from dustjacket.pipeline.plan import Plan, Work, bring_back, work_of
from dustjacket.pipeline.step import Status
from dustjacket.pipeline.steps import STEPS
from dustjacket.pipeline.team_defaults import TeamDefaults
from dustjacket.promotion.ledger import Ledger, LedgerEntry, LedgerRecord
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store
from tests.support.facts import least_facts

DECIDED_AT = datetime(2026, 1, 1, tzinfo=UTC)


def publish(store: Store, plan: Plan, **facts: Any) -> Manifest:
    """Publish a version that holds the plan's work, as its job would."""
    kind = STEPS[plan.step].publishes
    manifest, _ = store.draft(kind, plan.version).publish(
        parents=plan.inputs,
        parameters=plan.parameters,
        source=plan.parameters.get("source"),
        facts=least_facts(kind, **facts),
        code=plan.code,
        modules=plan.modules,
        fingerprints=plan.fingerprints,
        dag_run_id=plan.dag_run_id,
    )
    return manifest


def decide(
    store: Store, evaluation: Manifest, verdict: str = "not_better", to: str | None = None
) -> LedgerRecord | None:
    """Record what followed from an evaluation: a refusal, or a promotion to ``to``."""
    entry = LedgerEntry(
        action="promoted" if to else "refused", verdict="promoted" if to else verdict, to=to,
        who="a run", why="why", from_=None, model=f"{family_of(evaluation.kind).candidate}/c",
        evaluation=evaluation.version,
    )  # fmt: skip
    ledger = Ledger(store)
    return ledger.append(entry, ledger.records(), DECIDED_AT)


def run_dag(
    store: Store,
    name: str,
    defaults: TeamDefaults,
    moment: datetime,
    overrides: dict[str, Any] | None = None,
    **facts: Any,
) -> Work:
    """Do what a DAG run does, and return the state of the work that it found.

    An earlier version that holds the work is put back in use; a job is started if one is needed;
    and the ledger decides on an evaluation.
    """
    step = STEPS[name]
    work = found = work_of(step, store, defaults, moment, overrides)
    if work.status is Status.REPLACED:
        bring_back(step, work, store)
        work = work_of(step, store, defaults, moment, overrides)
    if work.plan is None:
        return found
    version = publish(store, work.plan, **facts) if work.needs_job else work.version
    if step.promotes_to and version and Ledger(store).of(version) is None:
        decide(store, version)
    return found
