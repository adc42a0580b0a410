"""The state of each server: its process from the supervisor, its health from its health URL."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx
import psutil
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dustjacket.platform import supervision
from dustjacket.platform.credentials import CREDENTIALS
from dustjacket.platform.environments import PLATFORM_MARK
from dustjacket.platform.process_guard import processes_with
from dustjacket.platform.servers import HEARTBEAT_S, Server, load_servers
from dustjacket.settings import Settings, load_settings

Health = Literal["healthy", "unhealthy", "unknown"]
PARTS = ("scheduler", "dag_processor", "triggerer")
_RUNNING = "RUNNING"


@dataclass(frozen=True)
class ServerStatus:
    """The state of one server.

    Attributes:
        state: of its process, as Supervisor names it, in lower case.
        health: ``unknown`` where only Airflow's API can tell, and it does not answer.
        memory_mib: memory of its process tree in MiB.
    """

    name: str
    state: str
    health: Health
    address: str
    pid: int
    seconds_up: int
    memory_mib: float

    @property
    def healthy(self) -> bool:
        """Whether the server is known to work."""
        return self.health == "healthy"


def is_healthy(server: Server, timeout_s: float = 10) -> bool:
    """Return whether the server answers its health URL as expected, or touched its file lately."""
    if server.heartbeat:
        try:
            return time.time() - Path(server.heartbeat).stat().st_mtime < HEARTBEAT_S
        except OSError:
            return False
    if server.health_url is None:
        return True
    try:
        reply = httpx.get(
            server.health_url, timeout=timeout_s, follow_redirects=False, trust_env=False
        )
    except httpx.HTTPError:
        return False
    return reply.status_code in server.healthy


def airflow_health(settings: Settings, timeout_s: float = 10) -> dict[str, Health]:
    """Return the health of each part of Airflow that sends heartbeats."""
    parts: dict[str, Health] = dict.fromkeys(PARTS, "unknown")
    try:
        url = f"{settings.airflow_url}/api/v2/monitor/health"
        reply = httpx.get(url, timeout=timeout_s, trust_env=False).json()
    except (httpx.HTTPError, ValueError):
        return parts
    return {part: (reply.get(part) or {}).get("status") or "unknown" for part in parts}


def status(settings: Settings | None = None, timeout_s: float = 10) -> list[ServerStatus]:
    """Return the status of each server; empty if the platform is not running.

    Args:
        timeout_s: seconds in which a healthy server answers.
    """
    settings = settings or load_settings()
    if not supervision.is_running(settings.home):
        return []
    servers = {server.name: server for server in load_servers(settings.home)}
    infos = supervision.processes(settings.home)
    with ThreadPoolExecutor(len(servers) + 1) as pool:
        parts = pool.submit(airflow_health, settings, timeout_s)
        answers = {name: pool.submit(is_healthy, servers[name], timeout_s) for name in servers}
    return [
        _status(info, servers[info["name"]], answers[info["name"]].result(), parts.result())
        for info in infos
    ]


def _status(
    info: dict[str, Any], server: Server, answers: bool, parts: dict[str, Health]
) -> ServerStatus:
    running, pid = info["statename"] == _RUNNING, int(info["pid"])
    return ServerStatus(
        name=server.name,
        state=info["statename"].lower(),
        health=parts.get(server.part or "", "healthy") if running and answers else "unhealthy",
        address=server.health_url or "",
        pid=pid,
        seconds_up=int(info["now"] - info["start"]) if running else 0,
        memory_mib=_memory(pid) if pid else 0.0,
    )


def _memory(pid: int) -> float:
    try:
        process = psutil.Process(pid)
        tree = [process, *process.children(recursive=True)]
        return sum(member.memory_info().rss for member in tree) / 2**20
    except psutil.NoSuchProcess:
        return 0.0


def print_status(rows: list[ServerStatus], console: Console) -> None:
    """Print a table of the servers, or one line if the platform is not running."""
    if not rows:
        settings = load_settings()
        if processes_with(PLATFORM_MARK, str(settings.home)):
            console.print(
                "the platform runs, but its supervisor does not answer at "
                f"{supervision.socket_of(settings.home)}: `dustjacket up` starts it anew",
                soft_wrap=True,
            )
        else:
            console.print(
                f"no platform runs in {settings.home}: start it with `dustjacket up`, or name the "
                "folder of another with --home",
                soft_wrap=True,
            )
        return
    table = Table("server", "state", "health", "pid", "up", "MiB", box=None, pad_edge=False)
    for row in rows:
        table.add_row(
            row.name, row.state, Text(row.health, "green" if row.healthy else "red"), str(row.pid),
            f"{row.seconds_up} s", f"{row.memory_mib:.0f}",
        )  # fmt: skip
    console.print(table)
    print_addresses(load_settings(), console, password=False)
    console.print()


def print_addresses(settings: Settings, console: Console, *, password: bool = True) -> None:
    """Print the addresses of the servers and the login of Airflow.

    The password goes to a terminal only: files and logs of others may keep what is printed there.

    Args:
        password: whether to print it; without, only the file that holds it is named.
    """
    shown = settings.airflow_password.get_secret_value() if settings.airflow_password else "-"
    if not (password and console.is_terminal):
        shown = f"(airflow_password in {settings.home / CREDENTIALS})"
    console.print(
        f"Airflow  {settings.airflow_url}  login {settings.airflow_user} / {shown}",
        markup=False,
    )
    console.print(f"Studio   {settings.airflow_url}/plugin/studio")
    console.print(f"MLflow   {settings.mlflow_uri}")
    console.print(f"S3       {settings.s3_endpoint}  bucket {settings.bucket}")
    console.print(f"state, logs and credentials: {settings.home}")
