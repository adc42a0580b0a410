"""What the DAG files are made of; the only part of Dustjacket that needs Airflow."""

from dustjacket.orchestration.operators import SparkStepOperator
from dustjacket.orchestration.promotion import (
    WITHIN,
    announce_champion,
    ask_for_approval,
    promote_candidate,
    rollback_champion,
)
from dustjacket.orchestration.step_dag import RETRY, step_dag, when_any
from dustjacket.orchestration.tasks import announce, plan_run

__all__ = [
    "RETRY",
    "WITHIN",
    "SparkStepOperator",
    "announce",
    "announce_champion",
    "ask_for_approval",
    "plan_run",
    "promote_candidate",
    "rollback_champion",
    "step_dag",
    "when_any",
]
