"""What depends on the runs of other DAGs: wait for them, and find the steps to start again."""

import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import Variable, get_current_context, task

from dustjacket.orchestration.environment import task_settings, team_defaults
from dustjacket.pipeline.step import Step

if TYPE_CHECKING:
    from dustjacket.storage.store import Store

MAX_WAIT = timedelta(hours=6)
_ACTIVE = ["queued", "running"]
_LOOKS, _LOOK_S = 3, 2.0

log = logging.getLogger(__name__)


def reason_to_wait(step: Step, store: "Store", overrides: Mapping[str, Any]) -> str | None:
    """Return why this task should wait before it plans a run of ``step``, or None.

    It waits while a step before this one is at work, at most ``MAX_WAIT``, but not for an input
    whose version a person named.
    """
    from dustjacket.pipeline import pending

    context = get_current_context()
    began = context["ti"].get_first_reschedule_date(context)
    waited = datetime.now(UTC) - began if began else timedelta()
    if waited > MAX_WAIT:
        log.warning("%s waited for %s: it reads what is published now", step.name, waited)
        return None
    inputs = step.reads + step.optional_inputs + step.follows
    kinds = [kind for kind in inputs if not overrides.get(f"{kind}_version")]
    # A run that announced its version ends within seconds: a new process would take longer.
    for _ in range(_LOOKS):
        reason = pending.reason_to_wait(kinds, store, _is_active, waited.total_seconds())
        if reason is None:
            return None
        time.sleep(_LOOK_S)
    return reason


@task(task_id="find")
def find_steps_to_start() -> list[str]:
    """Return the DAGs of the steps that have work to do and that no event will start."""
    from dustjacket.pipeline.pending import steps_to_start
    from dustjacket.pipeline.team_defaults import VARIABLE, keep_copy
    from dustjacket.storage.store import Store

    store = Store(task_settings())
    keep_copy(store, Variable.get(VARIABLE, default=None))
    found = steps_to_start(store, team_defaults(), _is_active, _is_paused)
    for name, reason in found.items():
        log.info("%s: %s", name, reason)
    return list(found)


def _is_active(dag_id: str) -> bool:
    return get_current_context()["ti"].get_dr_count(dag_id=dag_id, states=_ACTIVE) > 0


def _is_paused(dag_id: str) -> bool:
    return bool(get_current_context()["ti"].get_dag(dag_id).is_paused)
