"""Embed every cover with the champion and publish the index for search by title.

Runs when the covers or the champion change.
"""

from datetime import timedelta

from airflow.sdk import chain
from assets import COVER_CLIP, COVER_INDEX, COVERS

from dustjacket.orchestration import SparkStepOperator, announce, plan_run, step_dag, when_any

STEP = "index_covers"

with step_dag(STEP, when_any(COVERS, COVER_CLIP), __doc__, timeout=timedelta(hours=6)):
    plan = plan_run(STEP)
    work = SparkStepOperator(task_id="embed", step=STEP)
    chain(plan, work, announce(COVER_INDEX, STEP)(plan))
