"""Read a listing of books, clean it, and publish it as a version of the catalogue.

Every row is either accepted, or kept with the reason for its rejection. Runs weekly; if the
content of the source has not changed, nothing is published and no further DAG runs.
"""

from datetime import timedelta

from airflow.sdk import chain
from assets import CATALOG

from dustjacket.orchestration import WEEKLY, SparkStepOperator, announce, plan_run, step_dag

STEP = "ingest_catalog"

with step_dag(STEP, WEEKLY, __doc__, timeout=timedelta(hours=2)):
    plan = plan_run(STEP)
    work = SparkStepOperator(task_id="clean", step=STEP)
    chain(plan, work, announce(CATALOG, STEP)(plan))
