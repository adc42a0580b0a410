"""Requests to the Studio: what is no answer, what is a refusal, and who gets the token."""

import httpx
import pytest

from dustjacket.client.studio import RunningStudio
from dustjacket.errors import BadInputError, NotReadyError
from dustjacket.settings import Settings


def client(handler, **settings):
    given = {"studio_url": "http://127.0.0.1:9/", "studio_token": "t0ken", **settings}
    return RunningStudio(Settings(_env_file=None, **given), httpx.MockTransport(handler))


def replying(status, body=None):
    return client(lambda _: httpx.Response(status, json=body or {}))


def test_a_request_has_the_token_and_the_path():
    seen = []

    def handle(request):
        seen.append((str(request.url), request.headers["authorization"]))
        return httpx.Response(200, json={"genres": []})

    assert client(handle).post("genre", json={"title": "x"}) == {"genres": []}
    assert seen == [("http://127.0.0.1:9/genre", "Bearer t0ken")]


def test_nothing_is_sent_without_an_address():
    def refuse(request):
        raise AssertionError("sent")

    assert client(refuse, studio_url=None).post("genre", json={}) is None


@pytest.mark.parametrize("status", [401, 500, 502, 503])
def test_a_studio_that_cannot_answer_is_none(status):
    assert replying(status).post("genre", json={}) is None


def test_a_studio_that_is_not_there_is_none():
    def unreachable(request):
        raise httpx.ConnectError("refused")

    assert client(unreachable).get("covers/1/image") is None


@pytest.mark.parametrize("status", [404, 413, 422])
def test_a_refusal_is_an_error_with_its_reason(status):
    with pytest.raises(BadInputError, match=r"^no cover is of genre 'x'$"):
        replying(status, {"detail": "no cover is of genre 'x'"}).post("covers/search", json={})


def test_a_refusal_without_a_reason_names_the_status():
    with pytest.raises(BadInputError, match="status 404"):
        client(lambda _: httpx.Response(404, text="<html>")).get("x")


def test_too_many_requests_are_no_reason_to_load_models():
    with pytest.raises(NotReadyError, match="busy: the limit is 40"):
        replying(429, {"detail": "the limit is 40"}).post("genre", json={})
