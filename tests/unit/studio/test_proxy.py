"""What the proxy in Airflow forwards, and what it answers when the Studio's process does not."""

import asyncio
import time
from types import SimpleNamespace

import httpx
import pytest
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.core_api import security
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.exceptions import HTTPException
from starlette.requests import Request

from dustjacket.platform.tokens import change_tokens, new_token
from dustjacket.settings import Settings
from dustjacket.studio import proxy
from dustjacket.studio.problems import install_error_handlers
from dustjacket.studio.proxy import StudioClient


def client_of(answer):
    """Return the proxy's client, whose requests ``answer`` responds to."""
    settings = {"studio_url": "http://studio", "studio_token": "secret"}
    client = StudioClient(Settings(_env_file=None, **settings))
    for name in ("_client", "_health_client"):
        before = getattr(client, name)
        replaced = httpx.AsyncClient(
            transport=httpx.MockTransport(answer), base_url="http://studio", headers=before.headers
        )
        setattr(client, name, replaced)
    return client


def request_with(headers=()):
    async def receive():
        return {"type": "http.request", "body": b"{}", "more_body": False}

    scope = {"type": "http", "method": "POST", "path": "/genre", "query_string": b""}
    return Request({**scope, "headers": list(headers)}, receive)


def refusal_of(answer):
    """Return how a request is refused, whose forwarding ends as ``answer`` does."""

    async def send():
        client = client_of(answer)
        with pytest.raises(HTTPException) as refused:
            await client.send(request_with(), "genre", "admin")
        return refused.value

    return asyncio.run(send())


@pytest.mark.parametrize("name", ["accept", "content-type", "if-none-match"])
def test_a_header_that_is_not_ascii_is_not_forwarded(name):
    forwarded = []

    def answer(request):
        forwarded.append(request.headers.get(name))
        return httpx.Response(200)

    async def send_all():
        client = client_of(answer)
        for byte in (*range(0x80, 0x100), 0x01, 0x7F):
            headers = [(name.encode(), b"text/" + bytes([byte]))]
            reply = await client.send(request_with(headers), "genre", "admin")
            assert reply.status_code == 200
        await client.send(request_with([(name.encode(), b"text/csv")]), "genre", "admin")

    asyncio.run(send_all())
    assert forwarded[-1] == "text/csv"
    assert set(forwarded[:-1]) <= {None, "*/*"}


@pytest.mark.parametrize("error", [httpx.PoolTimeout, httpx.ConnectTimeout])
def test_a_studio_that_is_healthy_but_full_is_busy(error):
    def answer(request):
        if request.url.path == "/health":
            return httpx.Response(200)
        raise error("full")

    refused = refusal_of(answer)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")


@pytest.mark.parametrize("error", [httpx.PoolTimeout, httpx.ConnectTimeout, httpx.ConnectError])
def test_a_studio_that_is_not_healthy_does_not_answer(error):
    def answer(request):
        raise (httpx.ConnectTimeout if request.url.path == "/health" else error)("away")

    refused = refusal_of(answer)
    assert refused.status_code == 503
    assert "dustjacket status" in refused.detail


def test_requests_that_wait_together_check_the_health_once():
    checks = []

    async def answer(request):
        if request.url.path == "/health":
            checks.append(time.monotonic())
            await asyncio.sleep(0.05)
            return httpx.Response(200)
        raise httpx.ConnectTimeout("full")

    async def send_all():
        client = client_of(answer)
        sent = (client.send(request_with(), "genre", "admin") for _ in range(50))
        return await asyncio.gather(*sent, return_exceptions=True)

    assert {error.status_code for error in asyncio.run(send_all())} == {429}
    assert len(checks) == 1


def test_a_caller_s_own_user_header_is_not_forwarded():
    seen = []

    def answer(request):
        seen.append(request.headers.get_list("x-dustjacket-user"))
        return httpx.Response(200)

    async def send():
        client = client_of(answer)
        for headers in ([], [(b"x-dustjacket-user", b"somebody else")]):
            await client.send(request_with(headers), "genre", "7")
        return client.pseudonym("7")

    assert [asyncio.run(send())] * 2 == [name for (name,) in seen]


class Person:
    """A logged-in user."""

    def get_id(self):
        return "7"

    def get_name(self):
        return "Ann Ö"


