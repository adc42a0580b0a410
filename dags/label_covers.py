"""Predict the genre of each cover from its title and author, with the champion classifier.

Runs when the covers or the classifier change, once per pair of versions.
"""

from datetime import timedelta

from airflow.sdk import chain
from assets import COVERS, GENRE_CLASSIFIER, LABELLED_COVERS

from dustjacket.orchestration import SparkStepOperator, announce, plan_run, step_dag, when_any

STEP = "label_covers"

with step_dag(STEP, when_any(GENRE_CLASSIFIER, COVERS), __doc__, timeout=timedelta(hours=2)):
    plan = plan_run(STEP)
    work = SparkStepOperator(task_id="predict", step=STEP)
    chain(plan, work, announce(LABELLED_COVERS, STEP)(plan))
