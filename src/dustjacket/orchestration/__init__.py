"""What the DAG files are made of; the only part of Dustjacket that needs Airflow."""

from dustjacket.orchestration.operators import SparkStepOperator
from dustjacket.orchestration.step_dag import step_dag, when_any
from dustjacket.orchestration.tasks import announce, plan_run

__all__ = ["SparkStepOperator", "announce", "plan_run", "step_dag", "when_any"]
