"""The environment of each server: what every process needs, and what the table grants beside it."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dustjacket.platform.credentials import Credentials, write_private
from dustjacket.platform.mlflow_server import PASSWORDS
from dustjacket.platform.ports import LOOPBACK
from dustjacket.settings import Settings, project_folder
from dustjacket.storage.host import host_environment

PLATFORM_MARK = "DUSTJACKET_PLATFORM"
SPARK_CONNECTION = "AIRFLOW_CONN_SPARK_DEFAULT"
SUPERVISOR = "supervisor"

FERNET = "AIRFLOW__CORE__FERNET_KEY"
JWT = "AIRFLOW__API_AUTH__JWT_SECRET"
DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
AIRFLOW_SECRETS = (FERNET, JWT, DATABASE)

_BASE = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TZ", "LANG", "LC_", "TMPDIR", "XDG_", "LD_",
    "PYTHON", "VIRTUAL_ENV", "COVERAGE_", "JAVA_", "SSL_CERT_", "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "OMP_", "MALLOC_",
)  # fmt: skip
_AIRFLOW = ("AIRFLOW__", "STATSD_", "OTEL_")
_TASKS = (
    *_AIRFLOW, "AIRFLOW_CONN_", "AIRFLOW_VAR_", "SPARK_", "PYSPARK_", "HADOOP_", "YARN_", "KRB5",
    "KUBECONFIG", "KUBERNETES_", "MLFLOW_", "HF_", "TRANSFORMERS_", "TORCH", "CUDA_", "NVIDIA_",
    "NCCL_", "GLOO_", "MKL_", "OPENBLAS_",
)  # fmt: skip
_MODELS = ("HF_", "TRANSFORMERS_", "TORCH", "CUDA_", "NVIDIA_", "MKL_", "OPENBLAS_")


@dataclass(frozen=True)
class Grant:
    """What a server gets beside what every process needs.

    Attributes:
        settings: owners whose secrets it gets, as in ``Settings.with_secrets_of``.
        secrets: variables of Airflow that are secrets.
        airflow: it gets Airflow's other variables.
        tasks: its child processes are tasks, which find Spark, and what ``task_variables`` names.
        inherited: beginnings of the names of the caller's variables that it keeps.
    """

    settings: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    airflow: bool = False
    tasks: bool = False
    inherited: tuple[str, ...] = ()


GRANTS = {
    SUPERVISOR: Grant(),
    "s3": Grant(),
    "mlflow": Grant(("mlflow_database",)),
    "airflow-api": Grant(("studio",), AIRFLOW_SECRETS, airflow=True, inherited=_AIRFLOW),
    # Its tasks inherit its environment; the jobs that they start do not get Airflow's secrets.
    "airflow-scheduler": Grant(
        ("s3", "mlflow"), AIRFLOW_SECRETS, airflow=True, tasks=True, inherited=_TASKS
    ),
    "airflow-dag-processor": Grant((), (FERNET, DATABASE), airflow=True, inherited=_AIRFLOW),
    "airflow-triggerer": Grant(
        (), (FERNET, DATABASE), airflow=True, inherited=(*_AIRFLOW, "AIRFLOW_CONN_")
    ),
    "studio": Grant(("s3", "studio", "mlflow"), inherited=_MODELS),  # it links to runs
    "notifier": Grant(("notify",)),
}
"""All that a server's environment holds of secrets. S3's server and MLflow read private files."""


def environments(
    settings: Settings, credentials: Credentials, ports: dict[str, int], java: Path | None
) -> dict[str, dict[str, str]]:
    """Return the environment variables of the supervisor and of each server, by its name.

    Airflow's connection to Spark is kept if the environment already defines it.
    """
    airflow = _airflow(settings, credentials, ports)
    secrets = {name: airflow.pop(name) for name in AIRFLOW_SECRETS}
    found = {}
    for server, grant in GRANTS.items():
        granted = settings.with_secrets_of(*grant.settings)
        variables = inherited(os.environ, grant, settings)
        variables |= granted.environment() | host_environment(os.environ)
        variables |= _every_process(settings, java)
        if grant.airflow:
            variables |= airflow
        if grant.tasks:
            variables |= _tasks(settings)
        if "s3" in grant.settings and settings.s3_access_key and settings.s3_secret_key:
            variables["AWS_ACCESS_KEY_ID"] = settings.s3_access_key.get_secret_value()
            variables["AWS_SECRET_ACCESS_KEY"] = settings.s3_secret_key.get_secret_value()
            variables["AWS_DEFAULT_REGION"] = settings.s3_region
        found[server] = variables | {name: secrets[name] for name in grant.secrets}
    return found


def inherited(caller: Mapping[str, str], grant: Grant, settings: Settings) -> dict[str, str]:
    """Return the caller's variables that a server keeps.

    Variables of the platform that are no settings, such as ``DUSTJACKET_JOBS``, are kept by all.
    """
    prefixes: tuple[str, ...] = (*_BASE, *grant.inherited)
    if "s3" in grant.settings and not settings.s3_access_key:
        prefixes = (*prefixes, "AWS_")
    exact = settings.task_variables.replace(",", " ").split() if grant.tasks else []
    ours = {f"DUSTJACKET_{name.upper()}" for name in type(settings).model_fields}
    ours |= {f"{name}_FILE" for name in ours}
    kept = {}
    for name, value in caller.items():
        own = name.startswith("DUSTJACKET_") and name not in ours
        if own or name in exact or name.upper().startswith(prefixes):
            kept[name] = value
    return {name: value for name, value in kept.items() if name not in AIRFLOW_SECRETS}


def write_environments(folder: Path, variables: Mapping[str, Mapping[str, str]]) -> None:
    """Write the environment of each server to a private file, from which the server starts."""
    for server, values in variables.items():
        write_private(environment_file(folder, server), json.dumps(values))


def environment_file(folder: Path, server: str) -> Path:
    """Return the file that holds the environment of a server."""
    return folder / f"environment-{server}.json"


def _every_process(settings: Settings, java: Path | None) -> dict[str, str]:
    home = settings.home
    variables = {
        PLATFORM_MARK: str(home),
        # Otherwise a process that sets its title overwrites its environment, and with it the mark.
        "SPT_NOENV": "1",
        # Not in a folder that other accounts can write to, or that is memory.
        "TMPDIR": str(home / "tmp"),
        "TORCHINDUCTOR_CACHE_DIR": str(home / "cache" / "torchinductor"),
    }
    return variables | ({"JAVA_HOME": str(java)} if java else {})


def _tasks(settings: Settings) -> dict[str, str]:
    variables = {
        SPARK_CONNECTION: os.environ.get(SPARK_CONNECTION)
        or json.dumps({"conn_type": "spark", "host": settings.spark_master}),
        "SPARK_CONF_DIR": str(settings.home / "spark-conf"),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",  # a log is no terminal
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # the address of its view of GenAI
    }
    if settings.spark_master.startswith("local"):
        variables["SPARK_LOCAL_IP"] = LOOPBACK
    return variables


def _airflow(settings: Settings, credentials: Credentials, ports: dict[str, int]) -> dict[str, str]:
    home = settings.home
    airflow = {
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "4",
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__DAGS_FOLDER": str(project_folder("dags")),
        "CORE__PLUGINS_FOLDER": str(project_folder("plugins")),
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "CORE__EXECUTION_API_SERVER_URL": f"{settings.airflow_url}/execution/",
        "CORE__FERNET_KEY": credentials.fernet_key,
        "CORE__AUTH_MANAGER": "dustjacket.platform.airflow_login.AccountsAuthManager",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{settings.airflow_user}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / PASSWORDS),
        "API__INSTANCE_NAME": "Dustjacket",
        "API__DEFAULT_WRAP": "True",  # long lines of a log are not cut off
        "API__BASE_URL": settings.airflow_public_url or settings.airflow_url or "",
        "API_AUTH__JWT_SECRET": credentials.jwt_secret,
        # airflow.cfg holds the paths of the first start: the folder may have been moved since.
        "LOGGING__BASE_LOG_FOLDER": str(home / "airflow" / "logs"),
        "LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(
            home / "airflow" / "logs" / "dag_processor"
        ),
        "LOGGING__FILE_TASK_HANDLER_NEW_FILE_PERMISSIONS": "0o600",  # whatever the umask
        "LOGGING__FILE_TASK_HANDLER_NEW_FOLDER_PERMISSIONS": "0o700",
        # SQLite allows one writer at a time; the others fail after this many seconds (default 5).
        "DATABASE__SQL_ALCHEMY_CONN": settings.airflow_database
        or f"sqlite:///{home / 'airflow' / 'airflow.db'}?timeout=60",
        "DAG_PROCESSOR__REFRESH_INTERVAL": "15",
        # A changed file is parsed at once all the same. With the default of 30 seconds, parsing
        # takes a quarter of a core for ever.
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
        # With the default, a chain of short tasks mostly waits for the scheduler's next loop.
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
        # The ledger names the run that decided; no run may have the name of a person.
        "SCHEDULER__ALLOWED_RUN_ID_PATTERN": "^[a-z_]+__[A-Za-z0-9_.~:+-]+$",
        "SCHEDULER__ENABLE_HEALTH_CHECK": "True",
        "SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_HOST": LOOPBACK,
        "SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": str(ports["scheduler_health"]),
        # Seconds until a task whose supervisor died is failed and retried.
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
        # A task that skips itself ends in Airflow's eyes up to this many seconds later (default 5).
        "WORKERS__MIN_HEARTBEAT_INTERVAL": "2",
        # Seconds until the tasks of a killed scheduler are adopted (default 5 minutes).
        "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "20",
        "USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    return {
        "AIRFLOW_HOME": str(home / "airflow"),
        **{f"AIRFLOW__{name}": value for name, value in airflow.items()},
    }
