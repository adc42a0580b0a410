"""Train a generator of textless cover art on the labelled covers.

The result is a candidate: `evaluate_generator` decides whether it replaces the generator in use.
"""

from datetime import timedelta

from airflow.sdk import chain
from assets import COVER_CLIP, GENERATOR_CANDIDATE, LABELLED_COVERS

from dustjacket.orchestration import SparkStepOperator, announce, plan_run, step_dag, when_any

STEP = "train_generator"

with step_dag(STEP, when_any(LABELLED_COVERS, COVER_CLIP), __doc__, timeout=timedelta(hours=48)):
    plan = plan_run(STEP)
    work = SparkStepOperator(task_id="train", step=STEP)
    chain(plan, work, announce(GENERATOR_CANDIDATE, STEP)(plan))
