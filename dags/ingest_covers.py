"""Read a set of cover images with titles, check and normalise them, and publish them in shards.

Every image is either accepted, or kept with the reason for its rejection. Runs weekly; if the
content of the source has not changed, nothing is published and no further DAG runs.
"""

from datetime import timedelta

from airflow.sdk import chain
from assets import COVERS

from dustjacket.orchestration import WEEKLY, SparkStepOperator, announce, plan_run, step_dag

STEP = "ingest_covers"

with step_dag(STEP, WEEKLY, __doc__, timeout=timedelta(hours=6)):
    plan = plan_run(STEP)
    work = SparkStepOperator(task_id="normalise", step=STEP)
    chain(plan, work, announce(COVERS, STEP)(plan))
