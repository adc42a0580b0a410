"""Checks of ``dustjacket doctor`` on servers: they answer, accept the login, and keep promises."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import urlsplit

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from dustjacket.errors import DustjacketError
from dustjacket.platform.status import airflow_health
from dustjacket.settings import PREFIX, Settings
from dustjacket.storage.probe import ROUNDS, WRITERS, probe_store
from dustjacket.storage.s3 import s3_client, status_of

State = Literal["ok", "warning", "failed"]
_CLOSE_CLOCKS = timedelta(seconds=30)
_TIMEOUT_S = 10.0
_START = "start it with `dustjacket up`, or with the service that runs it"


@dataclass(frozen=True)
class Finding:
    """What a check found; ``cure`` is empty where there is nothing to do."""

    check: str
    state: State
    found: str
    cure: str = ""


def object_store(settings: Settings) -> list[Finding]:
    """Check address, login, bucket, clocks and atomic puts of the object store."""
    name = f"object store {settings.s3_endpoint}"
    if not settings.s3_endpoint:
        return [Finding("object store", "failed", "none is configured", _cure_of("S3_ENDPOINT"))]
    try:
        reply = s3_client(settings, attempts=1).head_bucket(Bucket=settings.bucket)
    except DustjacketError as error:  # the clocks differ
        return [Finding("clocks", "failed", str(error), "set the wrong clock")]
    except ClientError as error:
        return [_refused_bucket(name, settings.bucket, status_of(error))]
    except BotoCoreError as error:
        cure = "run `dustjacket up`, or correct DUSTJACKET_S3_ENDPOINT and the keys"
        return [Finding("object store", "failed", f"{name}: {error}", cure)]
    headers = reply["ResponseMetadata"]["HTTPHeaders"]
    return [
        Finding("object store", "ok", f"{name}, bucket {settings.bucket}"),
        clocks(headers.get("date", ""), datetime.now(UTC)),
        atomic_puts(settings),
    ]


def _refused_bucket(name: str, bucket: str, status: int) -> Finding:
    if status == 404:
        found, cure = f"has no bucket {bucket}", "run `dustjacket init`, or set DUSTJACKET_BUCKET"
    else:
        found = f"refuses the login for bucket {bucket} (status {status})"
        cure = "correct DUSTJACKET_S3_ACCESS_KEY and DUSTJACKET_S3_SECRET_KEY, or their rights"
    return Finding("object store", "failed", f"{name} {found}", cure)


def clocks(date: str, now: datetime) -> Finding:
    """Compare this machine's clock with the ``Date`` of a server's answer.

    Two clocks that differ by a quarter of an hour make every signature void; by less, versions and
    decisions bear wrong times.
    """
    try:
        seconds = (now - parsedate_to_datetime(date).astimezone(UTC)).total_seconds()
    except ValueError:
        return Finding("clocks", "warning", "the object store shows no time", "compare them")
    found = f"{abs(seconds):.0f} s between this machine's clock and the object store's"
    if abs(seconds) <= _CLOSE_CLOCKS.total_seconds():
        return Finding("clocks", "ok", found)
    return Finding("clocks", "warning", found, "set both by NTP")


def atomic_puts(settings: Settings) -> Finding:
    """Probe the store with many writers of one key."""
    try:
        result = probe_store(settings)
    except (DustjacketError, ClientError, BotoCoreError) as error:
        cure = "use another store, or another release of it"
        return Finding("atomic puts", "failed", str(error), cure)
    if result.warning:
        return Finding(
            "atomic puts", "warning", result.warning, "nothing needs it: a newer release"
        )
    return Finding("atomic puts", "ok", f"one of {WRITERS} writers won, in {2 * ROUNDS} rounds")


def mlflow(settings: Settings) -> Finding:
    """Check address and login of MLflow."""
    if not settings.mlflow_uri:
        return Finding("MLflow", "failed", "none is configured", _cure_of("MLFLOW_URI"))
    if not settings.mlflow_uri.startswith("http"):
        return Finding("MLflow", "ok", "a database of this machine")
    password = settings.mlflow_password
    login = (settings.mlflow_username or "", password.get_secret_value()) if password else None
    address = f"{settings.mlflow_uri}/api/2.0/mlflow/experiments/search"
    return _answer(
        "MLflow", settings.mlflow_uri, "MLFLOW_USERNAME and DUSTJACKET_MLFLOW_PASSWORD",
        lambda: httpx.post(
            address, json={"max_results": 1}, auth=login, timeout=_TIMEOUT_S, trust_env=False
        ),
    )  # fmt: skip


def airflow(settings: Settings) -> list[Finding]:
    """Check the parts of Airflow, and the login of the platform's own account."""
    if not settings.airflow_url:
        return [Finding("Airflow", "failed", "none is configured", _cure_of("AIRFLOW_URL"))]
    password = settings.airflow_password.get_secret_value() if settings.airflow_password else ""
    login = {"username": settings.airflow_user, "password": password}
    address = f"{settings.airflow_url}/auth/token"
    reached = _answer(
        "Airflow", settings.airflow_url, "AIRFLOW_USER and DUSTJACKET_AIRFLOW_PASSWORD",
        lambda: httpx.post(address, json=login, timeout=_TIMEOUT_S, trust_env=False),
    )  # fmt: skip
    if reached.state != "ok":
        return [reached]
    parts = airflow_health(settings, _TIMEOUT_S)
    ill = [part for part, health in parts.items() if health != "healthy"]
    cure = f"look at its log; {_START}"
    return [
        reached,
        *(Finding("Airflow", "failed", f"its {part} sends no heartbeat", cure) for part in ill),
    ]


