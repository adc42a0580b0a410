"""The tasks of every DAG that need no Spark: plan the work, announce the published version."""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, PokeReturnValue, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from dustjacket.orchestration.environment import no_retry_on_bad_input, task_settings, team_defaults
from dustjacket.orchestration.waiting import MAX_WAIT, reason_to_wait

if TYPE_CHECKING:
    from dustjacket.storage.manifest import Manifest

log = logging.getLogger(__name__)


# While it waits, it is rescheduled: it takes no slot from the runs that it waits for.
@task.sensor(
    task_id="plan",
    mode="reschedule",
    poke_interval=10.0,
    timeout=2 * MAX_WAIT.total_seconds(),
)
def plan_run(step: str) -> PokeReturnValue:
    """Return ``{"plan": …, "published": version or None, "held": …, "reason": …}``.

    ``held`` is the version that holds the work, and ``published`` the same if no job has to run. If
    a later one is in use, it is put back in use first. The task is skipped while an input is
    missing. It waits, at most ``MAX_WAIT``, while a step before this one is at work.
    """
    from dustjacket.pipeline.plan import bring_back, work_of
    from dustjacket.pipeline.step import Status
    from dustjacket.pipeline.steps import STEPS
    from dustjacket.storage.store import Store

    context = get_current_context()
    dag_run, store = context["dag_run"], Store(task_settings())
    overrides, defaults = dict(context["params"]), team_defaults()
    is_scheduled_ingestion = dag_run.run_type == "scheduled" and STEPS[step].has_source
    if is_scheduled_ingestion and not defaults.source_of(STEPS[step].publishes):
        raise AirflowSkipException(f"{step} has no source yet: `dustjacket run` sets one")
    find_work = partial(
        work_of,
        STEPS[step],
        store,
        defaults,
        run_after=dag_run.run_after,
        overrides=overrides,
        dag_run_id=dag_run.run_id,
    )
    with no_retry_on_bad_input():
        work = find_work()
        if dag_run.run_type != "manual" and work.plan and work.needs_job:
            parameters = STEPS[step].parameters.recorded(work.plan.parameters)
            if rest := STEPS[step].reason_to_rest(parameters, store, datetime.now(UTC)):
                raise AirflowSkipException(f"{step} rests: {rest}")
        if work.status in (Status.TO_DO, Status.REPLACED, Status.SUPERSEDED) and (
            reason := reason_to_wait(STEPS[step], store, overrides)
        ):
            log.info("%s waits: %s", step, reason)
            return PokeReturnValue(is_done=False)
        if work.status is Status.REPLACED:
            log.info("%s", work.reason)
            bring_back(STEPS[step], work, store)
            work = find_work()
    if work.plan is None:
        raise AirflowSkipException(work.reason)
    log.info("%s: %s", work.status, work.reason)
    newest = store.newest_named(STEPS[step].publishes)
    held = newest[0] if newest and newest[1] == work.version else None
    planned = {
        "plan": work.plan.model_dump(mode="json"),
        "published": None if work.needs_job else held,
        "held": held,
        "reason": work.reason,
    }
    return PokeReturnValue(is_done=True, xcom_value=planned)


def announce(asset: Asset, step: str) -> Any:
    """Return the task that emits the Asset's event for the version of this run.

    If the work was published earlier, the event is emitted only if that earlier run was killed
    before it emitted it.
    """

    @task(
        task_id="announce",
        trigger_rule="none_failed_min_one_success",
        outlets=[asset],
    )
    def announce(planned: dict[str, Any], outlet_events: Any = None) -> str:
        from dustjacket.errors import NotReadyError
        from dustjacket.pipeline.steps import STEPS
        from dustjacket.storage.store import Store

        version = version_of(planned)
        kind = STEPS[step].publishes
        try:
            Store(task_settings()).manifest(kind, version)
        except NotReadyError:
            if not (held := planned.get("held")):
                raise AirflowSkipException(
                    f"{kind}/{version} was not published: nothing to announce"
                ) from None
            version = held  # the job found nothing better than the version in use
        _note(step, Store(task_settings()).manifest(kind, version))
        return emit(asset, version, [step], outlet_events)

    return announce


def readable(manifest: "Manifest") -> dict[str, Any]:
    """Return what a person wants to know of a version in Airflow's list of events."""
    named = {
        name: manifest.facts[name] for name in ("verdict", "reason") if manifest.facts.get(name)
    }
    return {**manifest.rows, **named}


def _note(step: str, manifest: "Manifest") -> None:
    """Leave what this run has made for its note in Airflow."""
    from dustjacket.errors import CorruptVersionError
    from dustjacket.pipeline.steps import STEPS
    from dustjacket.upkeep.notices import note_result

    try:
        facts = STEPS[step].facts.of(manifest)
    except CorruptVersionError:
        return
    parts = (facts.outcome(manifest.parameters), facts.details(manifest.parameters))
    dag_run = get_current_context()["dag_run"]
    text = "\n\n".join(filter(None, parts))
    note_result(task_settings(), dag_run.dag_id, dag_run.run_id, text)


def version_of(planned: dict[str, Any]) -> str:
    """Return the version of a run: the one that it publishes, or that already holds its work."""
    # A run that waits for approval may have been planned by the release before this one.
    version: str = planned.get("published") or planned.get("already") or planned["plan"]["version"]
    return version


def emit(asset: Asset, version: str, dag_ids: Iterable[str], outlet_events: Any) -> str:
    """Emit the Asset's event for a version, unless the run that published it has done so.

    The version is the event's partition key: Airflow may merge or lose events without one. (The
    list of earlier events cannot be read: Airflow 3.3 fails on it while a run that one of them
    created is queued.)

    Args:
        dag_ids: the DAGs that publish such versions; each has a task ``announce``.

    Raises:
        AirflowSkipException: the version was announced before.
    """
    from dustjacket.storage.store import Store

    context = get_current_context()
    store = Store(task_settings())
    run_id = store.published_by(asset.name, version)
    if run_id and run_id != context["dag_run"].run_id:
        for dag_id in dag_ids:
            states = context["ti"].get_task_states(
                dag_id=dag_id, task_ids=["announce"], run_ids=[run_id]
            )
            if "success" in states.get(run_id, {}).values():
                raise AirflowSkipException(
                    f"{asset.name}/{version} was announced before: nothing has changed"
                )
    outlet_events[asset].extra = {
        "version": version,
        **readable(store.manifest(asset.name, version)),
    }
    outlet_events[asset].add_partitions(version)
    return version
