"""Call a function at intervals while other work runs, for example to report progress."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def periodic(function: Callable[[], None], every_s: float) -> Iterator[None]:
    """Call ``function`` every ``every_s`` seconds in a thread until the block ends.

    When the block has ended, no call is running and none follows.
    """
    ended = threading.Event()

    def call() -> None:
        while not ended.wait(every_s):
            function()

    thread = threading.Thread(target=call, name="periodic", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
