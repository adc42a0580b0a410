"""One server of the platform in the foreground, for engines that run each in a container.

Addresses and secrets of all servers come from the environment; see docs/deployment.md.
"""

import os
import sys
from typing import NoReturn

from pydantic import SecretStr
from rich.console import Console

from dustjacket.errors import BadInputError
from dustjacket.platform.credentials import Credentials
from dustjacket.platform.environments import GRANTS, environments
from dustjacket.platform.jars import s3a_jars
from dustjacket.platform.java import use_java
from dustjacket.platform.lifecycle import migrate
from dustjacket.platform.ports import DEFAULT_PORTS
from dustjacket.platform.servers import (
    MLFLOW_USER,
    Server,
    airflow_servers,
    mlflow_server,
    write_mlflow_files,
    write_passwords,
)
from dustjacket.platform.spark_files import write_spark_files
from dustjacket.settings import Settings
from dustjacket.storage.host import private_folder
from dustjacket.storage.probe import probe_store
from dustjacket.storage.store import Store

EVERY_ADDRESS = "0.0.0.0"  # noqa: S104  # of the container, whose network decides who reaches it
_AIRFLOW = ("airflow_url", "airflow_database", "airflow_fernet_key")
_NEEDED = {
    "mlflow": ("mlflow_uri", "mlflow_database", "mlflow_password"),
    "airflow-api": (*_AIRFLOW, "airflow_jwt_secret", "airflow_password"),
    "airflow-scheduler": (*_AIRFLOW, "airflow_jwt_secret", "s3_endpoint", "mlflow_uri"),
    "airflow-dag-processor": _AIRFLOW,
    "airflow-triggerer": _AIRFLOW,
    "init": (*_AIRFLOW, "s3_endpoint"),
}
SERVERS = tuple(name for name in _NEEDED if name in GRANTS)


def serve(name: str, console: Console) -> NoReturn:
    """Become the server ``name``, one of ``SERVERS``.

    Raises:
        BadInputError: there is no such server, or a setting that it needs is missing.
    """
    if name not in SERVERS:
        raise BadInputError(f"{name!r} is no server: choose {', '.join(SERVERS)}")
    settings = _settings_for(name)
    folder = settings.home
    credentials, java = _credentials(settings), None
    if name == "mlflow":
        write_mlflow_files(folder, credentials, settings.mlflow_database)
        write_passwords(settings, {})
    elif name == "airflow-api":
        write_passwords(settings, {settings.airflow_user: credentials.airflow_password})
    elif name == "airflow-scheduler":
        java = use_java(console)
        write_spark_files(settings, sorted(s3a_jars(settings.jars_folder, console).glob("*.jar")))
    variables = environments(settings, credentials, DEFAULT_PORTS, java)[name]
    command = _server(name, settings).command
    sys.stdout.flush()
    os.execve(command[0], command, variables)  # noqa: S606


def prepare(console: Console) -> None:
    """Prepare the servers that all share: Airflow's database, the bucket, and a probe of the store.

    Raises:
        BadInputError: a setting is missing.
        DustjacketError: a server cannot be used.
    """
    settings = _settings_for("init")
    variables = environments(settings, _credentials(settings), DEFAULT_PORTS, None)
    console.print("preparing Airflow's database")
    migrate(settings.home, variables["airflow-dag-processor"])
    console.print(f"probing the object store {settings.s3_endpoint}")
    Store(settings).ensure_bucket()
    if warning := probe_store(settings).warning:
        console.print(f"warning: {warning}")


def _settings_for(name: str) -> Settings:
    """Return the settings of the environment alone, after a check that none is missing."""
    settings = Settings(_env_file=None)
    if missing := [each for each in _NEEDED[name] if not getattr(settings, each)]:
        variables = [f"DUSTJACKET_{each.upper()}" for each in missing]
        raise BadInputError(
            f"{name} needs {', '.join(variables)}: set them, or each with _FILE as the name of a "
            "file that holds it"
        )
    folder = private_folder(settings.home)
    for needed in ("logs", "tmp", "airflow"):
        (folder / needed).mkdir(mode=0o700, exist_ok=True)
    return settings.model_copy(update={"mlflow_username": settings.mlflow_username or MLFLOW_USER})


def _credentials(settings: Settings) -> Credentials:
    """Return the credentials that the settings hold; those of other servers are of no use."""
    held = {
        "airflow_password": settings.airflow_password,
        "jwt_secret": settings.airflow_jwt_secret,
        "fernet_key": settings.airflow_fernet_key,
        "mlflow_password": settings.mlflow_password,
    }
    known = {name: secret for name, secret in held.items() if isinstance(secret, SecretStr)}
    return Credentials(**{name: secret.get_secret_value() for name, secret in known.items()})


def _server(name: str, settings: Settings) -> Server:
    if name == "mlflow":
        return mlflow_server(settings, DEFAULT_PORTS["mlflow"], EVERY_ADDRESS)
    servers = airflow_servers(settings, DEFAULT_PORTS, EVERY_ADDRESS)
    return next(server for server in servers if server.name == name)
