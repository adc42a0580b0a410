"""Draw for held-out titles, and measure whether the pictures fit, look like covers, and are new.

The evaluation is published and recorded in the ledger whatever the verdict; `cover_generator`
changes only on promotion. With `require_approval`, a person must approve first, under *Required
Actions*.
"""

from airflow.sdk import DAG
from assets import COVER_GENERATOR, GENERATOR_CANDIDATE

from dustjacket.orchestration import evaluation_dag

dag: DAG = evaluation_dag("evaluate_generator", GENERATOR_CANDIDATE, COVER_GENERATOR, __doc__)
