"""Read a folder of DAGs as Airflow does and print what is in it as one line of JSON.

Runs in a process of its own, so that parsing is timed, and its imports listed, with nothing else
loaded before.
"""

import json
import logging
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

logging.disable(logging.CRITICAL)

from airflow.dag_processing.dagbag import DagBag  # noqa: E402
from airflow.serialization.serialized_objects import DagSerialization  # noqa: E402
from airflow.timetables.base import TimeRestriction  # noqa: E402
from airflow.utils.types import DagRunType  # noqa: E402

SUNDAY = datetime(2026, 11, 29, 8, tzinfo=UTC)


def follows(dag: Any) -> Any:
    condition = getattr(dag.timetable, "asset_condition", None)
    if condition is None:
        return getattr(dag.schedule, "expression", dag.schedule)
    return sorted(asset.name for asset in getattr(condition, "objects", [condition]))


def first_run(dag: Any) -> Any:
    """Return when a DAG that is started on a Sunday morning runs first, by its schedule alone."""
    with mock.patch("airflow.timetables.trigger.utcnow", return_value=SUNDAY):
        run = dag.timetable.next_dagrun_info(
            last_automated_data_interval=None, restriction=TimeRestriction(None, None, False)
        )
    return run and run.run_after


def described(dag: Any) -> dict[str, Any]:
    stored = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
    return {
        "follows": follows(dag),
        "first_run": first_run(stored),
        "outlets": sorted({asset.name for task in dag.tasks for asset in task.outlets}),
        "refused": sorted(set(DagRunType) - set(dag.allowed_run_types or DagRunType)),
        "params": {key: dag.params.get_param(key).schema for key in dag.params},
        "values": {key: dag.params[key] for key in dag.params},
        "descriptions": {key: dag.params.get_param(key).description for key in dag.params},
        "owner": dag.owner,
        "tags": sorted(dag.tags),
        "doc": dag.doc_md or "",
        "max_active_runs": dag.max_active_runs,
        "catchup": dag.catchup,
        "start_date": dag.start_date,
        "run_timeout": dag.dagrun_timeout,
        "tasks": [
            {
                "id": task.task_id,
                "after": sorted(task.upstream_task_ids),
                "operator": task.task_type,
                "rule": task.trigger_rule.value,
                "retries": task.retries,
                "retry_delay": task.retry_delay,
                "backoff": bool(task.retry_exponential_backoff),
                "pool": task.pool,
                "reschedules": getattr(task, "mode", None) == "reschedule",
                "outlets": sorted(asset.name for asset in task.outlets),
                "timeout": task.execution_timeout,
                "links": {link.name: link.xcom_key for link in task.operator_extra_links},
            }
            for task in dag.tasks
        ],
    }


before = set(sys.modules)
sys.path.insert(0, sys.argv[1])
bag = DagBag(sys.argv[1], collect_dags=False)
seconds: dict[str, float] = {}
for file in sorted(Path(sys.argv[1]).glob("*.py")):
    # Time of the processor: other work on the machine does not count.
    began = time.process_time()
    bag.process_file(str(file), only_if_updated=False)  # type: ignore[no-untyped-call]
    seconds[file.name] = time.process_time() - began
imported = {name.partition(".")[0] for name in set(sys.modules) - before}
answer = {
    "errors": bag.import_errors,
    "imported": sorted(imported),
    "seconds": seconds,
    "dags": {name: described(dag) for name, dag in bag.dags.items()},
}
print(json.dumps(answer, default=str))
