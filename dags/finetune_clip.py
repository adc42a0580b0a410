"""Fine-tune CLIP on (cover, title and genre) pairs through PySpark's TorchDistributor.

The result is a candidate: `evaluate_clip` decides whether it replaces the champion.
"""

from datetime import timedelta

from airflow.sdk import chain
from assets import CLIP_CANDIDATE, LABELLED_COVERS

from dustjacket.orchestration import SparkStepOperator, announce, plan_run, step_dag, when_any

STEP = "finetune_clip"

with step_dag(STEP, when_any(LABELLED_COVERS), __doc__, timeout=timedelta(hours=24)):
    plan = plan_run(STEP)
    work = SparkStepOperator(task_id="train", step=STEP)
    chain(plan, work, announce(CLIP_CANDIDATE, STEP)(plan))
