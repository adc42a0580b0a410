"""Orchestration: the parts of the DAGs; the only room, besides the Studio's plugin, with Airflow.

In: the declared steps, and Airflow's connections, variables and trigger forms. Out: DAGs whose
tasks plan a step, run its Spark job, announce the version and change the champion. An entrance: it
may import every domain room, but neither the command line nor the Studio.
"""

from dustjacket.orchestration.assets import published
from dustjacket.orchestration.operators import SparkStepOperator
from dustjacket.orchestration.promotion import (
    evaluation_dag,
    rollback_dag,
)
from dustjacket.orchestration.step_dag import (
    DAILY,
    MONDAYS,
    RETRY,
    WEEKLY,
    step_dag,
    when_any,
)
from dustjacket.orchestration.tasks import announce, plan_run
from dustjacket.orchestration.upkeep import remove_unneeded
from dustjacket.orchestration.waiting import find_steps_to_start

__all__ = [
    "DAILY",
    "MONDAYS",
    "RETRY",
    "WEEKLY",
    "SparkStepOperator",
    "announce",
    "evaluation_dag",
    "find_steps_to_start",
    "plan_run",
    "published",
    "remove_unneeded",
    "rollback_dag",
    "step_dag",
    "when_any",
]
