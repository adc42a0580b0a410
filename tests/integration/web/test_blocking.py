"""Many URLs are fetched within limits, and a host that keeps failing is given up."""

import asyncio
import gzip
import socket
import time
from functools import partial

import pytest
from aiohttp import web as server

from dustjacket.errors import BadInputError, NotReadyError
from dustjacket.settings import Settings
from dustjacket.web.blocking import download, fetch_many
from dustjacket.web.client import FetchLimits, WebClient
from dustjacket.web.failures import is_transient
from dustjacket.web.host_budget import HostBudget
from tests.support.web_server import responding, serving

SMALL = FetchLimits(max_bytes=100_000, deadline_s=2.0, retries=2, host_budget_s=1.0)


def many(urls, limits=SMALL, host_budget=None):
    return dict(fetch_many(urls, partial(WebClient, limits, private=True, host_budget=host_budget)))


def test_many_urls_are_fetched_within_the_limits_of_connections():
    async def handler(request):
        await asyncio.sleep(0.01)
        return server.Response(text=request.path)

    with serving(handler) as served:
        urls = [served.url(str(number)) for number in range(200)]
        results = many(urls, FetchLimits(connections=8, connections_per_host=4))
        assert results == {url: f"/{number}".encode() for number, url in enumerate(urls)}
        assert served.max_concurrent <= 4
        assert sum(served.requests.values()) == 200


def test_no_more_bodies_than_connections_wait_for_the_caller():
    with serving(responding(b"x")) as served:
        urls = [served.url(str(number)) for number in range(100)]
        limits = FetchLimits(connections=5)
        bodies = fetch_many(urls, partial(WebClient, limits, private=True))
        next(bodies)
        time.sleep(0.3)
        assert sum(served.requests.values()) <= 6
        assert len(list(bodies)) == 99


def test_closing_the_iterator_stops_the_fetching():
    with serving(responding(b"x")) as served:
        bodies = fetch_many(
            [served.url(str(number)) for number in range(1000)],
            partial(WebClient, SMALL, private=True),
        )
        next(bodies)
        bodies.close()
        assert sum(served.requests.values()) < 100


def test_ten_thousand_urls_of_a_dead_host_fail_in_seconds():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    began = time.monotonic()
    results = many([f"http://127.0.0.1:{port}/{number}.jpg" for number in range(10_000)])
    assert time.monotonic() - began < 30
    assert len(results) == 10_000
    assert set(results.values()) == {"connection_failed", "host_given_up"}
    assert all(is_transient(reason) for reason in results.values())


def test_an_unresponsive_host_is_given_up_and_does_not_delay_others():
    async def stall(request):
        await asyncio.sleep(60)

    limits = FetchLimits(deadline_s=0.5, connections=64, connections_per_host=4, host_budget_s=1)
    with serving(stall) as unresponsive, serving(responding(b"x")) as healthy:
        began = time.monotonic()
        results = many(
            [unresponsive.url(str(n)) for n in range(1000)]
            + [healthy.url(str(n)) for n in range(100)],
            limits,
        )
        assert time.monotonic() - began < 5
        assert sum(unresponsive.requests.values()) < 20
    assert sum(result == b"x" for result in results.values()) == 100
    assert set(results.values()) == {b"x", "timeout", "host_given_up"}


def test_a_host_that_was_given_up_gets_no_more_requests_in_the_same_run():
    with serving(responding(status=500)) as served:
        budget = HostBudget(0.1, 1, 1)
        many([served.url(str(n)) for n in range(300)], host_budget=budget)
        requests = sum(served.requests.values())
        results = many([served.url(f"again{n}") for n in range(300)], host_budget=budget)
        assert set(results.values()) == {"host_given_up"}
        assert sum(served.requests.values()) == requests


def test_a_host_that_always_sends_retry_after_is_given_up():
    with serving(responding(status=503, **{"Retry-After": "3600"})) as served:
        began = time.monotonic()
        results = many([served.url(str(n)) for n in range(200)])
        assert set(results.values()) == {"http_503", "host_given_up"}
        assert sum(served.requests.values()) < 50
    assert time.monotonic() - began < 5


def test_a_host_with_many_missing_files_is_not_given_up():
    with serving(responding(status=404)) as served:
        results = many([served.url(str(n)) for n in range(2000)])
        assert set(results.values()) == {"http_404"}


LOCAL = Settings(allow_private_addresses=True)


def test_a_file_is_downloaded_completely(tmp_path):
    listing = b'"1","1.jpg"\n' * 100_000
    with serving(responding(listing)) as served:
        download(served.url("listing.csv"), tmp_path / "listing.csv", LOCAL, 10 << 20)
    assert (tmp_path / "listing.csv").read_bytes() == listing
    assert [file.name for file in tmp_path.iterdir()] == ["listing.csv"]


def test_a_gz_file_stays_compressed_even_if_its_server_declares_an_encoding(tmp_path):
    packed = gzip.compress(b"rows")
    with serving(responding(packed, **{"Content-Encoding": "gzip"})) as served:
        download(served.url("listing.csv.gz"), tmp_path / "a", LOCAL, 1000)
        download(served.url("listing.csv"), tmp_path / "b", LOCAL, 1000)
    assert (tmp_path / "a").read_bytes() == packed
    assert (tmp_path / "b").read_bytes() == b"rows"


@pytest.mark.parametrize(
    ("status", "error", "cure"),
    [(404, BadInputError, "http_404.*check"), (503, NotReadyError, "http_503.*later")],
)
def test_a_failed_download_leaves_no_file_and_gives_its_reason(tmp_path, status, error, cure):
    headers = {"Retry-After": "100000"}
    with serving(responding(status=status, **headers)) as served, pytest.raises(error, match=cure):
        download(served.url("a.csv"), tmp_path / "a.csv", LOCAL, 1000)
    assert list(tmp_path.iterdir()) == []


def test_a_too_large_download_leaves_no_file(tmp_path):
    with (
        serving(responding(bytes(1001))) as served,
        pytest.raises(BadInputError, match="too_large"),
    ):
        download(served.url("a.csv"), tmp_path / "a.csv", LOCAL, 1000)
    assert list(tmp_path.iterdir()) == []
