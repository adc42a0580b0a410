"""Choose the servers' ports on loopback: the configured, the default, or any free one."""

import json
import socket
from collections.abc import Collection
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError
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
    return _busy_or_reserved(port) is None


def _busy_or_reserved(port: int) -> str | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except PermissionError:
            return "is reserved for the administrator:"
        except OSError:
            return "is busy: free it or"
    return None


def choose_ports(configured: dict[str, int | None], file: Path, console: Console) -> dict[str, int]:
    """Return a port for each server: configured, as last time, default, or any free one.

    Args:
        configured: ports that the settings name; None where they do not.
        file: JSON file that keeps the choice for the next start.

    Raises:
        DustjacketError: a configured port is busy or not allowed, or the file is broken.
    """
    try:
        previous = TypeAdapter(dict[str, Annotated[int, Field(ge=1, le=65535)]]).validate_json(
            file.read_bytes() if file.exists() else b"{}"
        )
    except ValidationError:
        raise DustjacketError(
            f"{file} does not hold the ports of servers: delete it, to choose them anew"
        ) from None
    chosen: dict[str, int] = {}
    for server, default in DEFAULT_PORTS.items():
        port = configured.get(server)
        if port is not None:
            if reason := _busy_or_reserved(port):
                raise DustjacketError(
                    f"port {port} {reason} set another as DUSTJACKET_{server.upper()}_PORT"
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
