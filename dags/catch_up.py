"""Start each step that has work to do and that no event will start.

Airflow drops the events of a DAG while it is paused, and of a version that is put in place by hand.
Runs daily. A step is left alone while it is paused, and while a step before it has a run. It starts
with the team defaults.
"""

from datetime import timedelta

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG

from dustjacket.orchestration import DAILY, RETRY, find_steps_to_start

with DAG(
    dag_id="catch_up",
    schedule=DAILY,
    start_date=None,
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
    doc_md=__doc__,
    tags=["dustjacket"],
    default_args={"owner": "dustjacket", "execution_timeout": timedelta(minutes=10), **RETRY},
    dagrun_timeout=timedelta(hours=1),
):
    TriggerDagRunOperator.partial(task_id="start").expand(trigger_dag_id=find_steps_to_start())
