"""The Studio inside Airflow: who may use it, what Airflow is spared, and a process that is lost."""

import time

import httpx
import jwt
import pytest

from dustjacket.platform import supervision
from dustjacket.platform.credentials import load_credentials

pytestmark = pytest.mark.integration

OURS = {"X-Dustjacket": "studio"}
PLACES = (
    "", "index.html", "studio.js", "studio.css", "models", "metrics", "health", "openapi.json",
    "docs", "redoc", "covers/1/image", "nothing", "genre",
)  # fmt: skip
POSTS = ("genre", "covers/search", "match", "genre/batch", "feedback")


@pytest.fixture(scope="module")
def token(platform):
    login = {
        "username": platform.airflow_user,
        "password": platform.airflow_password.get_secret_value(),
    }
    reply = httpx.post(f"{platform.airflow_url}/auth/token", json=login)
    return reply.raise_for_status().json()["access_token"]


@pytest.fixture(scope="module")
def door(platform):
    with httpx.Client(base_url=f"{platform.airflow_url}/dustjacket/", timeout=30) as client:
        yield client


def changed(platform, token, **claims):
    """Return Airflow's own token, signed as it signs, with other claims."""
    secret = load_credentials(platform.home / "credentials.json").jwt_secret
    header = jwt.get_unverified_header(token)
    said = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode({**said, **claims}, secret, header["alg"], headers=header)


def statuses(door, **given):
    found = {door.get(place, **given).status_code for place in PLACES}
    return found | {door.post(place, **given).status_code for place in POSTS}


def bearer(token):
    return {"headers": {"Authorization": f"Bearer {token}"}}


def test_who_is_not_logged_in_sees_nothing(door):
    assert statuses(door) == {401}
    assert statuses(door, headers=OURS) == {401}
    assert door.request("OPTIONS", "genre", headers={"Origin": "http://x"}).status_code == 401


def test_a_token_that_has_expired_or_is_forged_sees_nothing(platform, door, token):
    assert statuses(door, **bearer(changed(platform, token))) != {401}, "as signed by Airflow"
    expired = changed(platform, token, exp=int(time.time()) - 3600)
    assert statuses(door, **bearer(expired)) <= {401, 403}
    forged = token[:-6] + ("A" * 6 if token[-6:] != "A" * 6 else "B" * 6)
    assert statuses(door, **bearer(forged)) <= {401, 403}
    assert statuses(door, cookies={"_token": expired}, headers=OURS) <= {401, 403}


def test_a_role_without_the_view_sees_nothing(platform, door, token):
    nobody = changed(platform, token, role=None)
    assert statuses(door, **bearer(nobody)) == {403}
    viewer = changed(platform, token, role="VIEWER")
    assert door.get("models", **bearer(viewer)).status_code == 200


def test_a_cookie_alone_changes_nothing(door, token):
    cookie = {"_token": token}
    assert door.get("models", cookies=cookie).status_code == 200
    for place in POSTS:
        refused = door.post(place, cookies=cookie)
        assert (refused.status_code, "X-Dustjacket" in refused.text) == (403, True), place
    told = door.post("genre", cookies=cookie, headers=OURS, json={"title": " "})
    assert told.status_code == 422


def test_the_studios_process_answers_nobody_without_its_secret(platform):
    for place in ("models", "metrics", "openapi.json", ""):
        assert httpx.get(f"{platform.studio_url}/{place}").status_code == 401


def test_answers_come_through_with_their_own_status(door, token):
    known = door.get("models", **bearer(token)).json()
    assert known["airflow"] is True
    page = door.get("", **bearer(token))
    assert "text/html" in page.headers["content-type"]
    assert "script-src 'self'" in page.headers["content-security-policy"]
    schema = door.get("openapi.json", **bearer(token)).json()
    assert {f"/{place}" for place in POSTS} <= set(schema["paths"])
    large = door.post("genre", content=b"x" * 70_000, **bearer(token))
    assert (large.status_code, large.headers["content-type"]) == (413, "application/problem+json")


def test_odd_paths_lead_nowhere(door, token):
    for path in ("//x", "/%2e%2e/x", "/a%0Ab", "/a%00b", "/a%3Fb", "/a%23b", "/%2e", "/x//y"):
        found = door.get(f"{str(door.base_url).rstrip('/')}{path}", **bearer(token))
        assert found.status_code == 404, path


def test_the_navigation_has_the_studio(platform, token):
    found = httpx.get(f"{platform.airflow_url}/api/v2/plugins", **bearer(token)).json()["plugins"]
    (ours,) = (plugin for plugin in found if plugin["name"] == "dustjacket")
    assert [view["url_route"] for view in ours["external_views"]] == ["studio"]
    errors = httpx.get(f"{platform.airflow_url}/api/v2/plugins/importErrors", **bearer(token))
    assert errors.json()["import_errors"] == []


def test_a_process_that_is_killed_comes_back_and_airflow_does_not_notice(platform, door, token):
    def process():
        found = supervision.processes(platform.home)
        return next(info for info in found if info["name"] == "studio")

    before = process()["pid"]
    supervision.control(platform.home).signalProcess("studio", "KILL")
    deadline, away = time.monotonic() + 60, None
    while time.monotonic() < deadline:
        reply = door.get("models", **bearer(token))
        if reply.status_code == 200:
            if away:
                break
        else:
            away = away or reply
            assert door.get("", **bearer(token)).status_code == 200, "the page is Airflow's"
        version = httpx.get(f"{platform.airflow_url}/api/v2/version", timeout=5)
        assert version.status_code == 200
    assert away is not None
    assert away.status_code == 503
    assert "dustjacket status" in away.json()["detail"]
    assert reply.status_code == 200
    assert process()["pid"] != before
