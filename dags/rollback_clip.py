"""Bring back an earlier champion: its weights are published again as the newest `cover_clip`.

Without a version, the one before the current champion is restored. The ledger records who
triggered it; the cover index is then rebuilt.
"""

from datetime import timedelta

from airflow.sdk import DAG, Param
from assets import COVER_CLIP

from dustjacket.orchestration import RETRY, announce_champion, rollback_champion
from dustjacket.orchestration.forms import VERSION_PATTERN
from dustjacket.pipeline.kinds import ROLLBACK_DAG

with DAG(
    dag_id=ROLLBACK_DAG,
    schedule=None,
    start_date=None,
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
    params={
        "version": Param(
            None,
            type=["null", "string"],
            pattern=VERSION_PATTERN,
            description="Earlier champion, see `dustjacket history`. Empty: the previous one.",
        )
    },
    doc_md=__doc__,
    tags=["dustjacket", "cover_clip"],
    default_args={"owner": "dustjacket", "execution_timeout": timedelta(minutes=10), **RETRY},
    dagrun_timeout=timedelta(hours=1),
):
    announce_champion(COVER_CLIP)(rollback_champion())
