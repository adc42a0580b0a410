"""A container becomes its server, with the secrets of that server alone."""

import json
import os
import stat

import pytest
from rich.console import Console

from dustjacket.errors import BadInputError
from dustjacket.platform import serve
from dustjacket.platform.environments import AIRFLOW_SECRETS
from dustjacket.settings import PREFIX, Settings

SECRETS = {
    "airflow_database": "postgresql+psycopg2://dustjacket:password-1@postgres/airflow",
    "mlflow_database": "postgresql+psycopg2://dustjacket:password-2@postgres/mlflow",
    "airflow_fernet_key": "password-3",
    "airflow_jwt_secret": "password-4",
    "airflow_password": "password-5",
    "mlflow_password": "password-6",
    "s3_access_key": "password-7",
    "s3_secret_key": "password-8",
    "studio_token": "password-9",
    "studio_proxy_token": "password-10",
}
ADDRESSES = {
    "airflow_url": "http://airflow-api:8080",
    "airflow_public_url": "https://books.example",
    "mlflow_uri": "http://mlflow:5000",
    "s3_endpoint": "http://s3:8333",
    "studio_url": "http://studio:8898",
}
HELD = {
    "mlflow": {"mlflow_database"},
    "airflow-api": {"airflow_database", "airflow_fernet_key", "airflow_jwt_secret", "studio_token",
                    "studio_proxy_token"},
    "airflow-scheduler": {"airflow_database", "airflow_fernet_key", "airflow_jwt_secret",
                          "mlflow_password", "mlflow_database", "s3_access_key", "s3_secret_key"},
    "airflow-dag-processor": {"airflow_database", "airflow_fernet_key"},
    "airflow-triggerer": {"airflow_database", "airflow_fernet_key"},
}  # fmt: skip


class Became(BaseException):
    pass


@pytest.fixture
def container(tmp_path, monkeypatch):
    """The environment of a container: every secret in a file."""
    monkeypatch.setenv("DUSTJACKET_HOME", str(tmp_path / "state"))
    for name, value in ADDRESSES.items():
        monkeypatch.setenv(f"DUSTJACKET_{name.upper()}", value)
    for name, value in SECRETS.items():
        (tmp_path / name).write_text(f"{value}\n")
        monkeypatch.setenv(f"DUSTJACKET_{name.upper()}_FILE", str(tmp_path / name))
    monkeypatch.setattr(serve, "use_java", lambda _: tmp_path)
    monkeypatch.setattr(serve, "s3a_jars", lambda *_: tmp_path)

    def become(path, command, variables):
        assert path == command[0]
        raise Became(command, variables)

    monkeypatch.setattr(os, "execve", become)
    return tmp_path / "state"


def become(name):
    with pytest.raises(Became) as became:
        serve.serve(name, Console(quiet=True))
    return became.value.args


@pytest.mark.parametrize("name", serve.SERVERS)
def test_a_server_gets_its_own_secrets_and_no_way_to_others(container, name):
    _, variables = become(name)
    text = json.dumps(variables)
    held = {secret for secret, value in SECRETS.items() if f'{value}"' in text}
    assert held == HELD[name]
    files = [each for each in variables if each.startswith(PREFIX) and each.endswith("_FILE")]
    assert files == []


def test_the_servers_listen_for_other_containers(container):
    api, variables = become("airflow-api")
    assert api[1:6] == ("api-server", "--host", serve.EVERY_ADDRESS, "--port", "8080")
    assert variables["AIRFLOW__API__BASE_URL"] == "https://books.example"
    execution = variables["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]
    assert execution == "http://airflow-api:8080/execution/"
    assert {variables[name] for name in AIRFLOW_SECRETS} == {
        SECRETS["airflow_fernet_key"], SECRETS["airflow_jwt_secret"], SECRETS["airflow_database"]
    }  # fmt: skip
    mlflow, _ = become("mlflow")
    assert f"{serve.EVERY_ADDRESS}:5000" in mlflow
    assert mlflow[-1].endswith("create(5000, 'mlflow:5000')")


def test_what_holds_a_password_is_private(container):
    become("mlflow")
    become("airflow-api")
    for file in (container / "mlflow-auth.ini", container / "airflow-passwords.json"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert SECRETS["mlflow_database"] in (container / "mlflow-auth.ini").read_text()
    passwords = json.loads((container / "airflow-passwords.json").read_text())
    assert passwords == {"admin": SECRETS["airflow_password"]}


def test_jobs_find_the_libraries_of_s3(container, tmp_path):
    (tmp_path / "one.jar").touch()
    become("airflow-scheduler")
    defaults = (container / "spark-conf" / "spark-defaults.conf").read_text()
    assert f"spark.jars {tmp_path / 'one.jar'}\n" in defaults


@pytest.mark.parametrize("name", serve.SERVERS)
def test_what_is_missing_is_named_with_its_cure(tmp_path, monkeypatch, name):
    monkeypatch.setenv("DUSTJACKET_HOME", str(tmp_path))
    with pytest.raises(BadInputError, match=f"{name} needs DUSTJACKET_.*_FILE"):
        serve.serve(name, Console(quiet=True))


def test_another_name_is_refused(container):
    with pytest.raises(BadInputError, match="'init' is no server: choose mlflow, airflow-api"):
        serve.serve("init", Console(quiet=True))


def test_a_team_s_servers_are_prepared_and_probed(container, monkeypatch):
    done = []
    monkeypatch.setattr(serve, "migrate", lambda _, variables: done.append(variables))
    monkeypatch.setattr(serve.Store, "ensure_bucket", lambda store: done.append(store.bucket))
    monkeypatch.setattr(serve, "probe_store", lambda _: done.append("probe") or Probed())
    serve.prepare(Console(quiet=True))
    migrated, *others = done
    assert migrated["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == SECRETS["airflow_database"]
    assert others == [Settings(_env_file=None).bucket, "probe"]


class Probed:
    warning = ""
