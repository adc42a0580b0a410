"""MLflow's server alone: who gets in, and that nobody reaches more than MLflow's own artifacts."""

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import httpx
import mlflow
import pytest
from pydantic import SecretStr

from dustjacket.platform.accounts import change_accounts, new_account
from dustjacket.platform.credentials import Credentials, write_private
from dustjacket.platform.mlflow_server import ARTIFACTS, PASSWORDS, is_open, is_own, places
from dustjacket.platform.ports import LOOPBACK, free_port
from dustjacket.platform.servers import MLFLOW_USER, mlflow_server, write_mlflow_files
from dustjacket.settings import Settings
from dustjacket.tracking.links import rest_client
from dustjacket.tracking.runs import connect
from tests.conftest import without_settings
from tests.support.accounts import PEOPLE, add_people

pytestmark = pytest.mark.integration
PERSON = ("ann", "a password of a person")
SEARCH = "/api/2.0/mlflow/experiments/search?max_results=1"
ELSEWHERE = [
    "file:///etc",
    "/etc",
    "etc",
    "s3://dustjacket/ledger",
    "http://127.0.0.1:9/api/2.0/mlflow-artifacts/artifacts/x",
    "https://example.org/x",
    "mlflow-artifacts://127.0.0.1:9/x",
    "mlflow-artifacts:/../s3",
    "mlflow-artifacts:/a/%2e%2e/%2e%2e/s3",
    "MLFLOW-ARTIFACTS:/../x",
    "dbfs:/x",
    "hdfs://h/x",
    "ftp://h/x",
    "\\\\host\\share",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Settings of a running server, with the login of the platform's own tasks."""
    home = tmp_path_factory.mktemp("mlflow")
    credentials, port = Credentials(), free_port()
    settings = Settings(
        _env_file=None,
        home=home,
        mlflow_uri=f"http://{LOOPBACK}:{port}",
        mlflow_username=MLFLOW_USER,
        mlflow_password=SecretStr(credentials.mlflow_password),
    )
    write_mlflow_files(home, credentials)
    write_private(home / PASSWORDS, json.dumps(dict([PERSON])))
    variables = {"DUSTJACKET_HOME": str(home)}
    with (home / "log").open("w") as log:
        process = subprocess.Popen(
            mlflow_server(settings, port).command,
            env={**without_settings(), **variables},
            stdout=log,
            stderr=log,
            cwd=home,
        )
    try:
        _wait_until_up(process, settings)
        yield settings
    finally:
        process.terminate()
        process.wait()


def _wait_until_up(process, settings):
    deadline = time.monotonic() + 120
    while True:
        try:
            httpx.get(f"{settings.mlflow_uri}/health", timeout=30).raise_for_status()
        except httpx.HTTPError:
            log = (settings.home / "log").read_text()
            assert process.poll() is None, log
            assert time.monotonic() < deadline, log
            time.sleep(0.2)
        else:
            return


@pytest.fixture
def api(server):
    with rest_client(server, timeout=60) as client:
        yield client


def call(server, method, path, login=None, **options):
    return httpx.request(method, f"{server.mlflow_uri}{path}", auth=login, timeout=60, **options)


def own_login(server):
    return server.mlflow_username, server.mlflow_password.get_secret_value()


@pytest.fixture(scope="module")
def rules(server):
    """Every rule of the installed MLflow with its methods, from a process of its own."""
    code = (
        "import json\n"
        "from mlflow.server import app, auth\n"
        "auth.create_app()\n"
        "print(json.dumps([[r.rule, sorted(r.methods)] for r in app.url_map.iter_rules()]))\n"
    )
    scratch = server.home / "rules"
    scratch.mkdir()
    write_mlflow_files(scratch, Credentials())
    variables = {
        "MLFLOW_AUTH_CONFIG_PATH": str(scratch / "mlflow-auth.ini"),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "x" * 32,
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_no_rule_answers_without_a_login_except_what_tells_nothing(server, rules):
    open_to_all = set()
    with httpx.Client(base_url=server.mlflow_uri, timeout=60) as client:
        for rule, methods in rules:
            path = re.sub(r"<[^>]+>", "1", rule)
            for method in set(methods) - {"HEAD", "OPTIONS"}:
                if client.request(method, path).status_code != 401:
                    open_to_all.add(rule)
    assert {rule.replace("ajax-", "") for rule in open_to_all} == {
        "/health",
        "/static-files/<path:path>",
        "/api/3.0/mlflow/server-info",
    }


def test_a_wrong_password_is_refused(server):
    for login in [(MLFLOW_USER, "password1234"), ("admin", "password1234"), (MLFLOW_USER, "")]:
        reply = call(server, "GET", "/api/2.0/mlflow/experiments/search?max_results=1", login)
        assert reply.status_code == 401


def test_the_platform_s_account_at_airflow_logs_in_too(server):
    path = "/api/2.0/mlflow/experiments/search?max_results=1"
    assert call(server, "GET", path, PERSON).status_code == 200


def test_people_log_in_with_their_accounts_and_admins_alone_change_anything(server):
    add_people(server.home)
    reads = [
        ("GET", "/api/2.0/mlflow/experiments/search?max_results=1", {}),
        ("POST", "/api/2.0/mlflow/experiments/search", {"json": {"max_results": 1}}),
        ("GET", "/ajax-api/2.0/mlflow/users/current", {}),
    ]
    for name, login in PEOPLE.items():
        body = {"json": {"name": f"made by {name}"}}
        changes = [
            ("POST", "/ajax-api/2.0/mlflow/experiments/create", body),
            ("POST", "/api/2.0/mlflow/registered-models/create", body),
            ("PUT", "/api/2.0/mlflow-artifacts/artifacts/1/search", {"content": b"x"}),
            (
                "PATCH",
                "/api/2.0/mlflow/users/update-admin",
                {"json": {"username": name, "is_admin": True}},
            ),
        ]
        for method, path, options in reads:
            assert call(server, method, path, login, **options).status_code == 200, (name, path)
        for method, path, options in changes:
            status = call(server, method, path, login, **options).status_code
            assert status == (200 if name == "ada" else 403), (name, path)


def test_a_change_of_an_account_applies_at_once(server):
    def create(password):
        body = {"name": f"asked with {password} at {time.time()}"}
        path = "/api/2.0/mlflow/experiments/create"
        return call(server, "POST", path, ("newcomer", password), json=body).status_code

    first, second = "the first password", "the second password"
    for role, password, expected in [
        ("admin", first, 200), ("viewer", first, 403), ("admin", second, 200),
    ]:  # fmt: skip
        with change_accounts(server.home) as accounts:
            accounts["newcomer"] = new_account("newcomer", role, password)
        assert create(password) == expected
    assert create(first) == 401
    with change_accounts(server.home) as accounts:
        del accounts["newcomer"]
    assert create(second) == 401


def test_an_account_that_is_deleted_in_mlflow_is_made_again(server):
    add_people(server.home)
    for name, login in {MLFLOW_USER: own_login(server), "vera": PEOPLE["vera"]}.items():
        assert call(server, "GET", SEARCH, login).status_code == 200
        body = {"username": name}
        deleted = call(server, "DELETE", "/api/2.0/mlflow/users/delete", PEOPLE["ada"], json=body)
        assert deleted.status_code == 200
        assert call(server, "GET", SEARCH, login).status_code == 200


def test_repeated_wrong_passwords_are_refused_and_others_are_not_locked_out(server):
    add_people(server.home)
    with change_accounts(server.home) as accounts:
        accounts["guessed"] = new_account("guessed", "viewer", "a guessable password")
    found = [call(server, "GET", SEARCH, ("guessed", f"no {n}")).status_code for n in range(8)]
    assert found == [401] * 5 + [429] * 3
    refused = call(server, "GET", SEARCH, ("guessed", "a guessable password"))
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert call(server, "GET", SEARCH, PEOPLE["vera"]).status_code == 200
    assert call(server, "GET", SEARCH, own_login(server)).status_code == 200


def test_runs_models_and_files_work_with_the_login(server, tmp_path, monkeypatch):
    for name in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"):
        monkeypatch.setenv(name, "")  # so that they are put back
    connect(server)
    try:
        mlflow.set_experiment("works")
        with mlflow.start_run() as run:
            mlflow.log_text("text", "folder/file.txt")
            model = mlflow.pyfunc.log_model(
                name="m", python_model=lambda model_input: model_input, pip_requirements=["numpy"]
            )
        version = mlflow.register_model(model.model_uri, "model")
        client = mlflow.MlflowClient()
        client.set_registered_model_alias("model", "champion", version.version)
        assert client.get_model_version_by_alias("model", "champion").version == version.version
        assert mlflow.pyfunc.load_model("models:/model@champion")
        assert [file.path for file in client.list_artifacts(run.info.run_id)] == ["folder"]
        assert mlflow.artifacts.load_text(f"{run.info.artifact_uri}/folder/file.txt") == "text"
    finally:
        mlflow.set_tracking_uri(None)
    assert list((server.home / ARTIFACTS).rglob("file.txt"))


@pytest.mark.parametrize("place", ELSEWHERE)
@pytest.mark.parametrize("field", ["artifact_location", "artifactLocation"])
def test_an_experiment_outside_of_its_artifacts_is_refused(server, place, field):
    for prefix in ("api", "ajax-api"):
        reply = call(
            server,
            "POST",
            f"/{prefix}/2.0/mlflow/experiments/create",
            own_login(server),
            json={"name": f"{place} {prefix} {field}", field: place},
        )
        assert reply.status_code == 400, (place, reply.text)
        assert "outside of MLflow's artifacts" in reply.text


@pytest.mark.parametrize("place", ELSEWHERE)
def test_a_model_version_outside_of_its_artifacts_is_refused(api, place):
    api.post("/registered-models/create", json={"name": "outside"})
    for body in (
        {"name": "outside", "source": place},
        json.dumps({"name": "outside", "source": place}),  # MLflow decodes it a second time
    ):
        reply = api.post("/model-versions/create", json=body)
        assert reply.status_code == 400, reply.text
        assert "outside of MLflow's artifacts" in reply.text


def test_a_tag_that_moves_a_trace_is_refused(api):
    for tags in (
        [{"key": "mlflow.artifactLocation", "value": "file:///etc"}],
        {"mlflow.artifactLocation": "file:///etc"},
    ):
        body = {"experiment_id": "0", "timestamp_ms": 1, "tags": tags}
        assert api.post("/traces", json=body).status_code == 400
    body = {"key": "mlflow.artifactLocation", "value": "s3://dustjacket/ledger"}
    assert api.patch("/traces/tr-1/tags", json=body).status_code == 400


@pytest.mark.parametrize("place", ["file://{home}", "{home}", "s3://dustjacket/ledger", "root"])
def test_a_place_that_the_database_already_holds_is_not_opened(server, api, place):
    place = place.replace("{home}", str(server.home))
    if place == "root":
        place = "mlflow-artifacts:/.."
    created = api.post("/experiments/create", json={"name": f"old {place}"}).json()
    with closing(sqlite3.connect(server.home / "mlflow.db")) as database, database:
        database.execute(
            "UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?",
            (place, created["experiment_id"]),
        )
    begun = {"experiment_id": created["experiment_id"], "start_time": 1}
    run = api.post("/runs/create", json=begun).json()["run"]["info"]["run_id"]
    with closing(sqlite3.connect(server.home / "mlflow.db")) as database, database:
        database.execute("UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?", (place, run))
    login, query = own_login(server), f"run_id={run}&run_uuid={run}"
    upload = "/ajax-api/2.0/mlflow/upload-artifact"
    replies = [
        call(server, "GET", f"/get-artifact?{query}&path=mlflow-auth.ini", login),
        call(server, "GET", f"/api/2.0/mlflow/artifacts/list?{query}", login),
        call(server, "POST", f"{upload}?{query}&path=x.py", login, content=b"x"),
    ]
    assert [reply.text for reply in replies[:2] if reply.status_code < 400] == []
    written = list(server.home.rglob("x.py"))
    assert all(file.is_relative_to(server.home / ARTIFACTS) for file in written)


def test_a_path_does_not_lead_out_of_the_artifacts(server):
    login = own_login(server)
    for path in ("../mlflow-auth.ini", "%2e%2e/mlflow-auth.ini", "..%2fmlflow-auth.ini"):
        for method in ("GET", "PUT", "DELETE"):
            reply = call(
                server, method, f"/api/2.0/mlflow-artifacts/artifacts/{path}", login, content=b"x"
            )
            assert reply.status_code >= 400, (method, path)
            assert "admin_password" not in reply.text
    assert "admin_password" in (server.home / "mlflow-auth.ini").read_text()


def test_what_calls_addresses_or_runs_code_is_closed(server, rules):
    closed = ("webhooks", "gateway", "gateway-proxy", "scorers", "scorer", "jobs", "genai", "demo")
    found = {rule for rule, _ in rules if re.search(rf"/mlflow/({'|'.join(closed)})(/|$)", rule)}
    assert {rule.split("/mlflow/")[1].split("/")[0] for rule in found} == set(closed)
    assert not [rule for rule in found if is_open(rule)]
    body = {"name": "x", "url": "https://example.org", "events": []}
    reply = call(server, "POST", "/api/2.0/mlflow/webhooks", own_login(server), json=body)
    assert reply.status_code == 403


def test_every_rule_of_the_installed_server_is_known_as_open_or_closed(rules):
    """A new release of MLflow may add an area: decide about it in ``mlflow_server.py``."""
    areas = {match[1] for rule, _ in rules if (match := re.search(r"mlflow/([a-z-]+)", rule))}
    assert {area for area in areas if not is_open(f"/api/2.0/mlflow/{area}")} == {
        "demo", "gateway", "gateway-proxy", "genai", "get-online-trace-details", "issues", "jobs",
        "label-schemas", "prompt-optimization", "review-queues", "scorer", "scorers",
        "unified-traces", "webhooks", "workspaces",
    }  # fmt: skip
    others = {rule for rule, _ in rules if not re.search(r"/(ajax-)?api/", rule)}
    assert {rule for rule in others if not is_open(rule)} == {"/signup"}


@pytest.mark.parametrize(
    "origin", ["http://localhost:8080", "http://127.0.0.1:1", "https://example.org", "null"]
)
def test_a_page_of_another_origin_is_refused(server, origin):
    for method in ("GET", "POST", "OPTIONS"):
        path = "/api/2.0/mlflow/experiments/search?max_results=1"
        body = {"json": {"max_results": 1}} if method == "POST" else {}
        reply = call(server, method, path, own_login(server), headers={"Origin": origin}, **body)
        assert reply.status_code == 403
    assert (
        call(server, "GET", path, PERSON, headers={"Origin": server.mlflow_uri}).status_code < 403
    )


def test_a_picture_in_a_page_of_another_site_is_refused_and_a_link_is_followed(server):
    for site, mode, status in [
        ("cross-site", "no-cors", 403),
        ("same-site", "cors", 403),
        ("cross-site", "navigate", 200),
        ("same-origin", "cors", 200),
        ("none", "navigate", 200),
    ]:
        sent = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode}
        assert call(server, "GET", "/", PERSON, headers=sent).status_code == status


def test_another_name_of_the_server_is_refused(server):
    port = httpx.URL(server.mlflow_uri).port
    for host in ("example.org", f"example.org:{port}", "10.0.0.1", "127.0.0.1:1"):
        path = "/api/2.0/mlflow/experiments/search?max_results=1"
        assert call(server, "GET", path, PERSON, headers={"Host": host}).status_code == 403


def test_a_file_that_the_server_keeps_is_private(server):
    modes = {
        file.name: file.stat().st_mode & 0o777
        for file in server.home.iterdir()
        if file.name in ("mlflow-auth.ini", ARTIFACTS, PASSWORDS)
    }
    assert modes == {"mlflow-auth.ini": 0o600, ARTIFACTS: 0o700, PASSWORDS: 0o600}


def test_places_are_found_in_every_form():
    nested = {"a": [{"tags": [{"key": "mlflow.artifactLocation", "value": "file:///"}]}]}
    assert list(places(nested)) == ["file:///"]
    assert list(places({"artifact_uri": "x", "artifactUri": "y"})) == ["x", "y"]
    assert list(places({"source": "s3://b/k"})) == []  # of a dataset
    assert list(places({"source": "s3://b/k"}, of_model=True)) == ["s3://b/k"]
    assert list(places('{"artifact_location": ["x"]}')) == [["x"]]
    assert not is_own(["mlflow-artifacts:/1"])


@pytest.mark.parametrize(
    "place", ["mlflow-artifacts:/1/a b/artifacts", "models:/m-1", "runs:/1/model", "models:/m/3"]
)
def test_places_of_its_own_pass(place):
    assert is_own(place)
