"""The client trusts neither addresses nor servers, and every failure has a reason."""

import asyncio
import gzip
import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web as server
from aiohttp.abc import AbstractResolver
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.web.client import FetchLimits, WebClient
from dustjacket.web.failures import WebError, is_transient
from tests.support.web_server import responding, serving, serving_bytes

SMALL = FetchLimits(max_bytes=100_000, deadline_s=2.0, retries=2, host_budget_s=1.0)
LOOPBACK = {"may_connect": lambda address: address == "127.0.0.1", "ports": range(1, 65536)}


def get(url, limits=SMALL, **options):
    """Return the body at ``url``, or the reason of the failure."""

    async def fetch():
        async with WebClient(limits, **options) as client:
            return await client.get(url)

    try:
        return asyncio.run(fetch())
    except WebError as error:
        return error.reason


class FixedResolver(AbstractResolver):
    """Resolves every host name to the next of ``addresses``; the last one repeats."""

    def __init__(self, *addresses):
        self.addresses = list(addresses)

    async def resolve(self, host, port=0, family=socket.AF_INET):  # noqa: ARG002
        address = self.addresses.pop(0) if len(self.addresses) > 1 else self.addresses[0]
        return [
            {"hostname": host, "host": address, "port": port, "family": socket.AF_INET,
             "proto": 0, "flags": socket.AI_NUMERICHOST}
        ]  # fmt: skip

    async def close(self):
        pass


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://169.254.169.254/latest/meta-data/", "address_refused"),
        ("http://127.0.0.1/", "address_refused"),
        ("http://[::1]/", "address_refused"),
        ("http://[::ffff:127.0.0.1]/", "address_refused"),
        ("http://localhost/", "address_refused"),
        ("http://2130706433/", "address_refused"),
        ("http://0177.0.0.1/", "address_refused"),
        ("http://0x7f.0.0.1/", "address_refused"),
        ("http://0x7f000001/", "address_refused"),
        ("http://127.1/", "address_refused"),
        ("http://①②⑦.0.0.1/", "address_refused"),
        ("http://\uff11\uff12\uff17.\uff10.\uff10.\uff11/", "address_refused"),
        ("http://127\u30020\u30020\u30021/", "address_refused"),
        ("http://127.0.0.1./", "address_refused"),
        ("http://0.0.0.0/", "address_refused"),
        ("http://0/", "address_refused"),
        ("http://[::]/", "address_refused"),
        ("http://[::ffff:7f00:1]/", "address_refused"),
        ("http://[0:0:0:0:0:0:0:1]/", "address_refused"),
        ("http://example.org\\@127.0.0.1/", "bad_url"),
        ("http://example.org@127.0.0.1/", "credentials_in_url"),
        ("gopher://127.0.0.1/", "bad_scheme"),
        ("file:///etc/passwd", "bad_scheme"),
        ("ftp://example.org/a.jpg", "bad_scheme"),
        ("http://me:secret@example.org/a.jpg", "credentials_in_url"),
        ("http://me@example.org/a.jpg", "credentials_in_url"),
        ("http://example.org:22/a.jpg", "port_refused"),
        ("http://example.org:99999/a.jpg", "bad_url"),
        ("http:///a.jpg", "bad_url"),
        ("http://[::1/a.jpg", "bad_url"),
        (f"http://{'a' * 70}.example/", "bad_url"),
        ("http://a..example/", "bad_url"),
        ("http://example.org/" + "a" * 5000, "bad_url"),
    ],
)
def test_a_forbidden_url_is_refused_for_its_reason(url, reason):
    assert get(url) == reason
    assert not is_transient(reason)


@given(st.text(max_size=60) | st.text("htps:/[]@%.0123456789x#?&\\ \t", max_size=60))
def test_any_text_in_place_of_a_url_fails_with_a_reason(text):
    async def check():
        async with WebClient(SMALL, resolver=FixedResolver("127.0.0.1")) as client:
            with pytest.raises(WebError):
                await client.get(text)

    asyncio.run(check())


