"""The embedded servers: their commands, configuration files, environment and health URLs."""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from secrets import token_hex
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from dustjacket.errors import DustjacketError
from dustjacket.platform.credentials import Credentials, write_private
from dustjacket.platform.mlflow_server import AUTH_CONFIG, PASSWORDS
from dustjacket.platform.ports import LOOPBACK
from dustjacket.platform.spark_files import write_spark_files
from dustjacket.settings import Settings

MLFLOW_USER = "dustjacket"
SERVERS = "servers.json"

S3PROXY_LOGBACK = """<configuration>
  <appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d %-5level %logger{20} %msg%n</pattern></encoder>
  </appender>
  <root level="WARN"><appender-ref ref="OUT"/></root>
</configuration>
"""
HEARTBEAT_S = 300.0
NOTIFIER_ALIVE = "notifier.alive"


@dataclass(frozen=True)
class Server:
    """One program under the supervisor; it is restarted if it ends, and if it becomes unhealthy.

    Attributes:
        health_url: a healthy server answers it with one of the status codes ``healthy``.
        part: name in the health that Airflow's API reports of its parts, by their heartbeats.
        heartbeat: file that a working server touches within ``HEARTBEAT_S``.
    """

    name: str
    command: tuple[str, ...]
    health_url: str | None = None
    healthy: tuple[int, ...] = (200,)
    part: str | None = None
    heartbeat: str | None = None


def embedded_servers(
    settings: Settings, outside: Settings, ports: dict[str, int], s3proxy_jars: Path
) -> list[Server]:
    """Return the servers to start: all except those that the environment configures elsewhere.

    Args:
        settings: settings with the addresses of the embedded servers.
        outside: settings from the environment alone.
        s3proxy_jars: folder of S3Proxy's jars.
    """
    servers = []
    if not outside.s3_endpoint:
        servers.append(s3_server(settings, s3proxy_jars))
    if not outside.mlflow_uri:
        servers.append(mlflow_server(settings, ports["mlflow"]))
    servers += airflow_servers(settings, ports)
    if not outside.studio_url:
        serve = (_program("dustjacket"), "studio", "--port", str(ports["studio"]))
        servers.append(Server("studio", serve, f"{settings.studio_url}/health"))
    if outside.notify:
        sends = (sys.executable, "-m", "dustjacket.upkeep.notifier")
        servers.append(Server("notifier", sends, heartbeat=str(settings.home / NOTIFIER_ALIVE)))
    return servers


