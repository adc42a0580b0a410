"""Airflow's listener: notices that a run failed or ended, and posts messages about it.

Every Airflow process imports this module, so it imports nothing heavy. An error in it never fails
a run.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Thread
from typing import Any
from urllib.parse import quote

from airflow.listeners import hookimpl

from dustjacket.settings import Settings, load_settings
from dustjacket.upkeep.notices import Notice, note_end, note_reason, post, reason_of, result_of

log = logging.getLogger(__name__)

_HELD_BACK = "is held back"
_MAX_NOTE = 1000
"""Characters that Airflow keeps of a note."""


@hookimpl
def on_task_instance_failed(task_instance: Any, error: Any) -> None:
    """Keep the reason, which the scheduler does not know."""
    dag_id, reason = task_instance.dag_id, str(error or "").strip().partition("\n")[0]
    run_id, task_id = task_instance.run_id, task_instance.task_id
    _safely(dag_id, lambda settings: note_reason(settings, dag_id, run_id, task_id, reason))


@hookimpl
def on_dag_run_success(dag_run: Any) -> None:
    """Note the end of the run."""

    def note(settings: Settings) -> None:
        note_end(settings, dag_run.dag_id)
        _keep(settings, dag_run.dag_id, dag_run.run_id)
        _describe(dag_run, result_of(settings, dag_run.dag_id, dag_run.run_id))

    _safely(dag_run.dag_id, note)


@hookimpl
def on_dag_run_failed(dag_run: Any) -> None:
    """Note the end of the run, and post why it failed."""

    def note(settings: Settings) -> None:
        note_end(settings, dag_run.dag_id)
        task_id, reason = reason_of(settings, dag_run.dag_id, dag_run.run_id)
        notice = failure(settings, dag_run.dag_id, dag_run.run_id, task_id, reason)
        post(settings, notice)
        _keep(settings, dag_run.dag_id, dag_run.run_id, notice)
        _describe(dag_run, f"failed: {notice.text}\n\nWhat to do: {notice.cure}")

    _safely(dag_run.dag_id, note)


def failure(settings: Settings, dag_id: str, run_id: str, task_id: str, reason: str) -> Notice:
    """Return the message about a failed run.

    Args:
        task_id, reason: of the task that failed; empty if it left none, as one that was killed.
    """
    held_back = _HELD_BACK in reason
    title = f"{dag_id}: a source is held back" if held_back else f"{dag_id} failed"
    # Errors name their cure after the last semicolon.
    text, _, cure = reason.rpartition("; ") if "; " in reason else (reason, "", "")
    return Notice(
        key=f"failed {dag_id} {reason or run_id}",
        title=title,
        text=text or f"{task_id or 'a task'} left no reason: it was killed, or ran out of time",
        cure=cure or "see the log of the task that failed",
        link=run_link(settings, dag_id, run_id),
    )


def run_link(settings: Settings, dag_id: str, run_id: str) -> str:
    """Return the address of a run's page."""
    if not settings.airflow_url:
        return ""
    return f"{settings.airflow_url}/dags/{dag_id}/runs/{quote(run_id, safe='')}"


def _describe(dag_run: Any, text: str) -> None:
    """Set the note of a run, which Airflow shows in its lists, unless a person has written one."""
    if text and not dag_run.note:
        dag_run.note = text[:_MAX_NOTE]


def _keep(settings: Settings, dag_id: str, run_id: str, failed: Notice | None = None) -> None:
    """Store how a run ended, for the page of operations.

    In a thread: the scheduler must not wait for an object store that does not answer.
    """
    if not settings.s3_endpoint:
        return

    def keep() -> None:
        from dustjacket.storage.store import Store
        from dustjacket.upkeep.operations import RunEnd, keep_end

        end = RunEnd(
            dag=dag_id,
            run=run_id,
            state="failed" if failed else "success",
            at=datetime.now(UTC),
            reason=failed.text if failed else "",
            cure=failed.cure if failed else "",
            link=run_link(settings, dag_id, run_id),
        )
        _safely(dag_id, lambda settings: keep_end(Store(settings), end))

    Thread(target=keep, daemon=True).start()


def _safely(dag_id: str, act: Callable[[Settings], None]) -> None:
    try:
        if _is_ours(dag_id):
            act(load_settings())
    except Exception as error:  # noqa: BLE001  # no run may fail because of a message about it
        log.warning("no message is left about a run of %s: %s", dag_id, error)


def _is_ours(dag_id: str) -> bool:
    from dustjacket.pipeline.families import FAMILIES
    from dustjacket.pipeline.steps import STEPS

    rollbacks = {family.rollback_dag for family in FAMILIES.values()}
    return dag_id in STEPS or dag_id in rollbacks or dag_id in ("catch_up", "retention")
