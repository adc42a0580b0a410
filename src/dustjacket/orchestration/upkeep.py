"""The task that removes what nothing needs any more."""

import logging

from airflow.sdk import get_current_context, task

from dustjacket.orchestration.environment import task_settings

log = logging.getLogger(__name__)


@task(task_id="remove")
def remove_unneeded() -> None:
    """List what nothing needs, and remove it if the run or the setting says so."""
    from dustjacket.storage.store import Store
    from dustjacket.upkeep.clean import retain

    settings, params = task_settings(), get_current_context()["params"]
    apply, keep = params["apply"], params["keep"]
    retain(
        Store(settings),
        keep or settings.retention_keep,
        log.info,
        apply=settings.retention == "remove" if apply is None else apply,
    )
