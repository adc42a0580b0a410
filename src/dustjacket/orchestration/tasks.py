"""The light tasks of every DAG: say what there is to do, and announce what was published."""

import logging
from typing import Any

from airflow.sdk import Asset, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from dustjacket.orchestration.environment import (
    no_retry_on_bad_input,
    task_settings,
    team_profile,
)

log = logging.getLogger(__name__)


@task(task_id="plan")
def plan_run(step: str) -> dict[str, Any]:
    """Return ``{"plan": …, "already": version or None}``; skip while an input is missing."""
    from dustjacket.pipeline.steps import STEPS, Waiting, plan_step, published
    from dustjacket.storage.store import Store

    context = get_current_context()
    dag_run = context["dag_run"]
    with no_retry_on_bad_input():
        store = Store(task_settings())
        plan = plan_step(
            STEPS[step],
            store,
            team_profile(),
            run_after=dag_run.run_after,
            given=dict(context["params"]),
            dag_run_id=dag_run.run_id,
        )
    if isinstance(plan, Waiting):
        raise AirflowSkipException(f"{step} waits: no version of {plan.missing} is published yet")
    done = published(plan, store)
    if done and done.facts.get("retriable"):
        log.info(
            "%s/%s lacks %d rows that may be had now",
            done.kind, done.version, done.facts["retriable"],
        )  # fmt: skip
        done = None
    elif done and done.kind == "evaluation":
        from dustjacket.promotion.ledger import Ledger

        if (record := Ledger(store).of(done)) and record.superseded:
            log.info("%s/%s came to nothing: it is made again", done.kind, done.version)
            done = None
    if done:
        log.info(
            "%s/%s already holds this work (inputs %s): nothing to do",
            done.kind, done.version, plan.inputs or plan.parameters["source"],
        )  # fmt: skip
    else:
        log.info("%s will work on %s", plan.version, plan.inputs or plan.parameters["source"])
    return {"plan": plan.model_dump(mode="json"), "already": done and done.version}


def announce(asset: Asset, step: str) -> Any:
    """Return the task that emits the Asset's event for the version that the run is about.

    A run that found its work published announces it only if the run that published it ended before
    it could.
    """

    @task(
        task_id="announce",
        trigger_rule="none_failed_min_one_success",
        inlets=[asset],
        outlets=[asset],
    )
    def announce(
        planned: dict[str, Any], inlet_events: Any = None, outlet_events: Any = None
    ) -> str:
        from dustjacket.errors import NotReadyError
        from dustjacket.pipeline.steps import STEPS
        from dustjacket.storage.store import Store

        version = version_of(planned)
        kind = STEPS[step].publishes
        try:
            Store(task_settings()).manifest(kind, version)
        except NotReadyError:
            raise AirflowSkipException(
                f"{kind}/{version} was not published: nothing to announce"
            ) from None
        return emit(asset, version, inlet_events, outlet_events)

    return announce


def version_of(planned: dict[str, Any]) -> str:
    """Return the version that a run is about: the one it makes, or that held its work before."""
    version: str = planned["already"] or planned["plan"]["version"]
    return version


def emit(asset: Asset, version: str, inlet_events: Any, outlet_events: Any) -> str:
    """Emit the Asset's event for a version, once.

    An event carries its version as partition key, so that none is merged with another or lost.

    Args:
        inlet_events: the task's own, of an inlet that is the same Asset.

    Raises:
        AirflowSkipException: the version was announced before.
    """
    before = inlet_events[asset].ascending(False).limit(100)
    if any(event.extra.get("version") == version for event in before):
        raise AirflowSkipException(
            f"{asset.name}/{version} was announced before: nothing has changed"
        )
    outlet_events[asset].extra = {"version": version}
    outlet_events[asset].add_partitions(version)
    return version
