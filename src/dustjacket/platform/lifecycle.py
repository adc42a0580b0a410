"""Start the embedded platform, and stop all its processes."""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console

from dustjacket.errors import DustjacketError
from dustjacket.platform import supervision, watch
from dustjacket.platform.accounts import load_accounts
from dustjacket.platform.credentials import CREDENTIALS, load_credentials, write_dotenv
from dustjacket.platform.databases import check_databases
from dustjacket.platform.environments import PLATFORM_MARK, SUPERVISOR, environments
from dustjacket.platform.jars import s3a_jars, s3proxy_jars
from dustjacket.platform.java import use_java
from dustjacket.platform.mlflow_server import ARTIFACTS
from dustjacket.platform.ports import LOOPBACK, choose_ports
from dustjacket.platform.process_guard import kill_processes
from dustjacket.platform.servers import (
    MLFLOW_USER,
    Server,
    embedded_servers,
    load_servers,
    write_mlflow_files,
    write_server_files,
    write_servers,
)
from dustjacket.platform.spark_files import start_making_archive
from dustjacket.platform.status import airflow_health, is_healthy
from dustjacket.settings import PLATFORM_ENV, Settings, home, load_settings
from dustjacket.storage.host import make_private, prepare_process, private_folder
from dustjacket.storage.probe import probe_store
from dustjacket.storage.store import Store

_START_S = 240.0
_POLL_S = 0.5
_HEALTHY = "healthy"
_FAILED = ("FATAL", "EXITED")
_ERROR = re.compile(r"\b\w*(Error|Exception): ")
console = Console()


def is_up() -> bool:
    """Return whether the platform of this home runs."""
    return supervision.is_running(home())


def up() -> Settings:
    """Start the servers that are not running; return the settings that point to them.

    Servers that the environment names (``DUSTJACKET_S3_ENDPOINT``, ``DUSTJACKET_MLFLOW_URI``) are
    used instead of embedded ones. If everything runs already, it returns at once.

    Raises:
        DustjacketError: Java or a library is not available, a configured port is busy, the
            object store's puts are not atomic, or a server does not become healthy; all servers
            are then stopped again.
    """
    prepare_process()
    folder = private_folder(home())
    make_private(folder)
    with _home_lock(folder):
        if supervision.is_running(folder):
            settings, started = load_settings(), supervision.start_stopped(folder)
            hung = watch.unhealthy(settings)
            watch.restart(settings, hung)
            _wait_until_healthy(settings, load_servers(folder), shown=[*started, *hung])
        else:
            if killed := _stop_all(folder):
                console.print(f"stopped {killed} processes whose supervisor did not answer")
            try:
                _start(folder)
            except BaseException:
                _stop_all(folder)
                raise
        settings = load_settings()
        Store(settings).ensure_bucket()
    return settings


def down() -> None:
    """Stop the platform and all its processes, including tasks and their Spark jobs."""
    folder = home()
    if not folder.exists():
        console.print("the platform is not running")
        return
    with _home_lock(private_folder(folder)):
        running = supervision.is_running(folder)
        killed = _stop_all(folder)
    console.print("the platform is stopped" if running or killed else "the platform is not running")


