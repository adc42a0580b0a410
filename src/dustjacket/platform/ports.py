"""Choose the servers' ports on loopback: the configured, the default, or any free one."""

import json
import socket
from collections.abc import Collection
from pathlib import Path

from rich.console import Console

from dustjacket.errors import DustjacketError

LOOPBACK = "127.0.0.1"
DEFAULT_PORTS = {
    "airflow": 8080,
    "mlflow": 5000,
    "s3": 9000,
    "studio": 8898,
    "scheduler_health": 8974,
}


def is_free(port: int) -> bool:
    """Return whether a server could listen on ``port`` of loopback now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def choose_ports(configured: dict[str, int | None], file: Path, console: Console) -> dict[str, int]:
    """Return a port for each server: configured, as last time, default, or any free one.

    Args:
        configured: ports that the settings name; None where they do not.
        file: JSON file that keeps the choice for the next start.

    Raises:
        DustjacketError: a configured port is busy.
    """
    previous = json.loads(file.read_text()) if file.exists() else {}
    chosen: dict[str, int] = {}
    for server, default in DEFAULT_PORTS.items():
        port = configured.get(server)
        if port is not None:
            if not is_free(port):
                raise DustjacketError(
                    f"port {port} is busy: free it or set another as "
                    f"DUSTJACKET_{server.upper()}_PORT"
                )
            chosen[server] = port
            continue
        wanted = previous.get(server, default)
        chosen[server] = wanted if is_free(wanted) else free_port(set(chosen.values()))
        if chosen[server] != wanted and server != "scheduler_health":
            console.print(f"port {wanted} is busy: {server} takes {chosen[server]}")
    file.write_text(json.dumps(chosen))
    return chosen


def free_port(taken: Collection[int] = ()) -> int:
    """Return a port of loopback on which no server listens and that is not in ``taken``."""
    while True:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port: int = probe.getsockname()[1]
        if port not in taken:
            return port
