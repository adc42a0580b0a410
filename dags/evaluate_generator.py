"""Draw for held-out titles, and measure whether the pictures fit, look like covers, and are new.

The evaluation is published and recorded in the ledger whatever the verdict; `cover_generator`
changes only on promotion. With `require_approval`, a person must approve first, under *Required
Actions*.
"""

from datetime import timedelta

from airflow.sdk import chain
from assets import COVER_GENERATOR, GENERATOR_CANDIDATE

from dustjacket.orchestration import (
    WITHIN,
    SparkStepOperator,
    announce_champion,
    plan_run,
    promote_candidate,
    request_approval,
    step_dag,
    when_any,
)

STEP, FOLLOWS = "evaluate_generator", when_any(GENERATOR_CANDIDATE)

with step_dag(STEP, FOLLOWS, __doc__, timeout=timedelta(hours=2), wait=WITHIN):
    plan = plan_run(STEP)
    work = SparkStepOperator(task_id="evaluate", step=STEP)
    approve = request_approval()
    promoted = promote_candidate(plan)  # type: ignore[arg-type]  # a task is given its value
    chain(plan, work, approve, promoted)
    chain(plan, approve)
    announce_champion(COVER_GENERATOR)(promoted)
