"""What each role may do in Airflow, which routes log in, and which tokens are void."""

import asyncio
from types import SimpleNamespace

import pytest
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from fastapi import HTTPException
from fastapi.testclient import TestClient
from jwt import InvalidTokenError

from dustjacket.errors import BadInputError
from dustjacket.platform import airflow_login
from dustjacket.platform.accounts import FILE, change_accounts, new_account
from dustjacket.platform.airflow_login import AccountsAuthManager
from dustjacket.platform.logins import Logins
from dustjacket.platform.tokens import change_tokens, new_token

ROLES = ("viewer", "user", "op", "admin")
RIGHT = {"username": "ann", "password": "a long password"}
WRONG = {"username": "ann", "password": "another password"}


@pytest.fixture
def accounts(tmp_path, monkeypatch):
    """The folder of the accounts, with one of ann's."""
    monkeypatch.setenv("DUSTJACKET_HOME", str(tmp_path))
    monkeypatch.setattr(airflow_login, "_logins", Logins(tmp_path))
    monkeypatch.setattr(airflow_login, "own_passwords", lambda: {"admin": "random"})
    with change_accounts(tmp_path) as accounts:
        accounts["ann"] = new_account("ann", "op", RIGHT["password"])
    return tmp_path


@pytest.fixture
def login_page(accounts, monkeypatch):
    """A client of the login page; a token is the name of its user."""

    def generate_jwt(user, **_):
        return f"{user.username}:{user.role}"

    fake = SimpleNamespace(generate_jwt=generate_jwt)
    monkeypatch.setattr(airflow_login, "get_auth_manager", lambda: fake)
    return TestClient(AccountsAuthManager().get_fastapi_app())


@pytest.mark.parametrize(
    ("method", "entity", "dag", "least"),
    [
        ("GET", None, "finetune_clip", "viewer"),
        ("GET", DagAccessEntity.RUN, "rollback_clip", "viewer"),
        ("GET", DagAccessEntity.HITL_DETAIL, "evaluate_clip", "viewer"),
        ("GET", DagAccessEntity.XCOM, "evaluate_clip", "viewer"),
        ("POST", DagAccessEntity.RUN, "finetune_clip", "user"),
        ("PUT", None, "finetune_clip", "user"),
        ("PUT", DagAccessEntity.TASK_INSTANCE, "evaluate_clip", "user"),
        ("PUT", DagAccessEntity.HITL_DETAIL, "evaluate_clip", "op"),
        ("POST", DagAccessEntity.RUN, "rollback_clip", "op"),
        ("POST", DagAccessEntity.RUN, "rollback_generator", "op"),
        ("PUT", DagAccessEntity.RUN, "rollback_clip", "op"),
        ("PUT", DagAccessEntity.TASK_INSTANCE, "rollback_clip", "op"),
        ("DELETE", DagAccessEntity.RUN, "finetune_clip", "op"),
        ("DELETE", None, "finetune_clip", "op"),
        ("POST", DagAccessEntity.XCOM, "evaluate_clip", "admin"),
        ("PUT", DagAccessEntity.XCOM, "evaluate_clip", "admin"),
        ("DELETE", DagAccessEntity.XCOM, "evaluate_clip", "admin"),
    ],
)
def test_a_role_may_do_what_it_is_for_and_no_more(method, entity, dag, least):
    manager = AccountsAuthManager()
    allowed = [
        role
        for role in ROLES
        if manager.is_authorized_dag(
            method=method,
            access_entity=entity,
            details=DagDetails(id=dag),
            user=SimpleAuthManagerUser(username="ann", role=role),
        )
    ]
    assert allowed == list(ROLES[ROLES.index(least) :])


def test_only_our_routes_log_in(login_page):
    posts = {
        route.path: route.endpoint
        for route in login_page.app.routes
        if "POST" in (getattr(route, "methods", None) or ())
    }
    assert posts == {
        "/token": airflow_login.create_token,
        "/token/cli": airflow_login.create_token_cli,
    }
    for path in ("/token", "/token/login", "/login"):
        assert "text/html" in login_page.get(path).headers["content-type"], "the page, no token"


