"""The state of each server: its process from the supervisor, its health from its health URL."""

from dataclasses import dataclass

import httpx
import psutil
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dustjacket.platform import supervision
from dustjacket.platform.servers import Server, load_servers
from dustjacket.settings import Settings, load_settings

_RUNNING = "RUNNING"


@dataclass(frozen=True)
class ServerStatus:
    """The state of one server; ``memory_mib`` is the memory of its process tree in MiB."""

    name: str
    state: str
    healthy: bool
    address: str
    pid: int
    seconds_up: int
    memory_mib: float


def is_healthy(server: Server, timeout_s: float = 10) -> bool:
    """Return whether the server answers its health URL with an expected status code."""
    if server.health_url is None:
        return True
    try:
        reply = httpx.get(
            server.health_url, timeout=timeout_s, follow_redirects=False, trust_env=False
        )
    except httpx.HTTPError:
        return False
    return reply.status_code in server.healthy


def airflow_health(settings: Settings) -> dict[str, str]:
    """Return the health of each Airflow component: ``healthy``, ``unhealthy`` or ``unknown``."""
    parts = {"scheduler": "unknown", "dag_processor": "unknown", "triggerer": "unknown"}
    try:
        url = f"{settings.airflow_url}/api/v2/monitor/health"
        reply = httpx.get(url, timeout=10, trust_env=False).json()
    except (httpx.HTTPError, ValueError):
        return parts
    return {part: (reply.get(part) or {}).get("status") or "unknown" for part in parts}


def status(settings: Settings | None = None) -> list[ServerStatus]:
    """Return the status of each server; empty if the platform is not running."""
    settings = settings or load_settings()
    if not supervision.is_running(settings.home):
        return []
    servers = {server.name: server for server in load_servers(settings.home)}
    parts = airflow_health(settings)
    rows = []
    for info in supervision.processes(settings.home):
        name, state, pid = info["name"], info["statename"], int(info["pid"])
        part = parts.get(name.removeprefix("airflow-").replace("-", "_"), "healthy")
        healthy = state == _RUNNING and part == "healthy" and is_healthy(servers[name])
        rows.append(
            ServerStatus(
                name=name,
                state=state.lower(),
                healthy=healthy,
                address=servers[name].health_url or "",
                pid=pid,
                seconds_up=int(info["now"] - info["start"]) if state == _RUNNING else 0,
                memory_mib=_memory(pid) if pid else 0.0,
            )
        )
    return rows


def _memory(pid: int) -> float:
    try:
        process = psutil.Process(pid)
        tree = [process, *process.children(recursive=True)]
        return sum(member.memory_info().rss for member in tree) / 2**20
    except psutil.NoSuchProcess:
        return 0.0


def print_status(console: Console) -> None:
    """Print a table of the servers, or one line if the platform is not running."""
    rows = status()
    if not rows:
        console.print("the platform is not running: start it with `dustjacket up`")
        return
    table = Table("server", "state", "health", "pid", "up", "MiB", "health URL", box=None)
    for column in table.columns:
        column.no_wrap = True
    for row in rows:
        health = Text("healthy", "green") if row.healthy else Text("unhealthy", "red")
        table.add_row(
            row.name, row.state, health, str(row.pid), f"{row.seconds_up} s",
            f"{row.memory_mib:.0f}", row.address,
        )  # fmt: skip
    console.print(table)


def print_addresses(settings: Settings, console: Console) -> None:
    """Print the addresses of the servers and the login of Airflow."""
    password = settings.airflow_password.get_secret_value() if settings.airflow_password else "-"
    console.print(f"Airflow  {settings.airflow_url}  login {settings.airflow_user} / {password}")
    console.print(f"Studio   {settings.airflow_url}/plugin/studio")
    console.print(f"MLflow   {settings.mlflow_uri}")
    console.print(f"S3       {settings.s3_endpoint}  bucket {settings.bucket}")
    console.print(f"state, logs and credentials: {settings.home}")
