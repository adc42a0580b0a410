"""What the doctor finds of servers: it names the one at fault, and shows no password."""

import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from botocore.exceptions import EndpointConnectionError
from pydantic import SecretStr

from dustjacket.errors import DustjacketError
from dustjacket.platform import server_checks
from dustjacket.settings import Settings
from dustjacket.storage.probe import ProbeResult
from tests.support.bucket import refused

NOW = datetime(2026, 1, 2, tzinfo=UTC)
PASSWORD = "the-password"  # noqa: S105


def settings(**values):
    return Settings(_env_file=None, **values)


@pytest.mark.parametrize(
    ("behind", "state"),
    [
        (timedelta(), "ok"),
        (timedelta(seconds=-20), "ok"),
        (timedelta(minutes=2), "warning"),
        (timedelta(minutes=-2), "warning"),
    ],
)
def test_clocks_that_differ_are_a_warning(behind, state):
    found = server_checks.clocks(format_datetime(NOW - behind, usegmt=True), NOW)
    assert found.state == state
    assert f"{abs(behind).total_seconds():.0f} s" in found.found


def test_a_server_that_shows_no_time_is_a_warning():
    assert server_checks.clocks("", NOW).state == "warning"


class FakeClient:
    def __init__(self, error=None):
        self._error = error

    def head_bucket(self, **_):
        if self._error:
            raise self._error
        date = format_datetime(datetime.now(UTC), usegmt=True)
        return {"ResponseMetadata": {"HTTPHeaders": {"date": date}}}


def store_findings(monkeypatch, error=None, probed=None):
    def probe(_):
        if isinstance(probed, Exception):
            raise probed
        return probed

    monkeypatch.setattr(server_checks, "s3_client", lambda *_, **__: FakeClient(error))
    monkeypatch.setattr(server_checks, "probe_store", probe)
    return server_checks.object_store(settings(s3_endpoint="http://store:9000", bucket="books"))


@pytest.mark.parametrize(
    ("error", "cure"),
    [
        (refused(404), "dustjacket init"),
        (refused(403), "DUSTJACKET_S3_SECRET_KEY"),
        (EndpointConnectionError(endpoint_url="http://store:9000"), "DUSTJACKET_S3_ENDPOINT"),
        (DustjacketError("the clocks differ"), "set the wrong clock"),
    ],
)
def test_a_store_that_cannot_be_used_has_a_cure(monkeypatch, error, cure):
    (found,) = store_findings(monkeypatch, error)
    assert found.state == "failed"
    assert cure in found.cure


@pytest.mark.parametrize(
    ("probed", "state"),
    [
        (ProbeResult((1,), (1,)), "ok"),
        (ProbeResult((1,), (3,)), "warning"),
        (DustjacketError("the object store let 3 of 16 writers"), "failed"),
        (refused(501), "failed"),
    ],
)
def test_the_probe_decides_of_atomic_puts(monkeypatch, probed, state):
    found = {each.check: each.state for each in store_findings(monkeypatch, probed=probed)}
    assert found == {"object store": "ok", "clocks": "ok", "atomic puts": state}


def answer(monkeypatch, status=None):
    """Let every request be answered with a status, or fail."""

    def send(method):
        def call(url, **_):
            if status is None:
                raise httpx.ConnectError("refused")
            return httpx.Response(status, request=httpx.Request(method, url), json={})

        return call

    monkeypatch.setattr(httpx, "get", send("GET"))
    monkeypatch.setattr(httpx, "post", send("POST"))


SERVERS = {
    "mlflow": settings(
        mlflow_uri=f"http://user:{PASSWORD}@mlflow:5000", mlflow_password=SecretStr(PASSWORD)
    ),
    "airflow": settings(
        airflow_url="http://airflow:8080", airflow_password=SecretStr(PASSWORD)
    ),
    "studio": settings(studio_url="http://studio:8898", studio_token=SecretStr(PASSWORD)),
}  # fmt: skip


def findings_of(server):
    found = getattr(server_checks, server)(SERVERS[server])
    return found if isinstance(found, list) else [found]


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (None, "does not answer: refused"),
        (401, "refuses the login"),
        (403, "refuses the login"),
        (500, "answers with status 500"),
    ],
)
def test_a_server_that_fails_is_named_with_its_cure(monkeypatch, server, status, reason):
    answer(monkeypatch, status)
    (found,) = findings_of(server)
    assert found.state == "failed"
    assert reason in found.found
    assert found.cure
    assert PASSWORD not in f"{found}"


@pytest.mark.parametrize("server", SERVERS)
def test_a_server_that_answers_is_well(monkeypatch, server):
    answer(monkeypatch, 200)
    monkeypatch.setattr(server_checks, "airflow_health", lambda *_: {"scheduler": "healthy"})
    (found,) = findings_of(server)
    assert found.state == "ok"
    assert PASSWORD not in f"{found}"


def test_a_part_of_airflow_without_heartbeat_is_named(monkeypatch):
    answer(monkeypatch, 201)
    parts = {"scheduler": "healthy", "triggerer": "unhealthy"}
    monkeypatch.setattr(server_checks, "airflow_health", lambda *_: parts)
    _, found = findings_of("airflow")
    assert (found.state, found.found) == ("failed", "its triggerer sends no heartbeat")


def test_a_database_that_does_not_answer_shows_no_password():
    url = f"postgresql+psycopg2://airflow:{PASSWORD}@127.0.0.1:1/airflow"
    found = server_checks.database(settings(airflow_database=url))
    assert found.state == "failed"
    assert PASSWORD not in f"{found}"
    assert "Connection refused" in found.found


def test_a_database_that_answers_is_well(tmp_path):
    url = f"sqlite:///{tmp_path / 'airflow.db'}"
    assert server_checks.database(settings(airflow_database=url)).state == "ok"


@pytest.mark.parametrize("master", ["spark://master:7077", "k8s://https://master:7077"])
def test_the_master_must_listen(monkeypatch, master):
    listening = [("master", 7077)]

    def connect(address, timeout):
        if address not in listening:
            raise ConnectionRefusedError("refused")
        return socket.socket()

    monkeypatch.setattr("socket.create_connection", connect)
    assert server_checks.spark(settings(spark_master=master)).state == "ok"
    listening.clear()
    found = server_checks.spark(settings(spark_master=master))
    assert found.state == "failed"
    assert master in found.found


def test_spark_in_this_process_needs_no_master():
    assert server_checks.spark(settings()).state == "ok"
