"""Compare a candidate with the champion on held-out covers; promote it only if it is better.

The evaluation is published whatever the verdict; `cover_clip` changes only on promotion.
"""

from datetime import timedelta

from airflow.sdk import chain
from assets import CLIP_CANDIDATE, COVER_CLIP

from dustjacket.orchestration import SparkStepOperator, announce, plan_run, step_dag, when_any

STEP = "evaluate_clip"

with step_dag(STEP, when_any(CLIP_CANDIDATE), __doc__, timeout=timedelta(hours=2)):
    plan = plan_run(STEP)
    work = SparkStepOperator(task_id="evaluate", step=STEP)
    chain(plan, work, announce(COVER_CLIP, STEP, only_if="promoted")(plan))
