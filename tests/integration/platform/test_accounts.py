"""People's accounts in running servers: what each role may do, and logins that are refused."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from dustjacket.platform.accounts import change_accounts, new_account
from tests.support.accounts import PASSWORDS, ROLES, log_in

pytestmark = pytest.mark.integration

DUSTJACKET = Path(sys.executable).parent / "dustjacket"
ASKED = {"X-Dustjacket": "studio"}


@pytest.fixture(scope="module")
def clients(platform, people):
    """A client of Airflow for each person, by name."""
    found = {}
    for name in ROLES:
        token = log_in(platform, name, PASSWORDS[name]).raise_for_status().json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        found[name] = httpx.Client(base_url=platform.airflow_url, headers=headers, timeout=30)
    yield found
    for client in found.values():
        client.close()


def statuses(clients, method, path, **given):
    return {
        name: client.request(method, path, **given).status_code for name, client in clients.items()
    }


def test_every_role_looks_and_asks_the_studio(clients):
    assert set(statuses(clients, "GET", "/api/v2/dags").values()) == {200}
    assert set(statuses(clients, "GET", "/dustjacket/models").values()) == {200}
    asked = statuses(clients, "POST", "/dustjacket/genre", headers=ASKED, json={"title": "Rice"})
    assert set(asked.values()) <= {200, 503}, "503: no classifier is published"
    named = clients["vera"].get("/dustjacket/models", headers={"X-Dustjacket-User": "olga"})
    assert named.json()["airflow"] is True


def test_runs_are_triggered_by_users_and_rollbacks_by_ops(airflow, clients):
    airflow.unpause("label_covers")
    body = {"logical_date": None, "conf": {"no-such-parameter": 1}}
    found = statuses(clients, "POST", "/api/v2/dags/label_covers/dagRuns", json=body)
    assert found["vera"] == 403
    assert 403 not in (found["ulf"], found["olga"], found["ada"])
    body = {"logical_date": None, "conf": {"version": "no version"}}
    found = statuses(clients, "POST", "/api/v2/dags/rollback_clip/dagRuns", json=body)
    assert found == {"vera": 403, "ulf": 403, "olga": 400, "ada": 400}


def test_a_run_cannot_have_the_name_of_a_person(clients):
    body = {"logical_date": None, "dag_run_id": "olga"}
    refused = clients["ulf"].post("/api/v2/dags/evaluate_clip/dagRuns", json=body)
    assert refused.status_code in (400, 422)
    assert "olga" in refused.text


def test_variables_are_for_ops(clients):
    found = statuses(clients, "GET", "/api/v2/variables")
    assert found == {"vera": 403, "ulf": 403, "olga": 200, "ada": 200}
    lower = {name: clients[name] for name in ("vera", "ulf")}
    body = {"key": "x", "value": "y"}
    assert set(statuses(lower, "POST", "/api/v2/variables", json=body).values()) == {403}


def test_an_account_is_added_changed_and_removed_without_a_restart(platform):
    def users(*arguments, typed=""):
        subprocess.run(
            [DUSTJACKET, "users", *arguments], input=typed, text=True, check=True, timeout=60
        )

    def in_mlflow(password):
        path = f"{platform.mlflow_uri}/api/2.0/mlflow/experiments/search?max_results=1"
        return httpx.get(path, auth=("newcomer", password), timeout=30).status_code

    first, second = "the first password", "the second password"
    users("add", "newcomer", "--role", "viewer", typed=first)
    reply = log_in(platform, "newcomer", first)
    assert reply.status_code == 201
    cookie = {"_token": reply.json()["access_token"]}
    with httpx.Client(base_url=platform.airflow_url, cookies=cookie, timeout=30) as client:
        assert client.get("/api/v2/dags").status_code == 200
        users("passwd", "newcomer", typed=second)
        assert client.get("/api/v2/dags").status_code == 401, "its login has ended"
    assert log_in(platform, "newcomer", first).status_code == 401
    assert log_in(platform, "newcomer", second).status_code == 201
    assert (in_mlflow(first), in_mlflow(second)) == (401, 200)
    users("remove", "newcomer")
    assert log_in(platform, "newcomer", second).status_code == 401
    assert in_mlflow(second) == 401


def test_repeated_wrong_logins_are_refused_and_lock_the_platform_out_of_nothing(platform, people):
    own = platform.airflow_password.get_secret_value()
    with change_accounts(platform.home) as accounts:
        accounts["guessed"] = new_account("guessed", "admin", own)
    for name in ("guessed", "admin"):
        found = [log_in(platform, name, f"guess {place}").status_code for place in range(8)]
        assert found == [401] * 5 + [429] * 3
    refused = log_in(platform, "guessed", own)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    cli = f"{platform.airflow_url}/auth/token/cli"
    login = {"username": "guessed", "password": own}
    assert httpx.post(cli, json=login, timeout=30).status_code == 429
    assert log_in(platform, "admin", own).status_code == 201
    assert log_in(platform, "vera", PASSWORDS["vera"]).status_code == 201