@pytest.mark.parametrize(
    ("method", "path", "may", "named"),
    [
        ("POST", "review", True, "Ann%20%C3%96"),
        ("POST", "review", False, None),
        ("GET", "review", False, ""),
        ("POST", "genre", False, ""),
    ],
)
def test_a_decision_is_sent_with_the_name_of_who_may_start_an_ingestion(
    monkeypatch, method, path, may, named
):
    seen = []

    class AuthManager:
        def is_authorized_dag(self, *, method, details, **_):
            return may and (method, details.id) == ("POST", "ingest_catalog")

    def answer(request):
        seen.append(request.headers.get("X-Dustjacket-Person", ""))
        return httpx.Response(200)

    monkeypatch.setattr(proxy, "get_auth_manager", AuthManager)
    request = request_with([(b"x-dustjacket-person", b"Eve")])
    request.scope["method"] = method

    async def send():
        return await proxy.forward(path, request, Person(), client_of(answer))

    if named is None:
        with pytest.raises(HTTPException) as refused:
            asyncio.run(send())
        assert refused.value.status_code == 403
        assert "may start ingest_catalog" in refused.value.detail
        return
    assert asyncio.run(send()).status_code == 200
    assert seen == [named]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"accept": "text/html,*/*"}, 303),
        ({"accept": "text/html", "sec-fetch-dest": "iframe"}, 401),
        ({"accept": "application/json"}, 401),
    ],
)
def test_who_opens_the_page_logged_out_is_led_to_the_login(headers, status):
    app = FastAPI()
    install_error_handlers(app)
    proxy.lead_to_login(app)

    @app.get("/dustjacket/")
    def page():
        raise HTTPException(401, "log in")

    client = TestClient(app, follow_redirects=False)
    reply = client.get("/dustjacket/", headers=headers)
    assert reply.status_code == status
    if status == 303:
        assert str(reply.url.join(reply.headers["location"])) == "http://testserver/plugin/studio"
    else:
        assert reply.json()["detail"] == "log in"


def test_a_script_s_token_reaches_the_studio_for_what_its_scopes_allow(tmp_path, monkeypatch):
    monkeypatch.setenv("DUSTJACKET_HOME", str(tmp_path))
    record, token = new_token("script", ["ask"])
    with change_tokens(tmp_path) as tokens:
        tokens["script"] = record
    forwarded = []

    def answer(request):
        forwarded.append((request.url.path, request.headers["authorization"]))
        return httpx.Response(200, json={})

    outer = FastAPI()
    inner = proxy.make_proxy()
    outer.mount("/dustjacket", inner)
    inner.dependency_overrides[proxy._client] = lambda: client_of(answer)
    monkeypatch.setattr(proxy, "StudioClient", lambda _: client_of(answer))
    with TestClient(outer, headers={"Authorization": f"Bearer {token}"}) as client:
        assert client.post("/dustjacket/genre", json={}).status_code == 200
        for path, status in (("create", 403), ("review", 403), ("feedback", 403)):
            assert client.post(f"/dustjacket/{path}", json={}).status_code == status
        assert client.post("/dustjacket/%2e%2e/genre", json={}).status_code in (403, 404)
        with change_tokens(tmp_path) as tokens:
            tokens.clear()
        assert client.post("/dustjacket/genre", json={}).status_code == 401
    assert forwarded == [("/genre", "Bearer secret")], "the Studio sees the proxy's own token"


@pytest.mark.parametrize(("name", "status"), [("token:script", 403), ("ann", 200)])
def test_a_script_is_no_person_to_the_studio_however_its_token_was_sent(name, status, monkeypatch):
    allows_all = SimpleNamespace(is_authorized_view=lambda **_: True)
    monkeypatch.setattr(security, "get_auth_manager", lambda: allows_all)
    inner = proxy.make_proxy()
    user = SimpleAuthManagerUser(username=name, role="user")
    inner.dependency_overrides[security.get_user] = lambda: user
    inner.dependency_overrides[proxy._client] = lambda: client_of(lambda _: httpx.Response(200))
    with TestClient(inner, headers={"X-Dustjacket": "1"}) as client:
        assert client.post("/feedback", json={}).status_code == status
