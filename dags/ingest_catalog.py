"""Read a listing of books, clean it, publish it as a version of the catalogue.

Every row read is either accepted or kept with the reason why not. Runs weekly; a source whose
content has not changed publishes nothing, and the chain rests.
"""

from datetime import timedelta

from airflow.sdk import chain
from assets import CATALOG

from dustjacket.orchestration import SparkStepOperator, announce, plan_run, step_dag

STEP = "ingest_catalog"

with step_dag(STEP, "@weekly", __doc__, timeout=timedelta(hours=2)):
    plan = plan_run(STEP)
    work = SparkStepOperator(task_id="clean", step=STEP)
    chain(plan, work, announce(CATALOG, STEP)(plan))
