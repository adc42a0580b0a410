"""The URL of an MLflow run; empty if there is no run or any failure."""

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from dustjacket.settings import Settings
from dustjacket.tracking.links import TRAINING_VIEW, run_page

RUN = {"runs": [{"info": {"run_id": "abc"}}]}
EXPERIMENT = {"experiment": {"experiment_id": "7"}}


@contextmanager
def mlflow(experiment=EXPERIMENT, runs=RUN, status=200):
    """Serve responses like MLflow's; yield the address and the received requests."""
    came = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            came.append((self.path, self.headers, None))
            self.answer(experiment)

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            came.append((self.path, self.headers, body))
            self.answer(runs)

        def answer(self, reply):
            self.send_response(status)
            self.end_headers()
            self.wfile.write(reply if isinstance(reply, bytes) else json.dumps(reply).encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}", came
    finally:
        server.shutdown()
        server.server_close()


def page(address, version="20260101T000000000000Z-0123456789ab", artifact=""):
    return run_page(Settings(mlflow_uri=address), "cover-clip", version, artifact)


def test_a_run_is_found_by_its_version():
    with mlflow() as (host, came):
        assert page(f"http://{host}") == f"http://{host}/#/experiments/7/runs/abc{TRAINING_VIEW}"
    (first, _, _), (second, _, asked) = came
    assert urlsplit(first).path == "/api/2.0/mlflow/experiments/get-by-name"
    assert parse_qs(urlsplit(first).query) == {"experiment_name": ["cover-clip"]}
    assert second == "/api/2.0/mlflow/runs/search"
    assert asked["filter"] == "tags.version = '20260101T000000000000Z-0123456789ab'"
    assert asked["order_by"] == ["attributes.start_time DESC"]


def test_a_server_below_a_path_and_behind_a_login_is_linked_without_the_password():
    with mlflow() as (host, came):
        found = page(f"http://user:secret@{host}/below/")
        assert found == f"http://{host}/below/#/experiments/7/runs/abc{TRAINING_VIEW}"
    for path, headers, _ in came:
        assert path.startswith("/below/api/2.0/mlflow/")
        assert headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    "answers",
    [
        {"runs": {}},
        {"runs": {"runs": []}},
        {"experiment": b"<html>"},
        {"runs": b"<html>"},
        {"status": 404},
        {"status": 500},
    ],
)
def test_without_a_run_or_with_an_invalid_response_there_is_no_link_and_no_failure(answers, caplog):
    with mlflow(**answers) as (host, _):
        assert page(f"http://user:secret@{host}") == ""
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    "address", [None, "", "sqlite:///mlflow.db", "databricks", "http://127.0.0.1:9", "http://["]
)
def test_no_server_is_no_link_and_no_failure(address):
    assert page(address) == ""


def test_without_a_version_no_request_is_sent():
    with mlflow() as (host, came):
        assert page(f"http://{host}", version="") == ""
    assert came == []


def test_a_page_of_a_run_opens_in_the_view_of_trainings():
    with mlflow() as (host, _):
        found = page(f"http://{host}", artifact="report.html")
    assert found.endswith("/runs/abc/artifacts/report.html?workflowType=machine_learning")
