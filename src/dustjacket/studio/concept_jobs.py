"""Jobs that make cover concepts one by one, and their results for as long as there is room."""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, TypeVar

from starlette.exceptions import HTTPException

from dustjacket.errors import DustjacketError
from dustjacket.generation.concept_request import ConceptRequest
from dustjacket.generation.concepts import Art, Concept, ConceptTools
from dustjacket.studio.problems import UNEXPECTED, BusyError
from dustjacket.studio.worker import Worker

log = logging.getLogger(__name__)

Result = TypeVar("Result")

MAX_WAITING, MAX_WAITING_EACH = 8, 2
"""Jobs that are not finished: of all callers, and of one."""
MAX_BYTES, MAX_AGE_S = 96_000_000, 3600.0
"""Results that are kept. The oldest go first, whoever made them."""
TIMEOUT_S = 180.0
_MAX_EXPORTS = 4
_IDLE_S = 300.0
JobState = Literal["waiting", "running", "done", "failed", "cancelled"]


@dataclass
class ConceptJob:
    """A job and what it has made so far.

    Attributes:
        caller: who may see it.
        art: on which type is set in place of drawn art.
        problem: why the job failed.
    """

    caller: str
    request: ConceptRequest
    art: Art | None = None
    id: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    state: JobState = "waiting"
    concepts: list[Concept] = field(default_factory=list)
    problem: str | None = None
    touched_s: float = field(default_factory=time.monotonic)

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will be made."""
        return self.state not in ("waiting", "running")

    @property
    def size(self) -> int:
        """Bytes that it keeps in memory."""
        return sum(concept.size for concept in self.concepts)


class ConceptJobs:
    """Runs jobs in turn in a worker, one concept at a time."""

    def __init__(self, worker: Worker[ConceptTools]) -> None:
        """Start nothing yet."""
        self._worker = worker
        self._threads = ThreadPoolExecutor(_MAX_EXPORTS + 1)
        self._queue: asyncio.Queue[ConceptJob] = asyncio.Queue()
        self._jobs: dict[str, ConceptJob] = {}
        self._exports = 0

    def submit(self, job: ConceptJob) -> ConceptJob:
        """Queue a job.

        Raises:
            BusyError: too many jobs wait, of this caller or of all.
        """
        self._drop_old()
        waiting = [other.caller for other in self._jobs.values() if not other.is_finished]
        if len(waiting) >= MAX_WAITING or waiting.count(job.caller) >= MAX_WAITING_EACH:
            raise BusyError
        self._jobs[job.id] = job
        self._queue.put_nowait(job)
        return job

    def find(self, caller: str, job_id: str) -> ConceptJob:
        """Return a job of a caller.

        Raises:
            HTTPException: with status 404: there is none, or it was dropped.
        """
        job = self._jobs.get(job_id)
        if job is None or job.caller != caller:
            raise HTTPException(404, "these concepts are not kept any more: make them again")
        job.touched_s = time.monotonic()
        return job

    def position(self, job: ConceptJob) -> int:
        """Return how many unfinished jobs come before a job."""
        unfinished = [other.id for other in self._jobs.values() if not other.is_finished]
        return unfinished.index(job.id) if job.id in unfinished else 0

    def cancel(self, job: ConceptJob) -> None:
        """Stop a job after the concept that is drawn now; what it has made is kept."""
        if not job.is_finished:
            job.state = "cancelled"

    async def export(self, task: Callable[[ConceptTools], bytes]) -> bytes:
        """Run a task that writes a file, between two concepts.

        Raises:
            BusyError: too many exports wait.
        """
        if self._exports >= _MAX_EXPORTS:
            raise BusyError
        self._exports += 1
        try:
            return await self._in_worker(task)
        finally:
            self._exports -= 1

    async def serve(self) -> None:
        """Run jobs until cancelled; without any, the worker ends after a while."""
        while True:
            try:
                job = await asyncio.wait_for(self._queue.get(), _IDLE_S)
            except TimeoutError:
                self._drop_old()
                if not self._exports:
                    self._worker.end()
                continue
            if job.state == "waiting":
                await self._run(job)
                self._drop_old()

    async def _run(self, job: ConceptJob) -> None:
        job.state = "running"
        try:
            for number in range(job.request.n):
                concept = await self._in_worker(
                    partial(ConceptTools.make, request=job.request, number=number, art=job.art)
                )
                if job.is_finished:  # it was cancelled
                    return
                job.concepts.append(concept)
        except Exception as error:
            if job.is_finished:
                return
            job.state = "failed"
            job.problem = str(error) if isinstance(error, DustjacketError) else UNEXPECTED
            if not isinstance(error, DustjacketError):
                log.exception("concepts could not be made")
        else:
            job.state = "done"

    async def _in_worker(self, task: Callable[[ConceptTools], Result]) -> Result:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._worker.run, task)

    def _drop_old(self) -> None:
        """Forget finished jobs that are too old, and the oldest while they take too much space."""
        kept = sum(job.size for job in self._jobs.values())
        for job in sorted(self._jobs.values(), key=lambda job: job.touched_s):
            too_old = time.monotonic() - job.touched_s > MAX_AGE_S
            if job.is_finished and (too_old or kept > MAX_BYTES):
                kept -= job.size
                del self._jobs[job.id]

    def close(self) -> None:
        """End the worker and its threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._worker.end()