def test_a_host_name_that_resolves_to_a_metadata_service_is_refused():
    assert (
        get("http://covers.example/a.jpg", resolver=FixedResolver("169.254.169.254"))
        == "address_refused"
    )


def test_a_host_name_that_resolves_differently_the_second_time_is_refused():
    with serving(responding("x", Connection="close")) as served:

        async def twice():
            resolver = FixedResolver("127.0.0.1", "127.0.0.2")
            async with WebClient(SMALL, resolver=resolver, **LOOPBACK) as client:
                client._session.connector._use_dns_cache = False
                url = f"http://covers.example:{served.port}/"
                assert await client.get(url) == b"x"
                with pytest.raises(WebError, match="address_refused"):
                    await client.get(url)

        asyncio.run(twice())


def test_of_two_addresses_in_one_answer_the_inner_one_is_never_connected_to():
    class Both(FixedResolver):
        async def resolve(self, host, port=0, family=socket.AF_INET):
            return [
                row
                for address in self.addresses
                for row in await FixedResolver(address).resolve(host, port, family)
            ]

    checked = []

    def is_outside(address):
        checked.append(address)
        return address != "127.0.0.1"

    with serving(responding("inside")) as served:
        for addresses in (("127.0.0.9", "127.0.0.1"), ("127.0.0.1", "127.0.0.9")):
            reason = get(
                f"http://covers.example:{served.port}/", FetchLimits(retries=0, deadline_s=5),
                may_connect=is_outside, ports=range(1, 65536), resolver=Both(*addresses),
            )  # fmt: skip
            assert reason in ("address_refused", "connection_failed")
        assert served.requests.total() == 0
    assert "127.0.0.1" in checked


def test_private_addresses_are_fetched_if_they_are_allowed():
    with serving(responding("inside")) as served:
        assert get(served.url()) == "port_refused"
        assert get(served.url(), private=True) == b"inside"


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("http://169.254.169.254/latest/", "address_refused"),
        ("http://127.0.0.2/", "address_refused"),
        ("http://2130706434/", "address_refused"),
        ("http://[::ffff:127.0.0.2]/", "address_refused"),
        ("//127.0.0.2/a.jpg", "address_refused"),
        ("file:///etc/passwd", "bad_scheme"),
        ("gopher://127.0.0.1/", "bad_scheme"),
        ("http://a:b@127.0.0.1/", "credentials_in_url"),
        ("/", "too_many_redirects"),
    ],
)
def test_a_redirect_is_checked_like_the_first_address(target, reason):
    with serving(responding(status=302, Location=target)) as served:
        assert get(served.url(), **LOOPBACK) == reason
        assert served.requests[""] <= 6


def test_redirects_within_bounds_are_followed():
    async def handler(request):
        if request.path == "/4":
            return server.Response(body=b"here")
        raise server.HTTPFound(str(int(request.path.lstrip("/") or 0) + 1))

    with serving(handler) as served:
        assert get(served.url(), private=True) == b"here"


