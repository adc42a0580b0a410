"""Compare a candidate with the champion on held-out covers; promote it only if it is better.

The evaluation is published and recorded in the ledger whatever the verdict; `cover_clip` changes
only on promotion. With `require_approval`, a person must approve first, under *Required Actions*.
"""

from airflow.sdk import DAG
from assets import CLIP_CANDIDATE, COVER_CLIP

from dustjacket.orchestration import evaluation_dag

dag: DAG = evaluation_dag("evaluate_clip", CLIP_CANDIDATE, COVER_CLIP, __doc__)
