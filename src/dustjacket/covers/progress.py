"""How far a run is: said from time to time while Spark works."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_EVERY_S = 10.0


@contextmanager
def progress(
    total: int, done: Callable[[], int], report: Callable[[str], None], every_s: float = _EVERY_S
) -> Iterator[None]:
    """Say every ``every_s`` seconds, and at the end, how many of ``total`` covers are done.

    Args:
        done: returns how many are; called from a thread of its own.
        report: takes a line.
    """
    began = time.monotonic()
    over = threading.Event()

    def say() -> None:
        while not over.wait(every_s):
            report(line(done(), total, time.monotonic() - began))

    thread = threading.Thread(target=say, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        report(line(done(), total, time.monotonic() - began))


def line(done: int, total: int, seconds: float) -> str:
    """Return how far a run is, how fast it was so far, and how long it will still take."""
    rate = done / seconds if seconds else 0.0
    said = f"{done:,} of {total:,} covers, {rate:,.0f} a second"
    if done >= total or not rate:
        return said
    left = round((total - done) / rate)
    return f"{said}, {left // 60} min {left % 60:02d} s left"