def studio(settings: Settings) -> Finding:
    """Check address and token of the Studio."""
    if not settings.studio_url:
        return Finding("Studio", "failed", "none is configured", _cure_of("STUDIO_URL"))
    token = settings.studio_token or settings.studio_proxy_token
    headers = {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}
    address = f"{settings.studio_url}/metrics"
    return _answer(
        "Studio", settings.studio_url, "STUDIO_TOKEN",
        lambda: httpx.get(address, headers=headers, timeout=_TIMEOUT_S, trust_env=False),
    )  # fmt: skip


def _answer(name: str, url: str, login: str, ask: Callable[[], httpx.Response]) -> Finding:
    shown = urlsplit(url)._replace(netloc=urlsplit(url).netloc.rpartition("@")[2]).geturl()
    try:
        reply = ask()
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        return Finding(name, "failed", f"{shown} does not answer: {reason}", _START)
    if reply.status_code in (401, 403):
        return Finding(name, "failed", f"{shown} refuses the login", f"correct DUSTJACKET_{login}")
    if not reply.is_success:
        found = f"{shown} answers with status {reply.status_code}"
        return Finding(name, "failed", found, f"look at its log; {_START}")
    return Finding(name, "ok", f"{shown}, login accepted")


def _cure_of(setting: str) -> str:
    return f"run `dustjacket up`, or set {PREFIX}{setting}"


def database(settings: Settings) -> Finding:
    """Connect to Airflow's database, if it is one of the team's own."""
    if not settings.airflow_database:
        return Finding("Airflow's database", "ok", "SQLite, in the platform's folder")
    from sqlalchemy import create_engine
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    try:
        url = make_url(settings.airflow_database)
        with create_engine(url).connect():
            return Finding("Airflow's database", "ok", url.render_as_string(hide_password=True))
    except (SQLAlchemyError, ImportError) as error:
        # The first line has the reason; the URL, with its password, is in none.
        reason = str(error).splitlines()[0]
        cure = "start the server, or correct DUSTJACKET_AIRFLOW_DATABASE"
        return Finding("Airflow's database", "failed", reason, cure)


def spark(settings: Settings) -> Finding:
    """Open a connection to Spark's master."""
    address = urlsplit(settings.spark_master.removeprefix("k8s://"))
    if not address.hostname or not address.port:
        return Finding("Spark", "ok", f"master {settings.spark_master}")
    try:
        socket.create_connection((address.hostname, address.port), timeout=_TIMEOUT_S).close()
    except OSError as error:
        cure = "start the master, or correct DUSTJACKET_SPARK_MASTER"
        return Finding("Spark", "failed", f"{settings.spark_master}: {error}", cure)
    return Finding("Spark", "ok", f"master {settings.spark_master} listens")


CHECKS: tuple[Callable[[Settings], Finding | list[Finding]], ...] = (
    object_store, mlflow, airflow, studio, database, spark,
)  # fmt: skip
