"""Cross-validate genre classifiers on the newest catalogue and publish the best.

Each fold of each candidate is tracked in MLflow, experiment `genre-classifier`.
"""

from datetime import timedelta

from airflow.sdk import chain
from assets import CATALOG, GENRE_CLASSIFIER

from dustjacket.orchestration import SparkStepOperator, announce, plan_run, step_dag, when_any

STEP = "select_classifier"

with step_dag(STEP, when_any(CATALOG), __doc__, timeout=timedelta(hours=6)):
    plan = plan_run(STEP)
    work = SparkStepOperator(task_id="cross_validate", step=STEP)
    chain(plan, work, announce(GENRE_CLASSIFIER, STEP)(plan))