def test_every_way_to_log_in_gives_the_role_and_counts_wrong_passwords(login_page):
    ways = (
        lambda login: login_page.post("/token", json=login),
        lambda login: login_page.post("/token", data=login),
        lambda login: login_page.post("/token/cli", json=login),
    )
    for way in ways:
        assert way({"username": "admin", "password": "random"}).status_code == 201
        assert way(WRONG).status_code == 401
    assert [ways[place % 3](WRONG).status_code for place in range(4)] == [401, 401, 429, 429]
    for way in ways:
        refused = way(RIGHT)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")


def test_a_login_answers_with_a_token_of_the_person(login_page):
    assert login_page.post("/token", json=RIGHT).json() == {"access_token": "ann:op"}


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_cookie_is_kept_to_https_where_a_proxy_serves_that(login_page, monkeypatch, scheme):
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", f"{scheme}://covers.example")
    cookie = login_page.post("/token", json=RIGHT).headers["set-cookie"]
    assert ("secure" in cookie.lower()) == (scheme == "https")
    assert "httponly" in cookie.lower()


def test_a_token_is_void_once_the_account_changes(accounts):
    manager = AccountsAuthManager()

    def store(role, password):
        with change_accounts(accounts) as people:
            people["ann"] = new_account("ann", role, password)

    def claims():
        return manager.serialize_user(SimpleAuthManagerUser(username="ann", role="op"))

    token = claims()
    assert manager.deserialize_user(token).role == "op"
    store("viewer", RIGHT["password"])
    changed_role = claims()
    store("viewer", "another password")
    changed_password = claims()
    with change_accounts(accounts) as people:
        del people["ann"]
    store_again = claims()
    for void in (token, changed_role, changed_password, store_again):
        with pytest.raises(HTTPException) as refused:
            manager.deserialize_user(void)
        assert refused.value.status_code == 401


@pytest.mark.parametrize("content", [None, "{"])
def test_the_platform_s_own_account_needs_no_file_and_no_whole_one(accounts, monkeypatch, content):
    (accounts / FILE).unlink()
    if content:
        (accounts / FILE).write_text(content)
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", "admin:admin")
    manager, own = AccountsAuthManager(), {"admin": "random"}
    assert airflow_login._logins.role_of("admin", "random", own) == "admin"
    assert airflow_login._logins.role_of("admin", "wrong", own) is None
    token = manager.serialize_user(SimpleAuthManagerUser(username="admin", role="admin"))
    assert manager.deserialize_user(token).role == "admin"


def test_the_cookie_of_a_login_is_kept_from_scripts_and_other_sites(login_page):
    cookie = login_page.post("/token", json=RIGHT).headers["Set-Cookie"]
    assert cookie.startswith("_token=")
    assert {"httponly", "samesite=lax", "path=/"} <= set(cookie.lower().split("; "))
    assert "set-cookie" not in login_page.post("/token", json=WRONG).headers


def test_a_script_with_the_scope_may_start_runs_but_not_approve_or_roll_back(accounts):
    tokens = {}
    with change_tokens(accounts) as stored:
        for scope in ("ask", "trigger"):
            stored[scope], tokens[scope] = new_token(scope, [scope])
    manager = AccountsAuthManager()
    user = asyncio.run(manager.get_user_from_token(tokens["trigger"]))
    assert (user.username, user.role) == ("token:trigger", "user")
    with pytest.raises(BadInputError):
        new_account(user.username, "user", "a long password")

    def may(method, entity, dag):
        return manager.is_authorized_dag(
            method=method, access_entity=entity, details=DagDetails(id=dag), user=user
        )

    assert may("POST", DagAccessEntity.RUN, "finetune_clip")
    assert not may("POST", DagAccessEntity.RUN, "rollback_clip")
    assert not may("PUT", DagAccessEntity.HITL_DETAIL, "evaluate_clip")
    for void in (tokens["ask"], "dj_unknown"):
        with pytest.raises(InvalidTokenError):
            asyncio.run(manager.get_user_from_token(void))
    with change_tokens(accounts) as stored:
        stored.clear()
    with pytest.raises(InvalidTokenError):
        asyncio.run(manager.get_user_from_token(tokens["trigger"]))
