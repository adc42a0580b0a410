"""Compare a candidate with the champion on held-out covers; promote it only if it is better.

The evaluation is published and recorded in the ledger whatever the verdict; `cover_clip` changes
only on promotion. With `require_approval`, a person must approve first, under *Required Actions*.
"""

from datetime import timedelta

from airflow.sdk import chain
from assets import CLIP_CANDIDATE, COVER_CLIP

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

STEP = "evaluate_clip"

with step_dag(STEP, when_any(CLIP_CANDIDATE), __doc__, timeout=timedelta(hours=2), wait=WITHIN):
    plan = plan_run(STEP)
    work = SparkStepOperator(task_id="evaluate", step=STEP)
    approve = request_approval()
    promoted = promote_candidate(plan)  # type: ignore[arg-type]  # a task is given its value
    chain(plan, work, approve, promoted)
    chain(plan, approve)
    announce_champion(COVER_CLIP)(promoted)
