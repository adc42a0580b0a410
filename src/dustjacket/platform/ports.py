"""Ports on loopback: those named by setting, else the usual ones, else free ones."""

import json
import socket
from collections.abc import Collection
from pathlib import Path

from rich.console import Console

from dustjacket.errors import DustjacketError

LOOPBACK = "127.0.0.1"
USUAL = {"airflow": 8080, "mlflow": 5000, "s3": 9000, "studio": 8898, "scheduler_health": 8974}


def is_free(port: int) -> bool:
    """Return whether a server could listen on ``port`` of loopback now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def choose_ports(
    named: dict[str, int | None], remembered: Path, console: Console
) -> dict[str, int]:
    """Return a port for each server: named, as last time, usual, or any free one, in that order.

    Args:
        named: ports fixed by setting; None leaves the choice.
        remembered: file that keeps the choice for the next start.

    Raises:
        DustjacketError: a port named by setting is busy.
    """
    before = json.loads(remembered.read_text()) if remembered.exists() else {}
    chosen: dict[str, int] = {}
    for server, usual in USUAL.items():
        fixed = named.get(server)
        if fixed is not None:
            if not is_free(fixed):
                raise DustjacketError(
                    f"port {fixed} is busy: free it or set another as "
                    f"DUSTJACKET_{server.upper()}_PORT"
                )
            chosen[server] = fixed
            continue
        wanted = before.get(server, usual)
        chosen[server] = wanted if is_free(wanted) else any_free(set(chosen.values()))
        if chosen[server] != wanted and server != "scheduler_health":
            console.print(f"port {wanted} is busy: {server} takes {chosen[server]}")
    remembered.write_text(json.dumps(chosen))
    return chosen


def any_free(taken: Collection[int] = ()) -> int:
    """Return a port of loopback that no server listens on and that is not ``taken``."""
    while True:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port: int = probe.getsockname()[1]
        if port not in taken:
            return port
