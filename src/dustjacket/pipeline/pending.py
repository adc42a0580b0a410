"""Steps whose inputs are newer than their work: what to wait for, and what to start again.

An Asset event starts each step, but Airflow drops the events of a DAG that is paused.
"""

from collections.abc import Callable, Iterable

from dustjacket.pipeline.plan import Work, work_of
from dustjacket.pipeline.step import Status, Step
from dustjacket.pipeline.steps import STEPS, upstream
from dustjacket.pipeline.team_defaults import TeamDefaults, recorded_defaults
from dustjacket.storage.store import Store

SETTLED_S = 20.0
"""An Asset event becomes a run within a few seconds; a step idle longer was not started by one."""


def work_on_newest(step: Step, store: Store) -> Work:
    """Return where the work of ``step`` stands by the parameters of its newest version.

    Parameters that one run overrode make no step pending; newer inputs and other code do.
    """
    return work_of(step, store, recorded_defaults(step, store.newest(step.publishes)))


def is_pending(step: Step, store: Store) -> bool:
    """Return whether ``step`` has work to do on the inputs in use; sources are not read.

    A decision that does not count, on the newest version, is not tried again: a person who did not
    answer would be asked for ever.
    """
    if step.has_source:
        return False
    work = work_on_newest(step, store)
    if work.status is Status.SUPERSEDED:
        return work.version != store.newest(step.publishes)
    return work.status in (Status.TO_DO, Status.REPLACED, Status.UNDECIDED)


def reason_to_wait(
    kinds: Iterable[str], store: Store, is_active: Callable[[str], bool], waited_s: float
) -> str | None:
    """Return why versions of ``kinds`` are likely to be replaced soon, or None.

    Args:
        is_active: whether a run of a DAG is queued or running.
        waited_s: seconds waited so far.
    """
    before = upstream(kinds)
    if active := next((step for step in before if is_active(step.name)), None):
        return f"{active.name} is at work, and what it publishes is read here"
    if waited_s < SETTLED_S and (next_ := next((s for s in before if is_pending(s, store)), None)):
        return f"{next_.name} has newer inputs, and its run may be about to start"
    return None


def steps_to_start(
    store: Store,
    defaults: TeamDefaults,
    is_active: Callable[[str], bool],
    is_paused: Callable[[str], bool],
) -> dict[str, str]:
    """Return the steps that have work to do and that nothing will start, with the reason.

    A step whose upstream is active or started here will be started by its event.
    """
    found: dict[str, str] = {}
    for step in STEPS.values():
        at_work = [one.name for one in upstream([step.publishes])]
        if is_paused(step.name) or any(one in found or is_active(one) for one in at_work):
            continue
        if is_pending(step, store):
            work = work_of(step, store, defaults)
            if not work.is_current and work.status is not Status.MISSING_INPUT:
                found[step.name] = work.reason
    return found
