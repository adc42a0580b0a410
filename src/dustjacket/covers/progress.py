"""Report the progress of a run while Spark works."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dustjacket.pipeline.periodic import periodic

_INTERVAL_S = 10.0


@contextmanager
def report_progress(
    total: int, done: Callable[[], int], report: Callable[[str], None]
) -> Iterator[None]:
    """Report every 10 seconds, and at the end of the block, how many of ``total`` are done.

    Args:
        done: returns the count; called from another thread.
        report: takes a line of text.
    """
    began = time.monotonic()

    def report_now() -> None:
        report(progress_line(done(), total, time.monotonic() - began))

    with periodic(report_now, _INTERVAL_S):
        yield
    report_now()


def progress_line(done: int, total: int, seconds: float) -> str:
    """Return the count, the mean rate and the estimated time left."""
    rate = done / seconds if seconds else 0.0
    text = f"{done:,} of {total:,} covers, {rate:,.0f} a second"
    if done >= total or not rate:
        return text
    left_s = round((total - done) / rate)
    return f"{text}, {left_s // 60} min {left_s % 60:02d} s left"
