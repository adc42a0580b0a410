"""Remove what nothing needs any more: versions, attempts, runs in MLflow, old rows and logs.

Runs weekly. Unless `DUSTJACKET_RETENTION=remove` is set, it only lists in its log what would go.
What people, decisions and running work reach stays; see *Retention* in `docs/operations.md`.
"""

from datetime import timedelta

from airflow.sdk import DAG, Param

from dustjacket.orchestration import MONDAYS, RETRY, remove_unneeded

with DAG(
    dag_id="retention",
    schedule=MONDAYS,
    start_date=None,
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
    params={
        "apply": Param(
            None,
            type=["null", "boolean"],
            description="Remove; if false, only list. Empty: as the setting says.",
        ),
        "keep": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            description="Newest versions of each kind to keep. Empty: as the setting says.",
        ),
    },
    doc_md=__doc__,
    tags=["dustjacket"],
    default_args={"owner": "dustjacket", "execution_timeout": timedelta(hours=6), **RETRY},
    dagrun_timeout=timedelta(hours=12),
):
    remove_unneeded()
