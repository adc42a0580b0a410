"""Predict the subject of each book of the catalogue, with the champion classifier.

Finds the books whose listed subject the classifier contradicts; the Studio shows them for review.
Runs when the catalogue or the classifier change, once per pair of versions.
"""

from datetime import timedelta

from airflow.sdk import chain
from assets import CATALOG, GENRE_CLASSIFIER, LABELLED_CATALOG

from dustjacket.orchestration import SparkStepOperator, announce, plan_run, step_dag, when_any

STEP = "label_catalog"

with step_dag(STEP, when_any(CATALOG, GENRE_CLASSIFIER), __doc__, timeout=timedelta(hours=4)):
    plan = plan_run(STEP)
    work = SparkStepOperator(task_id="predict", step=STEP)
    chain(plan, work, announce(LABELLED_CATALOG, STEP)(plan))
