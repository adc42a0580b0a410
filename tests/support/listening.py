"""A Studio's app that really listens: on loopback, in a thread of the test's process."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from dustjacket.platform.ports import LOOPBACK, free_port


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """Serve an app for a block; yields its address, which ends in a slash."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, LOOPBACK, port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield f"http://{LOOPBACK}:{port}/"
    finally:
        server.should_exit = True
        thread.join()
