"""The Studio inside Airflow: who may use it, and what happens when its process is killed."""

import time

import httpx
import jwt
import pytest

from dustjacket.platform import supervision
from dustjacket.platform.credentials import load_credentials

pytestmark = pytest.mark.integration

HEADERS = {"X-Dustjacket": "studio"}
PLACES = (
    "", "index.html", "studio.js", "studio.css", "models", "metrics", "health", "openapi.json",
    "docs", "redoc", "covers/1/image", "nothing", "genre", "create/x", "create/x/0/cover.png",
    "pairs.html", "pairs/results", "pairs/x/left",
)  # fmt: skip
POSTS = (
    "genre",
    "covers/search",
    "match",
    "genre/batch",
    "genre/batch/xlsx",
    "feedback",
    "create",
    "create/own-art",
    "pairs",
)


@pytest.fixture(scope="module")
def token(platform):
    login = {
        "username": platform.airflow_user,
        "password": platform.airflow_password.get_secret_value(),
    }
    reply = httpx.post(f"{platform.airflow_url}/auth/token", json=login, timeout=30)
    return reply.raise_for_status().json()["access_token"]


@pytest.fixture(scope="module")
def proxy(platform):
    with httpx.Client(base_url=f"{platform.airflow_url}/dustjacket/", timeout=30) as client:
        yield client


def changed(platform, token, **claims):
    """Return Airflow's own token, signed as it signs, with other claims."""
    secret = load_credentials(platform.home / "credentials.json").jwt_secret
    header = jwt.get_unverified_header(token)
    decoded = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode({**decoded, **claims}, secret, header["alg"], headers=header)


def statuses(proxy, **given):
    found = {proxy.get(place, **given).status_code for place in PLACES}
    return found | {proxy.post(place, **given).status_code for place in POSTS}


def bearer(token):
    return {"headers": {"Authorization": f"Bearer {token}"}}


def test_without_a_login_nothing_is_served(proxy):
    assert statuses(proxy) == {401}
    assert statuses(proxy, headers=HEADERS) == {401}
    assert proxy.request("OPTIONS", "genre", headers={"Origin": "http://x"}).status_code == 401


def test_with_an_expired_or_forged_token_nothing_is_served(platform, proxy, token):
    assert statuses(proxy, **bearer(changed(platform, token))) != {401}, "as signed by Airflow"
    expired = changed(platform, token, exp=int(time.time()) - 3600)
    assert statuses(proxy, **bearer(expired)) <= {401, 403}
    forged = token[:-6] + ("A" * 6 if token[-6:] != "A" * 6 else "B" * 6)
    assert statuses(proxy, **bearer(forged)) <= {401, 403}
    assert statuses(proxy, cookies={"_token": expired}, headers=HEADERS) <= {401, 403}


def test_a_role_without_the_view_gets_nothing(platform, proxy, token):
    nobody = changed(platform, token, role=None)
    assert statuses(proxy, **bearer(nobody)) == {403}
    viewer = changed(platform, token, role="VIEWER")
    assert proxy.get("models", **bearer(viewer)).status_code == 200


def test_a_cookie_alone_changes_nothing(proxy, token):
    cookie = {"_token": token}
    assert proxy.get("models", cookies=cookie).status_code == 200
    for place in POSTS:
        refused = proxy.post(place, cookies=cookie)
        assert (refused.status_code, "X-Dustjacket" in refused.text) == (403, True), place
    response = proxy.post("genre", cookies=cookie, headers=HEADERS, json={"title": " "})
    assert response.status_code == 422


def test_the_studios_process_refuses_requests_without_its_token(platform):
    for place in ("models", "metrics", "openapi.json", ""):
        assert httpx.get(f"{platform.studio_url}/{place}", timeout=30).status_code == 401


def test_responses_pass_the_proxy_with_their_status(proxy, token):
    known = proxy.get("models", **bearer(token)).json()
    assert known["airflow"] is True
    page = proxy.get("", **bearer(token))
    assert "text/html" in page.headers["content-type"]
    assert "script-src 'self'" in page.headers["content-security-policy"]
    schema = proxy.get("openapi.json", **bearer(token)).json()
    assert {f"/{place}" for place in POSTS} <= set(schema["paths"])
    large = proxy.post("genre", content=b"x" * 70_000, **bearer(token))
    assert (large.status_code, large.headers["content-type"]) == (413, "application/problem+json")


def test_paths_that_are_not_plain_are_not_found(proxy, token):
    for path in ("//x", "/%2e%2e/x", "/a%0Ab", "/a%00b", "/a%3Fb", "/a%23b", "/%2e", "/x//y"):
        found = proxy.get(f"{str(proxy.base_url).rstrip('/')}{path}", **bearer(token))
        assert found.status_code == 404, path


def test_the_navigation_has_the_studio(platform, token):
    found = httpx.get(f"{platform.airflow_url}/api/v2/plugins", timeout=30, **bearer(token)).json()[
        "plugins"
    ]
    (ours,) = (plugin for plugin in found if plugin["name"] == "dustjacket")
    assert [view["url_route"] for view in ours["external_views"]] == ["studio"]
    errors = httpx.get(
        f"{platform.airflow_url}/api/v2/plugins/importErrors", timeout=30, **bearer(token)
    )
    assert errors.json()["import_errors"] == []


def test_a_killed_process_comes_back_and_airflow_keeps_answering(platform, proxy, token):
    def process():
        found = supervision.processes(platform.home)
        return next(info for info in found if info["name"] == "studio")

    before = process()["pid"]
    supervision.control(platform.home).signalProcess("studio", "KILL")
    deadline, away = time.monotonic() + 60, None
    while time.monotonic() < deadline:
        reply = proxy.get("models", **bearer(token))
        if reply.status_code == 200:
            if away:
                break
        else:
            away = away or reply
            assert proxy.get("", **bearer(token)).status_code == 200, "the page is Airflow's"
        version = httpx.get(f"{platform.airflow_url}/api/v2/version", timeout=5)
        assert version.status_code == 200
    assert away is not None
    assert away.status_code == 503
    assert "dustjacket status" in away.json()["detail"]
    assert reply.status_code == 200
    assert process()["pid"] != before
