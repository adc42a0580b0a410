"""Unit tests start neither a server nor a JVM: one that does fails, and belongs in integration."""

import socket
import sys
from pathlib import Path

import pytest

_JAVA = {"java", "spark-submit", "spark-class"}


class _Guard:
    """Audit hook that refuses, while it is on, to bind a socket or to start Java."""

    def __init__(self):
        self.on, self.refusals = False, []

    def __call__(self, event, arguments):
        if self.on and (what := self._forbidden(event, arguments)):
            self.refusals.append(what)
            raise RuntimeError(f"a unit test {what}: move it to tests/integration")

    @staticmethod
    def _forbidden(event, arguments):
        if event == "socket.bind" and arguments[0].family in (socket.AF_INET, socket.AF_INET6):
            return "opens a port"
        if event == "subprocess.Popen" and Path(str(arguments[0])).name in _JAVA:
            return "starts Java"
        return None


_GUARD = _Guard()
sys.addaudithook(_GUARD)


@pytest.fixture(autouse=True)
def no_server_and_no_java():
    """Fail a test that bound a port or started Java, even if it caught the refusal."""
    _GUARD.on, _GUARD.refusals = True, []
    yield
    _GUARD.on = False
    assert _GUARD.refusals == [], "move this test to tests/integration"
