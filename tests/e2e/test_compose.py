"""The team's platform in containers: it comes up, runs the chain, and loses nothing it keeps."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from dustjacket.pipeline.steps import STEPS
from dustjacket.sample import make_sample
from tests.conftest import ROOT, STATE

pytestmark = [pytest.mark.release, pytest.mark.timeout(3600)]
DOCKER = ROOT / "docker"
PORT = os.environ.get("DOCKER_TEST_PORT", "18080")
URL = f"http://127.0.0.1:{PORT}"
ALWAYS = {
    "postgres", "s3", "mlflow", "studio", "airflow-api", "airflow-scheduler",
    "airflow-dag-processor", "airflow-triggerer",
}  # fmt: skip
QUICK = (
    *("--select-classifier.folds", "2", "--finetune-clip.recipe", "locked"),
    *("--finetune-clip.epochs", "2", "--evaluate-clip.min-test-covers", "10"),
    *("--train-generator.budget-minutes", "0.1", "--train-generator.max-covers", "40"),
    *("--train-generator.width", "32", "--train-generator.sampling-steps", "2"),
    *("--evaluate-generator.titles", "2", "--evaluate-generator.seeds", "1"),
)


class Stack:
    """The stack of docker/compose.yaml, with secrets and sources of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.variables = {
            **os.environ,
            "COMPOSE_PROJECT_NAME": "dustjacket-test",
            "SECRETS": str(folder / "secrets"),
            "SOURCES": str(folder / "sources"),
            "REPORTS": str(folder / "reports"),
            "PORT": PORT,
        }

    def compose(self, *arguments: str, timeout: float = 1800) -> str:
        command = ["docker", "compose", "-f", str(DOCKER / "compose.yaml"), *arguments]
        done = subprocess.run(
            command, env=self.variables, capture_output=True, text=True, check=False,
            timeout=timeout,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout

    def cli(self, *arguments: str) -> str:
        return self.compose("run", "--rm", "cli", *arguments)

    def containers(self) -> dict[str, dict[str, str]]:
        """Return the state of each container that runs, by its service."""
        lines = self.compose("ps", "--format", "json").splitlines()
        return {state["Service"]: state for state in map(json.loads, lines)}

    def wait_until_healthy(self, timeout_s: float = 300) -> None:
        deadline = time.monotonic() + timeout_s
        while True:
            states = {name: state["Health"] for name, state in self.containers().items()}
            if states == dict.fromkeys(ALWAYS, "healthy"):
                return
            assert time.monotonic() < deadline, states
            time.sleep(2)

    def login(self) -> httpx.Client:
        password = (self.folder / "secrets" / "airflow_password").read_text().strip()
        login = {"username": "admin", "password": password}
        token = httpx.post(f"{URL}/auth/token", json=login, timeout=60).json()["access_token"]
        return httpx.Client(base_url=URL, headers={"Authorization": f"Bearer {token}"}, timeout=120)


def engine(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def stack():
    """The running stack; its images are those that `make docker-build` made."""
    if (
        not shutil.which("docker")
        or subprocess.run(["docker", "info"], capture_output=True, check=False).returncode
    ):
        pytest.skip("no container engine answers: see docs/deployment.md, Engine")
    folder = STATE / "test-compose"
    shutil.rmtree(folder, ignore_errors=True)
    reports = folder / "reports"
    reports.mkdir(parents=True)
    reports.chmod(0o777)  # for the account in the container
    make_sample(folder / "sources", rows=400, covers=150, seed=13)
    for path in [folder / "sources", *(folder / "sources").rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    subprocess.run(["python3", DOCKER / "make_secrets.py", folder / "secrets"], check=True)
    stack = Stack(folder)
    before = left()
    began = time.monotonic()
    try:
        stack.compose("up", "--wait", "--wait-timeout", "600", "--pull", "never")
        print(f"up in {time.monotonic() - began:.0f} s")
        yield stack
    finally:
        stack.compose("--profile", "*", "down", "--volumes", "--timeout", "30")
    assert left() == before


def left() -> dict[str, set[str]]:
    """Return the containers, volumes and networks of the engine."""
    kinds = ("ps --all", "volume ls", "network ls")
    return {kind: set(engine(*kind.split(), "--quiet").split()) for kind in kinds}


def test_without_secrets_nothing_starts_and_one_line_says_why(tmp_path):
    stack = Stack(tmp_path)
    stack.variables["COMPOSE_PROJECT_NAME"] = "dustjacket-test-without"
    command = ["docker", "compose", "-f", DOCKER / "compose.yaml", "up", "--wait", "postgres"]
    done = subprocess.run(
        command, env=stack.variables, capture_output=True, text=True, check=False, timeout=300
    )
    stack.compose("down", "--volumes", "--timeout", "5")
    assert done.returncode != 0
    assert "postgres_password" in done.stderr


def test_the_doctor_finds_the_stack_well(stack):
    findings = json.loads(stack.cli("doctor", "--json"))
    states = {finding["check"]: finding["state"] for finding in findings}
    assert "failed" not in states.values(), findings
    assert {"object store", "MLflow", "Airflow", "Studio", "Airflow's database"} <= states.keys()


@pytest.fixture(scope="module")
def report(stack):
    """The report of the chain, which `dustjacket run` ran on the sample through Airflow's API."""
    sources = ("--catalog", "/sources/listing.csv", "--covers", "/sources/covers")
    began = time.monotonic()
    stack.cli("run", *sources, *QUICK, "--report", "/reports/report.json")
    print(f"chain in {time.monotonic() - began:.0f} s")
    return json.loads((stack.folder / "reports" / "report.json").read_text())


def test_the_chain_runs_through_airflow_s_api(report):
    chain = ("ingest_catalog", "ingest_covers", "select_classifier", "label_covers", "index_covers")
    for step in chain:
        assert report[STEPS[step].section]["version"], step
        assert report["seconds"][step] > 0
    assert report["links"]["s3"] == "http://s3:8333"


def test_a_page_of_the_studio_answers_from_the_published_models(stack, report):
    with stack.login() as airflow:
        page = airflow.get("/dustjacket/")
        assert page.status_code == 200
        assert "<title>" in page.text
        deadline = time.monotonic() + 300
        while not airflow.get("/dustjacket/health").json()["genres"]:
            assert time.monotonic() < deadline, "the Studio has loaded no classifier"
            time.sleep(5)


def test_a_server_that_is_killed_or_replaced_comes_back_with_what_it_keeps(stack, report):
    def versions() -> str:
        return stack.cli("history")

    before = versions()
    for service in ("s3", "postgres", "mlflow", "airflow-scheduler"):
        stack.compose("kill", service)
        stack.compose("up", "--detach", "--wait", "--wait-timeout", "300", "--pull", "never")
    stack.compose(
        "up", "--detach", "--wait", "--wait-timeout", "600", "--pull", "never", "--force-recreate"
    )
    stack.wait_until_healthy()
    assert versions() == before
    with stack.login() as airflow:
        runs = airflow.get("/api/v2/dags/ingest_catalog/dagRuns").json()
        assert runs["total_entries"] >= 1