def _start(folder: Path) -> None:
    outside = Settings(_env_file=None)
    if outside.airflow_user in load_accounts(folder):
        raise DustjacketError(
            f"{outside.airflow_user!r} is a person's account: unset DUSTJACKET_AIRFLOW_USER to "
            "start the platform"
        )
    if outside.s3_endpoint:
        # The embedded store is one release, which its tests probe.
        Store(outside).ensure_bucket()
        probe_store(outside, multipart=False)
    (folder / "logs").mkdir(mode=0o700, exist_ok=True)
    shutil.rmtree(folder / "tmp", ignore_errors=True)
    (folder / "tmp").mkdir()
    (folder / "airflow").mkdir(exist_ok=True)
    java = use_java(console)
    with ThreadPoolExecutor(2) as pool:
        s3proxy = pool.submit(s3proxy_jars, outside.jars_folder, console)
        s3a = pool.submit(s3a_jars, outside.jars_folder, console)
        s3proxy_folder, s3a_folder = s3proxy.result(), s3a.result()
    credentials = load_credentials(folder / CREDENTIALS)
    configured = {
        "airflow": outside.airflow_port, "mlflow": outside.mlflow_port, "s3": outside.s3_port,
        "studio": outside.studio_port,
    }  # fmt: skip
    ports = choose_ports(configured, folder / "ports.json", console)
    address = {name: f"http://{LOOPBACK}:{port}" for name, port in ports.items()}
    embedded = {
        "airflow_url": address["airflow"],
        "airflow_password": SecretStr(credentials.airflow_password),
        "studio_url": outside.studio_url or address["studio"],
        "studio_token": outside.studio_token or SecretStr(credentials.studio_token),
    }
    if not outside.studio_url:
        embedded["studio_proxy_token"] = SecretStr(credentials.studio_proxy_token)
    if not outside.mlflow_uri:
        embedded |= {
            "mlflow_uri": address["mlflow"],
            "mlflow_username": MLFLOW_USER,
            "mlflow_password": SecretStr(credentials.mlflow_password),
        }
    if not outside.s3_endpoint:
        embedded |= {
            "s3_endpoint": address["s3"],
            "s3_access_key": SecretStr(credentials.s3_access_key),
            "s3_secret_key": SecretStr(credentials.s3_secret_key),
        }
    settings = outside.model_copy(update=embedded)
    write_server_files(settings, credentials, sorted(s3a_folder.glob("*.jar")))
    write_mlflow_files(folder, credentials, outside.mlflow_database)
    _move_artifacts(folder)
    variables = environments(settings, credentials, ports, java)
    check_databases(folder)
    console.print("preparing Airflow's database")
    migrate(folder, variables["airflow-api"])
    servers = embedded_servers(settings, outside, ports, s3proxy_folder)
    write_servers(folder, servers)
    console.print(f"starting {', '.join(server.name for server in servers)}")
    supervision.start(folder, servers, variables)
    _wait_until_healthy(settings, servers, shown=[server.name for server in servers])
    supervision.start_stopped(folder)
    start_making_archive(settings.jars_folder, folder / "tmp", variables[SUPERVISOR])
    write_dotenv(folder / PLATFORM_ENV, settings.environment())
    load_settings.cache_clear()


def _move_artifacts(folder: Path) -> None:
    """Move MLflow's artifacts out of the S3 server's folder, where earlier releases kept them."""
    earlier, artifacts = folder / "s3" / "mlflow", folder / ARTIFACTS
    if earlier.exists() and not artifacts.exists():
        earlier.rename(artifacts)


def migrate(folder: Path, variables: dict[str, str]) -> None:
    """Create the tables of Airflow's database, or bring them to this release.

    Raises:
        DustjacketError: the database cannot be used.
    """
    log = folder / "logs" / "airflow-migrate.log"
    with log.open("w") as stream:
        done = subprocess.run(
            [Path(sys.executable).parent / "airflow", "db", "migrate"],
            env=variables,
            stdout=stream,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise DustjacketError(
            f"Airflow's database could not be prepared: {_reason(log)} (see {log})"
        )


def _wait_until_healthy(settings: Settings, servers: list[Server], shown: list[str]) -> None:
    began = time.monotonic()
    waiting = {server.name: server for server in servers}
    while waiting or set(airflow_health(settings).values()) != {_HEALTHY}:
        states = {info["name"]: info["statename"] for info in supervision.processes(settings.home)}
        for name in list(waiting):
            if states[name] in _FAILED:
                log = settings.home / "logs" / f"{name}.log"
                raise DustjacketError(f"{name} does not start: {_reason(log)} (see {log})")
            if states[name] == "RUNNING" and is_healthy(waiting[name], timeout_s=5):
                del waiting[name]
                if name in shown:
                    console.print(f"{name} is up ({time.monotonic() - began:.0f} s)")
        if time.monotonic() - began > _START_S:
            late = ", ".join(waiting) or "a part of Airflow"
            raise DustjacketError(
                f"{late} is not healthy after {_START_S:.0f} s: see {settings.home / 'logs'}"
            )
        time.sleep(_POLL_S)


def _reason(log: Path) -> str:
    """Return the last error in a log, or else its last line: what follows an error explains it."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if _ERROR.search(line)]
    return (errors or lines or ["its log is empty"])[-1][:300]


def _stop_all(folder: Path) -> int:
    if supervision.is_running(folder):
        supervision.stop(folder)
    killed = kill_processes(PLATFORM_MARK, str(folder))
    supervision.socket_of(folder).unlink(missing_ok=True)
    return killed


@contextmanager
def _home_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of this home, so that two starts do not run at the same time."""
    with (folder / "lock").open("w") as lock:
        flock(lock, LOCK_EX)
        yield
