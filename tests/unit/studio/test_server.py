"""Where the Studio listens, and what it answers to requests that no client would send."""

import socket
import threading
import time
from contextlib import ExitStack

import pytest
import uvicorn

from dustjacket.errors import BadInputError
from dustjacket.settings import Settings
from dustjacket.studio import server
from dustjacket.studio.server import serve
from tests.support.studio_case import make_app


def test_without_a_token_only_this_machine_is_served(tmp_path):
    settings = Settings(_env_file=None, home=tmp_path)
    with pytest.raises(BadInputError, match="DUSTJACKET_STUDIO_TOKEN"):
        serve(settings, "192.0.2.1", 1, None)


def test_one_token_for_callers_and_the_proxy_is_refused(tmp_path):
    settings = Settings(_env_file=None, home=tmp_path)
    with pytest.raises(BadInputError, match="DUSTJACKET_STUDIO_PROXY_TOKEN are the same"):
        serve(settings, "127.0.0.1", 1, "secret", "secret")


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """The port of a Studio that listens as its process does."""
    folder, given = tmp_path_factory.mktemp("served"), {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "create_app", lambda *_: make_app(folder))
        patch.setattr(server.uvicorn, "run", lambda app, **options: given.update(options, app=app))
        serve(Settings(_env_file=None, home=folder), "127.0.0.1", 0, None)
    listener = socket.create_server(("127.0.0.1", 0))
    running = uvicorn.Server(uvicorn.Config(**given))
    thread = threading.Thread(target=running.run, args=([listener],))
    thread.start()
    while not running.started:
        time.sleep(0.02)
    yield listener.getsockname()[1]
    running.should_exit = True
    thread.join()


def sent(port, request):
    """Return the status of each response to raw bytes, until the Studio closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(request)
        reply = b"".join(iter(lambda: connection.recv(65_536), b""))
    lines = [line for line in reply.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
    return [int(line.split()[1]) for line in lines]


def posting(*headers, body=b'{"title": "x"}'):
    own = ("Host: 127.0.0.1", "X-Dustjacket: x", "Content-Type: application/json")
    lines = ["POST /genre HTTP/1.1", *own, *headers, "", ""]
    return "\r\n".join(lines).encode() + body


WHOLE = posting("Content-Length: 14", "Connection: close")
SMUGGLED = b"0\r\n\r\nGET /models HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (["Content-Length: 5", "Transfer-Encoding: chunked"], SMUGGLED),
        (["Transfer-Encoding: chunked", "Content-Length: 5"], SMUGGLED),
        (["Content-Length: 14", "Content-Length: 5"], b'{"title": "x"}'),
        (["Content-Length: 5", "Transfer-Encoding: xchunked"], SMUGGLED),
        (["Transfer-Encoding: chunked, identity"], SMUGGLED),
        (["Content-Length: -1"], b'{"title": "x"}'),
        (["Content-Length: 0x0e"], b'{"title": "x"}'),
    ],
)
def test_a_request_of_unclear_length_is_refused_and_hides_no_other(port, headers, body):
    assert sent(port, WHOLE) == [200]
    assert sent(port, posting(*headers, body=body)) == [400]


DOTS = ("..", "%2e%2e", ".%2e", "%2E.", "%252e%252e", "..%00", "..;", "....")
SLASHES = ("/", "%2f", "%5c", "\\", "//", "%252f", "/./")


@pytest.mark.parametrize("dots", DOTS)
@pytest.mark.parametrize("place", ["", "covers/", "covers/1/"])
def test_no_spelling_of_a_path_leads_out_of_the_page(port, dots, place):
    for slash in SLASHES:
        for target in ("app.py", "page/../app.py", "etc/passwd"):
            path = f"/{place}{(dots + slash) * 6}{target}"
            request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
            (status,) = sent(port, request.encode())
            assert status in (400, 404, 405), path


def test_hundreds_of_half_requests_leave_room_for_whole_ones(port):
    with ExitStack() as halves:
        for number in range(400):
            half = halves.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
            half.sendall(posting("Content-Length: 14", body=b'{"tit' if number % 2 else b"")[:-1])
        for _ in range(5):
            assert sent(port, WHOLE) == [200]
