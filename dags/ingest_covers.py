"""Read a set of cover images with titles, check and normalise them, publish them in shards.

Every image is either accepted or kept with the reason why not. Runs weekly; a source whose
content has not changed publishes nothing, and the chain rests.
"""

from datetime import timedelta

from airflow.sdk import chain
from assets import COVERS

from dustjacket.orchestration import SparkStepOperator, announce, plan_run, step_dag

STEP = "ingest_covers"

with step_dag(STEP, "@weekly", __doc__, timeout=timedelta(hours=6)):
    plan = plan_run(STEP)
    work = SparkStepOperator(task_id="normalise", step=STEP)
    chain(plan, work, announce(COVERS, STEP)(plan))
