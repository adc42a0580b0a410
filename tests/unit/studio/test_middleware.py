"""Which requests are refused: without a token, from other sites, too large, too many."""

import asyncio
import base64

import pytest

from dustjacket.errors import BadInputError
from dustjacket.platform.tokens import change_tokens, new_token
from dustjacket.studio.middleware import BodyLimitMiddleware
from tests.support.studio_case import HEADERS, RICE, assert_problem, make_app, running


def test_a_body_that_is_too_large_is_refused_with_and_without_a_length(studio):
    assert_problem(studio.post("/genre", content=b"x" * 70_000), 413, "65,536")
    assert_problem(studio.post("/genre", content=(b"x" * 10_000 for _ in range(7))), 413)
    assert_problem(studio.post("/genre/batch", content=b"x" * 20_000_001), 413)


def test_requests_that_another_site_can_send_are_refused(studio):
    for path in ("/genre", "/covers/search", "/match", "/genre/batch", "/feedback"):
        studio.headers.pop("X-Dustjacket", None)
        assert_problem(studio.post(path, json=RICE, headers={}), 403, "X-Dustjacket")
    studio.headers.update(HEADERS)


def test_with_a_token_callers_must_send_it(tmp_path):
    with running(make_app(tmp_path, "secret-token")) as client:
        assert client.get("/health").status_code == 200
        basic = base64.b64encode(b"anybody:secret-token").decode()
        wrong = base64.b64encode(b"secret-token:").decode()
        for path in ("/", "/models", "/openapi.json", "/metrics", "/covers/1/image", "/studio.js"):
            for sent in (None, "Bearer no", "Bearer", f"Basic {wrong}", "Basic *", "secret-token"):
                headers = {"Authorization": sent} if sent else {}
                response = client.get(path, headers=headers)
                assert_problem(response, 401, "token")
                assert response.headers["www-authenticate"].startswith("Basic")
        for sent in (f"Basic {basic}", "Bearer secret-token"):
            assert client.get("/models", headers={"Authorization": sent}).status_code == 200


def test_a_user_above_the_rate_must_wait_and_others_need_not(tmp_path):
    headers = {**HEADERS, "Authorization": "Bearer proxy", "X-Dustjacket-User": "one"}
    app = make_app(tmp_path, "secret", "proxy", studio_rate="3/minute")
    with running(app, headers) as client:
        statuses = [client.post("/genre", json=RICE).status_code for _ in range(5)]
        assert statuses == [200] * 3 + [429] * 2
        refused = client.post("/genre", json=RICE)
        assert_problem(refused, 429)
        assert int(refused.headers["retry-after"]) > 0
        other = client.post("/genre", json=RICE, headers={"X-Dustjacket-User": "another"})
        assert other.status_code == 200
        assert client.get("/models").json()["airflow"] is True


@pytest.mark.parametrize("proxy_token", [None, "proxy"])
def test_a_persons_token_does_not_let_its_holder_choose_an_identity(tmp_path, proxy_token):
    headers = {**HEADERS, "Authorization": "Bearer secret"}
    app = make_app(tmp_path, "secret", proxy_token, studio_rate="3/minute")
    with running(app, headers) as client:
        named = [{"X-Dustjacket-User": f"name-{place}"} for place in range(6)]
        statuses = [client.post("/genre", json=RICE, headers=name).status_code for name in named]
        assert statuses == [200] * 3 + [429] * 3
        assert client.get("/models", headers=named[0]).json()["airflow"] is False


def test_a_caller_without_the_proxy_cannot_choose_its_identity(tmp_path):
    with running(make_app(tmp_path, studio_rate="1/minute")) as client:
        named = [{"X-Dustjacket-User": name} for name in ("one", "another")]
        statuses = [client.post("/genre", json=RICE, headers=name).status_code for name in named]
        assert statuses == [200, 429]
        assert client.get("/models", headers=named[0]).json()["airflow"] is False


def test_pictures_above_the_rate_are_refused_and_those_of_a_page_are_not(tmp_path):
    with running(make_app(tmp_path, studio_rate="4/minute")) as client:
        shown = client.post("/covers/search", json={**RICE, "top": 12}).json()["covers"]
        assert {client.get("/" + cover["image"]).status_code for cover in shown} == {200}
        refused = client.get("/" + shown[0]["image"])
        assert_problem(refused, 429, "12 per 1 minute")
        assert int(refused.headers["retry-after"]) > 0
        assert client.post("/genre", json=RICE).status_code == 200, "a rate of its own"
        assert {client.get("/health").status_code for _ in range(20)} == {200}, "is watched"


def test_an_invalid_rate_is_an_error_of_one_line(tmp_path):
    with (
        pytest.raises(BadInputError, match="DUSTJACKET_STUDIO_RATE='often'"),
        running(make_app(tmp_path, studio_rate="often")),
    ):
        pass


def test_only_a_few_large_requests_run_at_once():
    entered, leave = [], asyncio.Event()

    async def slow(scope, receive, send):
        entered.append(scope["path"])
        await leave.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    async def send_all():
        limited, statuses = BodyLimitMiddleware(slow, {"/match": 100}), []

        async def request(path):
            async def send(message):
                if message["type"] == "http.response.start":
                    statuses.append((path, message["status"]))

            scope = {"type": "http", "path": path, "headers": [], "method": "POST"}
            await limited(scope, None, send)

        tasks = [asyncio.create_task(request("/match")) for _ in range(6)]
        tasks.append(asyncio.create_task(request("/genre")))
        await asyncio.sleep(0.05)
        leave.set()
        await asyncio.gather(*tasks)
        await request("/match")
        return statuses

    statuses = asyncio.run(send_all())
    assert statuses.count(("/match", 429)) == 2
    assert statuses.count(("/match", 200)) == 5
    assert ("/genre", 200) in statuses


@pytest.mark.parametrize("secrets", [(), ("secret", "proxy")])
def test_a_named_token_may_do_what_its_scopes_allow(tmp_path, secrets):
    record, token = new_token("script", ["ask"])
    with change_tokens(tmp_path) as tokens:
        tokens["script"] = record
    headers = {"Authorization": f"Bearer {token}", "X-Dustjacket-User": "ann"}
    with running(make_app(tmp_path, *secrets), headers) as client:
        assert client.post("/genre", json=RICE).status_code == 200
        assert client.get("/models").json()["airflow"] is False, "it names no user"
        assert_problem(client.post("/create", json=RICE), 403, "'create'")
        assert_problem(client.post("/review", json={}), 403, "as a person")
        with change_tokens(tmp_path) as tokens:
            tokens.clear()
        assert_problem(client.post("/genre", json=RICE), 401, "removed")
