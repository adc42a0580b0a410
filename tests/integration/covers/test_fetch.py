"""Verified downloads are cached; transient failures are fetched again by the next run."""

import hashlib
import tarfile
import time

import pyarrow.parquet as pq
import pytest
from aiohttp import web
from rich.console import Console

from dustjacket.cli import local_ingest
from dustjacket.covers.fetch import trim
from dustjacket.covers.step import INGEST_COVERS
from dustjacket.errors import BadInputError, NotReadyError
from dustjacket.settings import Settings
from tests.support.covers_run import folder_prefix, run, write_table
from tests.support.images import drawn, saved
from tests.support.web_server import serving

BODIES = [saved(drawn(seed)) for seed in range(30)]


class CoverHandler:
    """Serves covers by number; ``overrides`` are other responses, by number."""

    def __init__(self):
        self.overrides = {}

    async def __call__(self, request):
        number = int(request.path.split("/")[-1].split(".")[0])
        response = self.overrides.get(number)
        if callable(response):
            response = response(request)
        return response or web.Response(body=BODIES[number])


@pytest.fixture
def server():
    handler = CoverHandler()
    with serving(handler) as served:
        handler.served = served
        yield handler


def table_of(server, file, numbers):
    rows = [(f"Title {n}", f"Author {n}", server.served.url(f"{n}.jpg")) for n in numbers]
    return write_table(file, rows)


def assert_same_content(run_a, run_b):
    assert run_a.index.equals(run_b.index)
    assert run_a.shards() == run_b.shards()


def test_a_second_run_fetches_nothing_and_gives_the_same_files(tmp_path, server):
    table = table_of(server, tmp_path / "t.csv", range(20))
    parameters = {"cache": tmp_path / "cache", "covers_per_shard": 10}
    first = run(None, table, tmp_path / "one", **parameters)
    assert first.result.accepted == 20
    assert set(server.served.requests.values()) == {1}
    second = run(None, table, tmp_path / "two", **parameters)
    assert sum(server.served.requests.values()) == 20
    assert_same_content(first, second)


def test_a_later_run_fetches_only_new_urls_and_transient_failures(tmp_path, server):
    server.overrides = {
        1: lambda _: web.Response(status=503),
        2: lambda _: web.Response(status=404),
        3: lambda _: web.Response(text="<html>sign in</html>"),
    }
    cache = tmp_path / "cache"
    first = run(None, table_of(server, tmp_path / "t.csv", range(10)), tmp_path / "one", cache)
    assert first.reasons() == {
        "Title 1": "http_503", "Title 2": "http_404", "Title 3": "not_an_image"
    }  # fmt: skip
    assert first.result.retriable == 1
    assert first.result.facts().retriable == 1
    server.overrides = {}
    server.served.requests.clear()
    second = run(None, table_of(server, tmp_path / "t.csv", range(12)), tmp_path / "two", cache)
    assert dict(server.served.requests) == {"1.jpg": 1, "3.jpg": 1, "10.jpg": 1, "11.jpg": 1}
    assert second.reasons() == {"Title 2": "http_404"}
    assert second.result.accepted == 11
    assert second.result.content_hash != first.result.content_hash


def test_a_failed_run_loses_only_the_downloads_of_unfinished_shards(tmp_path, server, monkeypatch):
    table = table_of(server, tmp_path / "t.csv", range(30))
    parameters = {"cache": tmp_path / "cache", "covers_per_shard": 10}
    broken = tmp_path / "broken" / "shards"
    broken.mkdir(parents=True)
    (broken / "00002.tar").mkdir()  # not writable, so the last task fails
    with pytest.raises(Exception, match="00002"):
        run(None, table, tmp_path / "broken", **parameters)
    assert sum(server.served.requests.values()) >= 20
    pages = sorted((tmp_path / "cache" / "ledger").glob("*.parquet"))
    cached = {url for page in pages for url in pq.read_table(page)["url"].to_pylist()}
    requests = dict(server.served.requests)
    again = run(None, table, tmp_path / "again", **parameters)
    fresh = run(None, table, tmp_path / "fresh", covers_per_shard=10)
    assert again.result.accepted == 30
    for number in range(30):
        if server.served.url(f"{number}.jpg") in cached:
            assert server.served.requests[f"{number}.jpg"] - 1 == requests[f"{number}.jpg"]
    assert_same_content(again, fresh)


def test_cached_originals_are_verified_and_fetched_again_if_corrupt_or_missing(tmp_path, server):
    table, cache = table_of(server, tmp_path / "t.csv", range(5)), tmp_path / "cache"
    first = run(None, table, tmp_path / "one", cache)
    (page,) = (cache / "ledger").glob("*.parquet")
    for entry in pq.read_table(page).to_pylist():
        body = (cache / entry["tar"]).read_bytes()
        original = body[entry["tar_offset"] :][: entry["tar_size"]]
        assert original == BODIES[int(entry["url"].split("/")[-1][:-4])]
        assert hashlib.sha256(original).hexdigest() == entry["tar_sha256"]
    (tar,) = (cache / "tars").glob("*.tar")
    with tarfile.open(tar) as packed:
        assert len(packed.getnames()) == 5
    corrupt = bytearray(tar.read_bytes())
    corrupt[pq.read_table(page)["tar_offset"][3].as_py() + 100] ^= 1
    tar.write_bytes(corrupt)
    assert_same_content(first, run(None, table, tmp_path / "two", cache))
    assert sorted(server.served.requests.values()) == [1, 1, 1, 1, 2]
    tar.unlink()
    assert_same_content(first, run(None, table, tmp_path / "three", cache))


