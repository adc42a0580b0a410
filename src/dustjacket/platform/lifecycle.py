"""Bring the embedded platform up, and down to the last process."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from fcntl import LOCK_EX, flock
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console

from dustjacket.errors import DustjacketError
from dustjacket.platform import supervision
from dustjacket.platform.credentials import load_credentials, write_dotenv
from dustjacket.platform.jars import s3a_jars, s3proxy_jars
from dustjacket.platform.java import use_java
from dustjacket.platform.ports import LOOPBACK, choose_ports
from dustjacket.platform.process_guard import end_processes
from dustjacket.platform.servers import (
    MARK,
    MLFLOW_BUCKET,
    Server,
    embedded_servers,
    environment,
    write_server_files,
)
from dustjacket.settings import PLATFORM_ENV, Settings, home, load_settings
from dustjacket.storage.store import Store

_START_S = 240.0
_POLL_S = 0.5
_HEALTHY = "healthy"
console = Console()


def is_up() -> bool:
    """Return whether this home's platform runs."""
    return supervision.is_running(home())


def up() -> Settings:
    """Start what of the platform is not running; return the settings that reach it.

    Servers that the environment names (``DUSTJACKET_S3_ENDPOINT``, ``DUSTJACKET_MLFLOW_URI``) are
    used, not started. A second call finds everything running and returns at once.

    Raises:
        DustjacketError: Java or a library cannot be had, a named port is busy, or a server does
            not get healthy; what was started is stopped again.
    """
    folder = home()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _only_one(folder):
        if supervision.is_running(folder):
            stopped = supervision.start_stopped(folder)
            _wait_until_healthy(load_settings(), load_servers(folder), shown=stopped)
        else:
            try:
                _start(folder)
            except BaseException:
                _stop_all(folder)
                raise
        settings = load_settings()
        for bucket in (settings.bucket, MLFLOW_BUCKET):
            Store(settings.model_copy(update={"bucket": bucket})).ensure_bucket()
    return settings


def down() -> None:
    """Stop the platform and end every process of it, tasks and their Spark jobs included."""
    folder = home()
    if not folder.exists():
        console.print("the platform is not running")
        return
    with _only_one(folder):
        running = supervision.is_running(folder)
        ended = _stop_all(folder)
    console.print("the platform is stopped" if running or ended else "the platform is not running")


def load_servers(folder: Path) -> list[Server]:
    """Return the servers that the running platform was started with."""
    kept = json.loads((folder / "servers.json").read_text())
    return [
        Server(one["name"], tuple(one["command"]), one["health_url"], tuple(one["healthy"]))
        for one in kept
    ]


def _start(folder: Path) -> None:
    outside = Settings(_env_file=None)
    (folder / "logs").mkdir(mode=0o700, exist_ok=True)
    (folder / "airflow").mkdir(exist_ok=True)
    java = use_java(console)
    with ThreadPoolExecutor(2) as pool:
        s3proxy = pool.submit(s3proxy_jars, folder / "jars", console)
        s3a = pool.submit(s3a_jars, folder / "jars", console)
        s3proxy_folder, s3a_folder = s3proxy.result(), s3a.result()
    credentials = load_credentials(folder / "credentials.json")
    named = {
        "airflow": outside.airflow_port, "mlflow": outside.mlflow_port, "s3": outside.s3_port,
        "studio": outside.studio_port,
    }  # fmt: skip
    ports = choose_ports(named, folder / "ports.json", console)
    address = {name: f"http://{LOOPBACK}:{port}" for name, port in ports.items()}
    found = {
        "airflow_url": address["airflow"],
        "airflow_password": SecretStr(credentials.airflow_password),
        "mlflow_uri": outside.mlflow_uri or address["mlflow"],
        "studio_url": outside.studio_url or address["studio"],
        "studio_token": outside.studio_token or SecretStr(credentials.studio_token),
    }
    if not outside.s3_endpoint:
        found |= {
            "s3_endpoint": address["s3"],
            "s3_access_key": SecretStr(credentials.s3_access_key),
            "s3_secret_key": SecretStr(credentials.s3_secret_key),
        }
    settings = outside.model_copy(update=found)
    write_server_files(settings, credentials, sorted(s3a_folder.glob("*.jar")))
    variables = environment(settings, credentials, ports, java)
    console.print("preparing Airflow's database")
    _migrate(folder, variables)
    servers = embedded_servers(settings, outside, ports, s3proxy_folder)
    (folder / "servers.json").write_text(json.dumps([asdict(server) for server in servers]))
    console.print(f"starting {', '.join(server.name for server in servers)}")
    supervision.start(folder, servers, variables)
    _wait_until_healthy(settings, servers, shown=[server.name for server in servers])
    supervision.start_stopped(folder)
    write_dotenv(folder / PLATFORM_ENV, settings.environment())
    load_settings.cache_clear()


def _migrate(folder: Path, variables: dict[str, str]) -> None:
    log = folder / "logs" / "airflow-migrate.log"
    with log.open("w") as stream:
        done = subprocess.run(
            [Path(sys.executable).parent / "airflow", "db", "migrate"],
            env={**os.environ, **variables},
            stdout=stream,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise DustjacketError(f"Airflow's database could not be prepared: {_tail(log)}")


def _wait_until_healthy(settings: Settings, servers: list[Server], shown: list[str]) -> None:
    from dustjacket.platform.status import airflow_health, answers

    began = time.monotonic()
    waiting = {server.name: server for server in servers}
    while waiting or set(airflow_health(settings).values()) != {_HEALTHY}:
        states = {info["name"]: info["statename"] for info in supervision.processes(settings.home)}
        for name in list(waiting):
            if states[name] in supervision.DOWN:
                log = settings.home / "logs" / f"{name}.log"
                raise DustjacketError(f"{name} does not start: {_tail(log)} (see {log})")
            if states[name] == "RUNNING" and answers(waiting[name], timeout_s=5):
                del waiting[name]
                if name in shown:
                    console.print(f"{name} is up ({time.monotonic() - began:.0f} s)")
        if time.monotonic() - began > _START_S:
            late = ", ".join(waiting) or "a part of Airflow"
            raise DustjacketError(
                f"{late} is not healthy after {_START_S:.0f} s: see {settings.home / 'logs'}"
            )
        time.sleep(_POLL_S)


def _tail(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"


def _stop_all(folder: Path) -> int:
    if supervision.is_running(folder):
        supervision.stop(folder)
    ended = end_processes(MARK, str(folder))
    supervision.socket_of(folder).unlink(missing_ok=True)
    return ended


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Hold the home's lock, so that two starts at once do not meet."""
    with (folder / "lock").open("w") as lock:
        flock(lock, LOCK_EX)
        yield