def _program(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def airflow_servers(
    settings: Settings, ports: dict[str, int], host: str = LOOPBACK
) -> list[Server]:
    """Return the four parts of Airflow.

    Args:
        host: address on which its API listens.
    """
    airflow = _program("airflow")
    api = ("api-server", "--host", host, "--port", str(ports["airflow"]), "--workers", "1")
    return [
        Server("airflow-api", (airflow, *api), f"{settings.airflow_url}/api/v2/version"),
        Server(
            "airflow-scheduler",
            (airflow, "scheduler", "--skip-serve-logs"),
            f"http://{LOOPBACK}:{ports['scheduler_health']}/health",
            part="scheduler",
        ),
        Server("airflow-dag-processor", (airflow, "dag-processor"), part="dag_processor"),
        Server("airflow-triggerer", (airflow, "triggerer", "--skip-serve-logs"), part="triggerer"),
    ]


def load_servers(folder: Path) -> list[Server]:
    """Return the servers with which the running platform was started."""
    file = folder / SERVERS
    try:
        return TypeAdapter(list[Server]).validate_json(file.read_text())
    except (OSError, ValidationError) as error:
        raise DustjacketError(
            f"{file} does not list the running servers: run `dustjacket down`, then `dustjacket up`"
        ) from error


def write_servers(folder: Path, servers: list[Server]) -> None:
    """Write the servers for ``load_servers``."""
    (folder / SERVERS).write_text(json.dumps([asdict(server) for server in servers]))


def s3_server(settings: Settings, s3proxy_jars: Path) -> Server:
    """Return the S3 server, which reads the files that ``write_server_files`` wrote."""
    home = settings.home
    java = (
        *("java", "-Xmx384m", f"-Dlogback.configurationFile={home / 'logback.xml'}"),
        *("-cp", f"{s3proxy_jars}/*", "org.gaul.s3proxy.Main"),
        *("--properties", str(home / "s3proxy.properties")),
        # Unsigned requests go to the last store. S3Proxy takes objects whose file mode lets others
        # read them as public: in the empty store there are none.
        *("--properties", str(home / "s3proxy-unsigned.properties")),
    )
    # A healthy server refuses an unsigned request.
    return Server("s3", java, settings.s3_endpoint, (403,))


def _s3_properties(settings: Settings, folder: Path, identity: str, credential: str) -> str:
    """Return a configuration of S3Proxy, in the encoding of Java's properties (ASCII)."""
    return (
        f"s3proxy.endpoint={settings.s3_endpoint}\n"
        "s3proxy.authorization=aws-v2-or-v4\n"
        f"s3proxy.identity={identity}\n"
        f"s3proxy.credential={credential}\n"
        "jclouds.provider=filesystem-nio2\n"
        # Java's escapes of properties are JSON's.
        f"jclouds.filesystem.basedir={json.dumps(str(folder))[1:-1]}\n"
    )


def mlflow_server(settings: Settings, port: int, host: str = LOOPBACK) -> Server:
    """Return MLflow's server, which reads the files that ``write_mlflow_files`` wrote."""
    address = urlsplit(settings.mlflow_uri or "").netloc.rpartition("@")[2]
    gunicorn = (
        *(_program("gunicorn"), "--bind", f"{host}:{port}"),
        *("--workers", "1", "--threads", "8", "--graceful-timeout", "3"),
        *("--worker-tmp-dir", str(settings.home), "--no-control-socket"),
        f"dustjacket.platform.mlflow_server:create({port}, {address!r})",
    )
    return Server("mlflow", gunicorn, f"{settings.mlflow_uri}/health")


def write_mlflow_files(folder: Path, credentials: Credentials, database: str | None = None) -> None:
    """Write the account of the platform's own tasks at MLflow, a private file.

    Args:
        database: SQLAlchemy URL; SQLite in ``folder`` when empty.
    """
    accounts = database or f"sqlite:///{folder / 'mlflow-auth.db'}"
    write_private(
        folder / AUTH_CONFIG,
        "[mlflow]\n"
        f"admin_username = {MLFLOW_USER}\n"
        f"admin_password = {credentials.mlflow_password}\n"
        f"database_uri = {accounts.replace('%', '%%')}\n"
        "default_permission = READ\n"
        "authorization_function = dustjacket.platform.mlflow_login:authenticate\n",
    )


def write_server_files(settings: Settings, credentials: Credentials, jars: list[Path]) -> None:
    """Write the configuration files of the servers and Spark; those with secrets are private."""
    home = settings.home
    (home / "logback.xml").write_text(S3PROXY_LOGBACK)
    stores = {
        "s3proxy": (home / "s3", credentials.s3_access_key, credentials.s3_secret_key),
        "s3proxy-unsigned": (home / "s3-unsigned", token_hex(), token_hex()),
    }
    for name, store in stores.items():
        store[0].mkdir(exist_ok=True)
        write_private(home / f"{name}.properties", _s3_properties(settings, *store))
    write_passwords(settings, {settings.airflow_user: credentials.airflow_password})
    write_spark_files(settings, jars)


def write_passwords(settings: Settings, passwords: dict[str, str]) -> None:
    """Write the passwords of the platform's own accounts at Airflow, by name: a private file."""
    write_private(settings.home / PASSWORDS, json.dumps(passwords))