def test_a_url_that_several_rows_name_is_fetched_once(tmp_path, server):
    names = [f"{number % 12}.jpg" for number in range(29)]
    rows = [(f"Title {n}", "", server.served.url(name)) for n, name in enumerate(names)]
    table = write_table(tmp_path / "t.csv", rows)
    covers = run(None, table, tmp_path / "out", covers_per_shard=10)
    assert covers.result.accepted == len(rows)
    assert list(covers.index["url"]) == [url for _, _, url in rows]
    assert len(set(covers.index["group"])) == len(set(names))
    assert server.served.requests == dict.fromkeys(names, 1)


def test_private_addresses_are_refused_unless_allowed(tmp_path, server):
    rows = [
        ("Loopback", "", server.served.url("1.jpg")),
        ("Metadata", "", "http://169.254.169.254/latest/meta-data/"),
        ("By name", "", "http://localhost/1.jpg"),
    ]
    table = write_table(tmp_path / "t.csv", rows)
    with pytest.raises(BadInputError, match="address_refused: 2"):
        run(None, table, tmp_path / "out", private=False)
    assert not server.served.requests


@pytest.mark.faults
def test_ten_thousand_dead_urls_fail_fast_and_fail_only_above_the_share(tmp_path, server):
    dead = "http://127.0.0.1:9/"
    rows = [(f"Dead {n}", "", f"{dead}{n}.jpg") for n in range(10_000)]
    rows += [(f"Title {n}", "", server.served.url(f"{n}.jpg")) for n in range(10)]
    table = write_table(tmp_path / "t.csv", rows)
    began = time.monotonic()
    parameters = {"cache": tmp_path / "cache", "host_patience_s": 5}
    covers = run(None, table, tmp_path / "one", max_reject_share=0.9999, **parameters)
    assert time.monotonic() - began < 120
    assert covers.result.accepted == 10
    assert set(covers.result.by_reason) == {"connection_failed", "host_given_up"}
    assert covers.result.retriable == 10_000
    assert "10,000 are rejected (host_given_up" in covers.messages[-1]
    assert "may succeed later" in covers.messages[-1]
    with pytest.raises(NotReadyError, match=r"10,000 are rejected \(host_given_up: .*run it again"):
        run(None, table, tmp_path / "two", max_reject_share=0.5, **parameters)
    assert not (tmp_path / "two" / "index").exists()


def test_progress_is_reported(tmp_path, server):
    covers = run(None, table_of(server, tmp_path / "t.csv", range(5)), tmp_path / "out")
    assert covers.messages[1] == "5 rows name 5 images"
    assert covers.messages[-2].startswith("5 of 5 covers, ")
    assert covers.messages[-1] == "5 of 5 rows are covers, 0 are rejected"


def test_a_second_command_after_a_503_asks_for_the_failed_covers_only(
    tmp_path, server, monkeypatch
):
    for name in ("XDG_CACHE_HOME", "DUSTJACKET_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    trusting = Settings(_env_file=None, home=tmp_path / "home", allow_private_addresses=True)
    monkeypatch.setattr(local_ingest, "load_settings", lambda: trusting)
    server.overrides = {4: lambda _: web.Response(status=503)}
    given = {"source": str(table_of(server, tmp_path / "t.csv", range(8))), "max_reject_share": 0.5}
    first = local_ingest.ingest(INGEST_COVERS, given, tmp_path / "one", Console(quiet=True))
    assert (first.facts["accepted"], first.facts["retriable"]) == (7, 1)
    server.overrides = {}
    server.served.requests.clear()
    second = local_ingest.ingest(INGEST_COVERS, given, tmp_path / "two", Console(quiet=True))
    assert dict(server.served.requests) == {"4.jpg": 1}
    assert (second.facts["accepted"], second.facts["retriable"]) == (8, 0)


def test_of_downloads_that_are_too_many_those_of_other_runs_go_first(tmp_path, server):
    cache = tmp_path / "cache"
    old = run(None, table_of(server, tmp_path / "old.csv", range(5)), tmp_path / "one", cache)
    run(None, table_of(server, tmp_path / "new.csv", range(5, 10)), tmp_path / "two", cache)
    prefix = folder_prefix(cache)
    sizes = prefix.sizes("tars")
    newest = max(sizes, key=lambda tar: (cache / tar).stat().st_mtime)
    trim(prefix, {newest}, sum(sizes.values()))
    assert prefix.sizes("tars") == sizes
    trim(prefix, {newest}, sizes[newest])
    assert set(prefix.sizes("tars")) == {newest}
    trim(prefix, {newest}, sizes[newest] - 1)
    assert prefix.sizes("tars") == {}
    server.served.requests.clear()
    again = run(None, table_of(server, tmp_path / "old.csv", range(5)), tmp_path / "three", cache)
    assert sum(server.served.requests.values()) == 5
    assert_same_content(old, again)
