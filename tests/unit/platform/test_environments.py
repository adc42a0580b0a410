"""What each server's environment holds, without starting any."""

import json
import os
from pathlib import Path

import pytest
from airflow.configuration import AirflowConfigParser
from pydantic import SecretStr

from dustjacket.platform.credentials import Credentials
from dustjacket.platform.environments import GRANTS, environments, write_environments
from dustjacket.platform.ports import DEFAULT_PORTS
from dustjacket.platform.servers import embedded_servers
from dustjacket.settings import Settings

CREDENTIALS = Credentials()
OWN = {name: SecretStr(value) for name, value in CREDENTIALS if name in Settings.model_fields}
AIRFLOW = {"fernet_key", "jwt_secret"}
S3 = {"s3_access_key", "s3_secret_key"}
STUDIO = {"studio_token", "studio_proxy_token"}
HELD = {  # every credential that a server's environment may hold
    "supervisor": set(),
    "s3": set(),
    "mlflow": set(),
    "airflow-api": AIRFLOW | STUDIO,
    "airflow-scheduler": AIRFLOW | S3 | {"mlflow_password"},
    "airflow-dag-processor": {"fernet_key"},
    "airflow-triggerer": {"fernet_key"},
    "studio": S3 | STUDIO | {"mlflow_password"},
    "notifier": set(),
}


@pytest.fixture
def settings(tmp_path):
    return Settings(
        _env_file=None,
        home=tmp_path,
        s3_endpoint="http://127.0.0.1:9",
        airflow_database="postgresql://airflow:a-password@host/airflow",
        mlflow_uri="http://user:a-password@host",
        notify=SecretStr("mailtos://ann:mail-password@host"),
        **OWN,
    )


def of_all(settings):
    return environments(settings, CREDENTIALS, DEFAULT_PORTS, Path("/java"))


def test_every_server_has_an_environment(settings):
    outside = Settings(_env_file=None, notify=SecretStr("json://host"))
    servers = embedded_servers(settings, outside, DEFAULT_PORTS, Path("/jars"))
    assert {server.name for server in servers} | {"supervisor"} == set(HELD) == set(GRANTS)


@pytest.mark.parametrize("server", HELD)
def test_a_server_gets_the_credentials_of_its_list_and_no_others(settings, server):
    text = json.dumps(of_all(settings)[server])
    assert {name for name, value in CREDENTIALS if value in text} == HELD[server]
    assert ("airflow:a-password" in text) == server.startswith("airflow")
    assert ("mail-password" in text) == (server == "notifier")
    assert ("user:a-password" in text) == (server in ("airflow-scheduler", "studio"))


@pytest.mark.parametrize("server", HELD)
def test_the_caller_s_other_variables_reach_no_server(settings, server, monkeypatch):
    for name in (
        "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AZURE_CLIENT_SECRET",
        "DUSTJACKET_AIRFLOW_PASSWORD", "PGPASSWORD", "SSH_AUTH_SOCK",
    ):  # fmt: skip
        monkeypatch.setenv(name, "a secret of the caller")
    held = of_all(settings)[server]
    assert "a secret of the caller" not in held.values()


def test_the_caller_s_cloud_key_reaches_only_what_uses_it(settings, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret of the caller")
    without_key = settings.model_copy(update={"s3_access_key": None, "s3_secret_key": None})
    holding = {
        server
        for server, variables in of_all(without_key).items()
        if "a secret of the caller" in variables.values()
    }
    assert holding == {"airflow-scheduler", "studio"}


def test_what_processes_need_and_what_the_owner_sets_is_kept(settings, monkeypatch):
    kept = {
        "PYTHONPATH": "p", "https_proxy": "http://proxy", "COVERAGE_PROCESS_START": "c",
        "DUSTJACKET_JOBS": "j",
    }  # fmt: skip
    for name, value in {**kept, "AIRFLOW__CORE__X": "x", "KUBECONFIG": "k", "MINE": "m"}.items():
        monkeypatch.setenv(name, value)
    settings = settings.model_copy(update={"task_variables": "MINE, OTHER"})
    for server, variables in of_all(settings).items():
        assert kept.items() <= variables.items()
        assert variables["PATH"] == os.environ["PATH"]
        assert ("AIRFLOW__CORE__X" in variables) == server.startswith("airflow")
        assert ("KUBECONFIG" in variables) == (server == "airflow-scheduler")
        assert ("MINE" in variables) == (server == "airflow-scheduler")


def test_the_files_that_servers_start_from_are_private(settings):
    write_environments(settings.home, of_all(settings))
    files = list(settings.home.glob("environment-*.json"))
    assert len(files) == len(HELD)
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


@pytest.fixture
def variables(settings):
    return of_all(settings)["airflow-scheduler"]


def test_no_path_of_airflow_comes_from_a_file_that_a_moved_home_brings_along(variables, settings):
    """Airflow writes its defaults to airflow.cfg once, with the paths of that time."""
    parser = AirflowConfigParser()
    paths = {
        f"AIRFLOW__{section}__{option}".upper()
        for section, described in parser.configuration_description.items()
        for option, value in described["options"].items()
        if "{AIRFLOW_HOME}" in str(value["default"])
    }
    assert len(paths) >= 5
    assert paths <= set(variables)
    logs = [variables[name] for name in paths if "__LOGGING__" in name]
    assert logs
    assert all(Path(path).is_relative_to(settings.home / "airflow") for path in logs)


def test_servers_have_a_locale_and_no_proxy_for_loopback(variables):
    assert variables["LC_ALL"] == "C.UTF-8"
    assert "127.0.0.1" in variables["NO_PROXY"].split(",")
    assert variables["no_proxy"] == variables["NO_PROXY"]


def test_temporary_files_and_caches_are_below_the_home(settings):
    for variables in of_all(settings).values():
        for name in ("TMPDIR", "TORCHINDUCTOR_CACHE_DIR"):
            assert Path(variables[name]).is_relative_to(settings.home)


def test_logs_of_tasks_are_private_although_airflow_sets_their_mode(variables):
    described = AirflowConfigParser().configuration_description["logging"]["options"]
    modes = [name for name in described if name.endswith("_permissions")]
    assert modes
    for name in modes:
        assert int(variables[f"AIRFLOW__LOGGING__{name.upper()}"], 8) & 0o077 == 0
