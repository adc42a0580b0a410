"""The DAG of a step: trigger form, retries and time limits, equal for all steps."""

from datetime import timedelta
from functools import reduce
from operator import or_
from typing import Any

from airflow.sdk import DAG, Asset, CronTriggerTimetable, PartitionedAssetTimetable

from dustjacket.orchestration.forms import form
from dustjacket.orchestration.waiting import MAX_WAIT
from dustjacket.pipeline.steps import STEPS

RETRY = {
    "retries": 3,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=10),
}
ALLOWED_RUNS = [
    "manual", "scheduled", "operator_triggered", "asset_triggered", "asset_materialization",
]  # fmt: skip
"""All but a backfill: a run reads its source as it is now, whatever day it is about."""
# By default Airflow runs a DAG at its first start if the last tick was less than a tenth of the
# period ago: every first start on a Sunday would run the ingestions before a source is set.
WEEKLY = CronTriggerTimetable("0 0 * * 0", timezone="UTC", run_immediately=timedelta(0))
MONDAYS = CronTriggerTimetable("0 3 * * 1", timezone="UTC", run_immediately=timedelta(0))
DAILY = CronTriggerTimetable("0 12 * * *", timezone="UTC", run_immediately=timedelta(0))


def step_dag(
    step: str,
    schedule: Any,
    doc: str | None,
    timeout: timedelta,
    wait: timedelta = timedelta(),
    **kwargs: Any,
) -> DAG:
    """Return the DAG of ``step``, without tasks.

    Args:
        timeout: limit on one try of a task.
        wait: additional time that a run may wait for a person.
    """
    return DAG(
        dag_id=step,
        dag_display_name=f"{[*STEPS].index(step) + 1:02d} {spoken(step)}",
        description=first_line(doc),
        schedule=schedule,
        start_date=None,
        catchup=False,
        max_active_runs=1,
        allowed_run_types=ALLOWED_RUNS,  # type: ignore[arg-type]  # names are converted
        params=form(STEPS[step]),
        doc_md=doc,
        tags=["dustjacket", STEPS[step].publishes],
        default_args={"owner": "dustjacket", "execution_timeout": timeout, **RETRY},
        dagrun_timeout=timeout * 4 + MAX_WAIT + wait,
        **kwargs,
    )


def spoken(dag_id: str) -> str:
    """Return the name of a DAG as people read it."""
    return dag_id.replace("_", " ").capitalize().replace("clip", "CLIP")


def first_line(doc: str | None) -> str:
    """Return the first line of a DAG's documentation, which describes it in Airflow's lists."""
    return (doc or "").strip().partition("\n")[0]


def when_any(*assets: Asset) -> PartitionedAssetTimetable:
    """Return the schedule of one run for each version published to any of ``assets``."""
    return PartitionedAssetTimetable(assets=reduce(or_, assets))
