"""What another account of the same machine can do at every port and path: nothing."""

import json
import os
import subprocess
import sys

import pytest

from dustjacket.platform.credentials import load_credentials
from dustjacket.platform.environments import PLATFORM_MARK
from dustjacket.platform.process_guard import processes_with
from tests.conftest import ROOT

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account"),
]
NOBODY = 65534

JOB = ROOT / "tests/support/other_account.py"


def attempts(requests=(), paths=(), pids=()):
    """Return what the other account gets."""
    asked = {
        "uid": NOBODY,
        "requests": requests,
        "paths": [str(path) for path in paths],
        "pids": list(pids),
    }
    done = subprocess.run(
        [sys.executable, "-I", JOB],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        env={},
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["uid"] == NOBODY
    return found


@pytest.fixture(scope="module")
def objects(store):
    """An object to steal."""
    store.client.put_object(
        Bucket=store.bucket, Key="ledger/probe.json", Body=b"an object to steal"
    )
    yield "ledger/probe.json"
    store.client.delete_object(Bucket=store.bucket, Key="ledger/probe.json")


REFUSED = (400, 401, 403, 404, 405, 422)


def requests_of(platform, objects):
    mlflow, airflow, studio = platform.mlflow_uri, platform.airflow_url, platform.studio_url
    bucket = f"{platform.s3_endpoint}/{platform.bucket}"
    here = f"file://{platform.home}"
    create = "/api/2.0/mlflow/experiments/create"
    return [
        # MLflow: read the home, write into it, read the bucket, change runs and models.
        ("POST", mlflow + create, json.dumps({"name": "x", "artifact_location": here})),
        ("GET", f"{mlflow}/get-artifact?run_id=1&path=credentials.json", None),
        ("POST", f"{mlflow}/ajax-api/2.0/mlflow/upload-artifact?run_uuid=1&path=x.py", "x"),
        ("GET", f"{mlflow}/model-versions/get-artifact?name=x&version=1&path=x", None),
        ("POST", f"{mlflow}/api/2.0/mlflow/registered-models/create", json.dumps({"name": "x"})),
        ("DELETE", f"{mlflow}/api/2.0/mlflow/registered-models/delete?name=cover-clip", None),
        ("POST", f"{mlflow}/api/2.0/mlflow/runs/delete", json.dumps({"run_id": "x"})),
        ("GET", f"{mlflow}/api/2.0/mlflow/experiments/search?max_results=9", None),
        ("GET", f"{mlflow}/api/2.0/mlflow-artifacts/artifacts", None),
        ("PUT", f"{mlflow}/api/2.0/mlflow-artifacts/artifacts/x", "x"),
        ("POST", f"{mlflow}/graphql", json.dumps({"query": "{__typename}"})),
        # The object store: list, read, write, delete.
        ("GET", f"{bucket}/", None),
        ("GET", f"{bucket}/{objects}", None),
        ("PUT", f"{bucket}/{objects}", "changed"),
        ("DELETE", f"{bucket}/{objects}", None),
        ("GET", f"{platform.s3_endpoint}/", None),
        # Airflow, and its API for tasks.
        ("GET", f"{airflow}/api/v2/dags", None),
        ("GET", f"{airflow}/api/v2/variables", None),
        ("GET", f"{airflow}/api/v2/connections", None),
        ("GET", f"{airflow}/api/v2/config", None),
        (
            "POST",
            f"{airflow}/api/v2/dags/finetune_clip/dagRuns",
            json.dumps({"logical_date": None}),
        ),
        ("GET", f"{airflow}/execution/variables/x", None),
        ("GET", f"{airflow}/execution/connections/spark_default", None),
        ("GET", f"{airflow}/dustjacket/models", None),
        ("POST", f"{airflow}/dustjacket/genre", json.dumps({"title": "x"})),
        # The Studio's process.
        ("GET", f"{studio}/models", None),
        ("POST", f"{studio}/genre", json.dumps({"title": "x"})),
        ("GET", f"{studio}/metrics", None),
    ]


def test_no_port_gives_or_takes_anything(platform, objects, store):
    found = attempts(requests_of(platform, objects))["replies"]
    assert {request for request, (status, _) in found.items() if status not in REFUSED} == set()
    secrets = load_credentials(platform.home / "credentials.json").model_dump().values()
    told = [request for request, (_, text) in found.items() if any(s in text for s in secrets)]
    assert told == []
    assert not [request for request, (_, text) in found.items() if "to steal" in text]
    kept = store.client.get_object(Bucket=store.bucket, Key=objects)["Body"].read()
    assert kept == b"an object to steal"


def test_what_is_open_to_all_tells_its_health_alone(platform):
    ports = json.loads((platform.home / "ports.json").read_text())
    scheduler = f"http://127.0.0.1:{ports['scheduler_health']}"
    asked = [
        ("GET", f"{platform.mlflow_uri}/health", None),
        ("GET", f"{platform.studio_url}/health", None),
        ("GET", f"{scheduler}/health", None),
        ("GET", f"{scheduler}/", None),
        ("POST", f"{scheduler}/health", ""),
        ("GET", f"{platform.airflow_url}/api/v2/monitor/health", None),
        ("GET", f"{platform.airflow_url}/api/v2/version", None),
    ]
    secrets = load_credentials(platform.home / "credentials.json").model_dump().values()
    for request, (status, text) in attempts(asked)["replies"].items():
        assert status in (200, 404, 405, 501), request
        assert len(text) < 2000
        assert not [secret for secret in secrets if secret in text]


def test_no_file_socket_or_environment_can_be_opened(platform, processes):
    paths = [platform.home, *platform.home.rglob("*")]
    found = attempts(paths=paths, pids=[process.pid for process in processes])
    assert len(paths) > 40
    assert found["opened"] == []
    assert len(processes) > 7
    assert found["environments"] == []


@pytest.fixture
def processes(platform):
    return processes_with(PLATFORM_MARK, str(platform.home))
