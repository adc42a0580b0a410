"""A process of the lowest priority for work that takes seconds, so that queries stay fast."""

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

from dustjacket.errors import DustjacketError, NotReadyError

log = logging.getLogger(__name__)

Context = TypeVar("Context")
Result = TypeVar("Result")

_LOWEST_PRIORITY = 19


class WorkerEndedError(NotReadyError):
    """The process was killed, or ran out of memory."""


class Worker(Generic[Context]):
    """A process that runs one task after another; it starts with the first.

    A task may crash it or exhaust its memory: that ends the task, and the next one starts another
    process. It ends when this process does, however that ends.
    """

    def __init__(self, open_context: Callable[[], Context], timeout_s: float) -> None:
        """Start nothing yet.

        Args:
            open_context: returns what tasks work with; called once in each process. It must be
                picklable, as tasks and their results must be.
            timeout_s: seconds after which a task is given up.
        """
        self._open_context, self._timeout_s = open_context, timeout_s
        self._turn = threading.Lock()
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None

    def run(self, task: Callable[[Context], Result]) -> Result:
        """Run a task in the process and return its result.

        Raises:
            DustjacketError: the task raised it.
            WorkerEndedError: the process ended, or took too long.
            RuntimeError: the task failed unexpectedly; the process has logged why.
        """
        with self._turn:
            connection = self._started()
            try:
                connection.send(task)
                if not connection.poll(self._timeout_s):
                    self._replace()
                    raise WorkerEndedError(
                        f"drawing took more than {self._timeout_s:.0f} seconds: try again when the "
                        "machine is less busy"
                    )
                result = connection.recv()
            except (EOFError, OSError):
                self._replace()
                raise WorkerEndedError(
                    "the process that draws covers ended, perhaps for lack of memory: try again"
                ) from None
        if isinstance(result, Exception):
            raise result
        return result  # type: ignore[no-any-return]

    def end(self) -> None:
        """Kill the process, and with it the task that it works on."""
        if self._process:
            self._process.kill()

    def _started(self) -> Connection:
        if self._process and not self._process.is_alive():
            self._replace()
        if self._connection is None:
            spawn = multiprocessing.get_context("spawn")
            self._connection, theirs = spawn.Pipe()
            self._process = spawn.Process(
                target=_serve, args=(theirs, self._open_context), daemon=True
            )
            self._process.start()
            theirs.close()  # so that either end notices when the other is gone
        return self._connection

    def _replace(self) -> None:
        """Let the next task start another process."""
        self.end()
        if self._process:
            self._process.join()
        if self._connection:
            self._connection.close()
        self._process = self._connection = None


def _serve(connection: Connection, open_context: Callable[[], Any]) -> None:
    """Run the tasks that arrive, until the other end of the connection is closed."""
    os.nice(_LOWEST_PRIORITY)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    context: Any = None
    while True:
        try:
            task = connection.recv()
        except EOFError:
            return
        try:
            context = context or open_context()
            result = task(context)
        except DustjacketError as error:
            result = error
        except Exception:
            log.exception("a task of the worker failed")
            result = RuntimeError("a task of the worker failed: see the log")
        connection.send(result)
