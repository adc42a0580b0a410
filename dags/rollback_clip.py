"""Bring back an earlier champion: its weights are published again as the newest `cover_clip`.

Without a version, the one before the current champion is restored. The ledger records who
triggered it; the cover index is then rebuilt.
"""

from airflow.sdk import DAG
from assets import COVER_CLIP

from dustjacket.orchestration import rollback_dag

dag: DAG = rollback_dag(COVER_CLIP, __doc__)
