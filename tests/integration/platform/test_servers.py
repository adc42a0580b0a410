"""The embedded servers: on loopback only, with credentials that nothing shows."""

import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx
import psutil
import pytest

from dustjacket.platform import status, supervision, up
from dustjacket.platform.credentials import load_credentials
from dustjacket.platform.doctor import examine
from dustjacket.platform.environments import GRANTS, PLATFORM_MARK
from dustjacket.platform.process_guard import processes_with
from dustjacket.platform.servers import load_servers
from tests.conftest import ROOT

pytestmark = pytest.mark.integration
WORKING = ROOT / "tests/support/working_job.py"


def test_the_doctor_finds_a_running_platform_well(platform):
    findings = {each.check: each for each in examine()}
    assert {each for each in findings.values() if each.state == "failed"} == set()
    servers = {"object store", "clocks", "atomic puts", "MLflow", "Airflow", "Studio"}
    assert {findings[name].state for name in servers} == {"ok"}


def processes_of(platform):
    return processes_with(PLATFORM_MARK, str(platform.home))


def listening(processes):
    """Return the addresses on which any of ``processes`` listens."""
    found = set()
    for process in processes:
        try:
            for connection in process.net_connections(kind="inet"):
                if connection.status == psutil.CONN_LISTEN:
                    found.add(connection.laddr.ip)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def on_loopback(addresses):
    return addresses <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


def test_every_server_is_healthy(platform):
    found = {server.name: server.healthy for server in status(platform)}
    assert found == dict.fromkeys(
        [
            "s3",
            "mlflow",
            "airflow-api",
            "airflow-scheduler",
            "airflow-dag-processor",
            "airflow-triggerer",
            "studio",
            "notifier",
        ],
        True,
    )


def test_a_run_can_be_triggered_while_another_process_writes_the_database(platform, airflow):
    database = platform.home / "airflow" / "airflow.db"
    with closing(sqlite3.connect(database, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(1) as pool:
            run = pool.submit(airflow.trigger, "evaluate_clip")
            time.sleep(8)
            assert not run.done()
            writer.execute("ROLLBACK")
            assert run.result(timeout=60).dag_id == "evaluate_clip"


def test_every_server_is_watched(platform):
    infos = supervision.control(platform.home).getAllProcessInfo()
    states = {info["name"]: info["statename"] for info in infos}
    assert states.pop("health") == "RUNNING"
    assert set(states) == {server.name for server in status(platform)}
    for server in load_servers(platform.home):
        known = server.health_url or server.part or server.heartbeat
        assert known, f"nothing tells whether {server.name} works"


def test_every_server_listens_on_loopback_only(platform):
    addresses = listening(processes_of(platform))
    assert addresses
    assert on_loopback(addresses)


def test_spark_and_torch_work_through_s3_and_listen_on_loopback_only(platform):
    job = subprocess.Popen(
        [sys.executable, WORKING],
        env={**os.environ, PLATFORM_MARK: "working", "PYSPARK_PYTHON": sys.executable},
        stdout=subprocess.PIPE,
        text=True,
    )
    seen, kinds = set(), set()
    while job.poll() is None:
        processes = [psutil.Process(job.pid), *processes_with(PLATFORM_MARK, "working")]
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):  # it may end meanwhile
                kinds.add(process.name())
        seen |= listening(processes)
        time.sleep(0.2)
    output = job.stdout.read()
    assert job.returncode == 0, output
    assert "rows 1000" in output
    assert "met" in output
    assert "java" in kinds
    assert seen
    assert on_loopback(seen), seen


def test_credentials_are_in_files_that_only_their_owner_reads(platform):
    secrets = load_credentials(platform.home / "credentials.json").model_dump().values()
    assert all(len(secret) >= 20 for secret in secrets)
    holding = [
        file
        for file in platform.home.rglob("*")
        if file.is_file() and file.suffix not in (".db", ".jar") and holds(file, secrets)
    ]
    assert holding
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in holding}
    assert set(modes.values()) == {0o600}, modes
    assert not [file for file in holding if file.is_relative_to(platform.home / "logs")]
    assert not [file for file in holding if file.is_relative_to(platform.home / "airflow/logs")]


def holds(file, secrets):
    text = file.read_bytes()
    return any(secret.encode() in text for secret in secrets)


def test_no_secret_is_on_a_command_line(platform):
    secrets = load_credentials(platform.home / "credentials.json").model_dump().values()
    lines = [" ".join(process.cmdline()) for process in processes_of(platform)]
    assert lines
    assert not [line for line in lines for secret in secrets if secret in line]


def test_a_running_server_holds_the_credentials_of_its_list_alone(platform):
    """The unit test of the environments has the list; this one sees that nothing else comes in."""
    credentials = load_credentials(platform.home / "credentials.json").model_dump()
    held: dict[str, set[str]] = {}
    for process in processes_of(platform):
        with contextlib.suppress(psutil.Error):
            variables = process.environ()
            server = variables.get("DUSTJACKET_SERVER", "supervisor").split(":")[-1]
            found = {name for name, value in credentials.items() if value in variables.values()}
            held.setdefault(server, set()).update(found)
    assert held.keys() == GRANTS.keys()
    assert held["s3"] == held["mlflow"] == held["supervisor"] == set()
    assert held["airflow-dag-processor"] == held["airflow-triggerer"] == {"fernet_key"}
    assert not {name for found in held.values() for name in found} & {"airflow_password"}


def test_airflow_asks_for_a_login(platform):
    address = f"{platform.airflow_url}/api/v2/dags"
    assert httpx.get(address, timeout=30).status_code == 401
    wrong = {"username": platform.airflow_user, "password": "admin"}
    assert (
        httpx.post(f"{platform.airflow_url}/auth/token", json=wrong, timeout=30).status_code == 401
    )


def test_a_second_start_finds_all_running(platform):
    before = {server.name: server.pid for server in status(platform)}
    began = time.monotonic()
    assert up() == platform
    assert time.monotonic() - began < 10
    assert {server.name: server.pid for server in status(platform)} == before
