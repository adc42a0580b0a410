"""Where a step's functions run: on Spark's executors, or in processes of this machine.

Both engines map a picklable function over items. Results are small; what is large goes through
files of the draft's scratch prefix.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from dustjacket.errors import DustjacketError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_MAX_TASKS = 256
T = TypeVar("T")
R = TypeVar("R")


class Engine(Protocol):
    """Maps a picklable function over items, and yields the results in the order of the items."""

    def __call__(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield the result of each item; raise the first failure."""


def in_this_process(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Apply a function to items one after the other."""
    return map(function, items)


def in_processes(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Apply a function to items in one process for each core; they end with this process."""
    pool = ProcessPoolExecutor(
        len(os.sched_getaffinity(0)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_end_with_parent,
    )
    try:
        yield from pool.map(function, items)
    except BaseException as failure:
        for process in list(pool._processes.values()):
            process.terminate()
        if isinstance(failure, BrokenProcessPool):
            raise DustjacketError(
                "a process that reads the source ended, perhaps for lack of memory: end other "
                "programs, or give smaller files"
            ) from failure
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def on_spark(spark: "SparkSession") -> Engine:
    """Return an engine that applies functions on Spark's executors."""

    def run(function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        listed = list(items)
        if not listed:
            return iter(())
        slices = min(len(listed), _MAX_TASKS)
        return iter(spark.sparkContext.parallelize(listed, slices).map(function).collect())

    return run


def _end_with_parent() -> None:
    """Leave an interrupt to the parent, and end when it is gone, however it ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    sentinel = parent.sentinel

    def watch() -> None:
        wait([sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