def test_a_proxy_of_the_environment_is_not_used(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with serving(responding("direct")) as served:
        assert get(served.url(), private=True) == b"direct"


def test_cookies_are_not_kept():
    async def handler(request):
        return server.Response(text=str("Cookie" in request.headers), headers={"Set-Cookie": "a=b"})

    async def twice(url):
        async with WebClient(SMALL, private=True) as client:
            return [await client.get(url), await client.get(url)]

    with serving(handler) as served:
        assert asyncio.run(twice(f"http://localhost:{served.port}/")) == [b"False", b"False"]


@pytest.mark.parametrize(
    ("status", "tries"), [(404, 1), (403, 1), (410, 1), (204, 1), (500, 3), (503, 3), (429, 3)]
)
def test_only_transient_failures_are_retried(status, tries):
    with serving(responding(status=status)) as served:
        reason = get(served.url(), private=True)
        assert reason == f"http_{status}"
        assert served.requests[""] == tries
        assert is_transient(reason) == (tries > 1)


def test_a_body_is_fetched_at_the_second_try():
    async def handler(request):
        return server.Response(body=b"x", status=503 if served.requests[""] == 1 else 200)

    with serving(handler) as served:
        assert get(served.url(), private=True) == b"x"


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_respected(as_date):
    came = []

    async def handler(request):
        came.append(time.monotonic())
        date = datetime.now(UTC) + timedelta(seconds=2)
        wait = format_datetime(date, usegmt=True) if as_date else "1"
        return server.Response(status=429 if len(came) == 1 else 200, headers={"Retry-After": wait})

    with serving(handler) as served:
        assert get(served.url(), FetchLimits(deadline_s=5), private=True) == b""
    assert came[1] - came[0] >= 0.9


@pytest.mark.parametrize("retry_after", ["100000", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_retry_after_beyond_the_deadline_ends_the_retries(retry_after):
    with serving(responding(status=503, **{"Retry-After": retry_after})) as served:
        began = time.monotonic()
        assert get(served.url(), private=True) == "http_503"
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("retry_after", ["soon", "-5", "²", "1e9"])
def test_an_invalid_retry_after_is_ignored(retry_after):
    with serving(responding(status=503, **{"Retry-After": retry_after})) as served:
        assert get(served.url(), private=True) == "http_503"
        assert served.requests[""] == 3


def test_a_body_announced_as_too_large_is_not_read():
    with serving_bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\n") as served:
        assert get(served.url(), private=True) == "too_large"


def test_an_endless_body_is_cut_off():
    def endless():
        yield b"HTTP/1.1 200 OK\r\n\r\n"
        while True:
            yield b"x" * 50_000

    with serving_bytes(endless) as served:
        assert get(served.url(), private=True) == "too_large"


def test_a_body_longer_than_its_content_length_is_a_bad_response():
    with serving_bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nxxyyyyy") as served:
        assert get(served.url(), private=True) == "bad_response"


def test_a_body_that_ends_early_is_a_failed_connection():
    with serving_bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", stays_s=0) as served:
        assert get(served.url(), private=True) == "connection_failed"


def test_a_slow_body_ends_at_the_deadline():
    def drip():
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"
        while True:
            yield b"x"

    with serving_bytes(drip) as served:
        began = time.monotonic()
        assert get(served.url(), FetchLimits(deadline_s=1), private=True) == "timeout"
        assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "reply", [b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"a" * 9999]
)
def test_a_reply_that_is_not_http_is_a_bad_response(reply):
    with serving_bytes(reply) as served:
        assert get(served.url(), private=True) == "bad_response"


def test_a_refused_connection_is_a_failed_connection():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert get(f"http://127.0.0.1:{port}/", private=True) == "connection_failed"


def test_an_unknown_host_name_is_a_dns_failure():
    assert get("http://covers.invalid/a.jpg") == "dns_failure"


def test_an_encoded_body_is_decoded_and_bounded():
    bomb = gzip.compress(bytes(50 << 20))
    assert len(bomb) < SMALL.max_bytes
    for encoded, expected in [
        (gzip.compress(b"cover"), b"cover"),
        (gzip.compress(b"cover")[:-9], "bad_encoding"),
        (b"no gzip", "bad_encoding"),
        (bomb, "too_large"),
    ]:
        with serving(responding(encoded, **{"Content-Encoding": "gzip"})) as served:
            assert get(served.url(), private=True) == expected
    with serving(responding(b"x", **{"Content-Encoding": "zstd"})) as served:
        assert get(served.url(), private=True) == "unsupported_encoding"


@pytest.mark.parametrize("value", ["none", "UTF-8", "binary", "8bit", "image/jpeg"])
def test_what_names_no_content_coding_is_ignored(value):
    with serving(responding(b"cover", **{"Content-Encoding": value})) as served:
        assert get(served.url(), private=True) == b"cover"
