"""Where the work of each step stands, as the page shows it."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Generic, TypeVar

from botocore.exceptions import ClientError

from dustjacket.errors import DustjacketError
from dustjacket.pipeline.pending import work_on_newest
from dustjacket.pipeline.step import Status, Step
from dustjacket.pipeline.steps import STEPS
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store
from dustjacket.studio.schemas import StepStatus

_MAX_AGE_S = 30.0

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """A value that is computed in a thread when it is requested, and then kept for 30 seconds."""

    def __init__(self, compute: Callable[[], Value], threads: Executor) -> None:
        self._compute, self._threads = compute, threads
        self._computing = asyncio.Lock()
        self._valid_until = 0.0

    async def value(self) -> Value:
        """Return the value; what its computation raises is raised here."""
        async with self._computing:  # requests that arrive meanwhile share the result
            if time.monotonic() >= self._valid_until:
                self._value = await asyncio.get_running_loop().run_in_executor(
                    self._threads, self._compute
                )
                self._valid_until = time.monotonic() + _MAX_AGE_S
            return self._value

    def expire(self) -> None:
        """Compute the value anew at the next request."""
        self._valid_until = 0.0


def step_statuses(store: Store) -> list[StepStatus]:
    """Return where the work of every step stands, in the order in which steps run.

    Raises:
        BotoCoreError, ClientError: the object store does not answer.
    """
    return [step_status(step, store) for step in STEPS.values()]


def step_status(step: Step, store: Store) -> StepStatus:
    """Return where the work of ``step`` stands, by the parameters of its newest version."""
    newest = None
    try:
        newest = store.newest(step.publishes)
        status, reason, version = _work(step, store, newest)
    except (DustjacketError, ClientError, OSError) as error:
        return _row(step, "error", str(error), newest)
    return _row(step, status, reason, version)


def _work(step: Step, store: Store, newest: Manifest | None) -> tuple[Status, str, Manifest | None]:
    if not step.has_source:
        work = work_on_newest(step, store)
        return work.status, work.reason, work.version or newest
    # A source may be large or far away: only a run reads it.
    if newest is None:
        return Status.TO_DO, "no version is published yet", None
    return Status.PUBLISHED, "a run checks whether the source has changed since", newest


def _row(step: Step, status: Status | str, reason: str, version: Manifest | None) -> StepStatus:
    return StepStatus.model_validate(
        {
            "step": step.name,
            "status": status,
            "version": version and version.version,
            "published_at": version and version.published_at,
            "reason": reason,
        }
    )
