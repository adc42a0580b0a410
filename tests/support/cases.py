"""Cases of real-world input that lie beside the project, and the server that some of them need."""

import json
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

CASES = ROOT.parent / "shared" / "cases" / "ingestion"
PORT = "18777"
"""The port of the cases' addresses."""


@dataclass(frozen=True)
class Given:
    """What a case gives the command: source, parameters and settings."""

    source: str
    parameters: dict[str, Any]
    settings: dict[str, Any]


def need_cases() -> None:
    """Skip the test where the cases are not beside the project."""
    if not CASES.is_dir():
        pytest.skip("the cases of real-world input are not beside the project (../shared/cases)")


def given(name: str) -> Given:
    """Read what a case gives, with the parameters named as the step names them."""
    command = json.loads((CASES / name / "cmd.json").read_text())
    source, args = command["source"], command["args"]
    if "://" not in source:
        source = str(CASES / name / source)
    flags = zip(args[::2], args[1::2], strict=True)
    parameters = {flag.removeprefix("--").replace("-", "_"): value for flag, value in flags}
    variables = {
        key.removeprefix("DUSTJACKET_").lower(): value
        for key, value in command.get("env", {}).items()
    }
    return Given(source, parameters, variables)


@contextmanager
def server(log: Path) -> Iterator[int]:
    """Run the cases' server on a free port, which it yields; requests are lines of ``log``."""
    ports = (random.randrange(20_000, 32_000) for _ in range(1000))
    port = next(port for port in ports if not _answers(port))
    process = subprocess.Popen([sys.executable, str(CASES / "server.py"), str(port), str(log)])
    try:
        for _ in range(300):
            if _answers(port):
                break
            time.sleep(0.1)
        yield port
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0
