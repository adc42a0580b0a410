"""Bring back an earlier generator: its weights are published again as the newest `cover_generator`.

Without a version, the one before the current champion is restored. The ledger records who
triggered it.
"""

from airflow.sdk import DAG
from assets import COVER_GENERATOR

from dustjacket.orchestration import rollback_dag

dag: DAG = rollback_dag(COVER_GENERATOR, __doc__)
