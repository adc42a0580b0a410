"""What was fetched and verified is not fetched again; what failed is, if that may pass."""

import hashlib
import tarfile
import time

import pyarrow.parquet as pq
import pytest
from aiohttp import web

from dustjacket.errors import BadInputError, NotReadyError
from tests.support.covers_run import run, write_table
from tests.support.images import drawn, saved
from tests.support.web_server import serving

BODIES = [saved(drawn(seed)) for seed in range(30)]


class Shelf:
    """Serves covers by number; what it does instead for some of them can be changed."""

    def __init__(self):
        self.instead = {}

    async def __call__(self, request):
        number = int(request.path.split("/")[-1].split(".")[0])
        answer = self.instead.get(number)
        if callable(answer):
            answer = answer(request)
        return answer or web.Response(body=BODIES[number])


@pytest.fixture
def shelf():
    handler = Shelf()
    with serving(handler) as served:
        handler.served = served
        yield handler


def listed(shelf, file, numbers):
    rows = [(f"Title {n}", f"Author {n}", shelf.served.url(f"{n}.jpg")) for n in numbers]
    return write_table(file, rows)


def same_content(one, other):
    assert one.index.equals(other.index)
    assert one.shards() == other.shards()


def test_a_second_run_asks_for_nothing_and_gives_the_same(spark, tmp_path, shelf):
    table = listed(shelf, tmp_path / "t.csv", range(20))
    given = {"cache": tmp_path / "cache", "covers_per_shard": 10}
    first = run(spark, table, tmp_path / "one", **given)
    assert first.result.accepted == 20
    assert set(shelf.served.requests.values()) == {1}
    second = run(spark, table, tmp_path / "two", **given)
    assert sum(shelf.served.requests.values()) == 20
    same_content(first, second)


def test_a_later_run_asks_only_for_what_is_new_or_failed_for_now(spark, tmp_path, shelf):
    shelf.instead = {
        1: lambda _: web.Response(status=503),
        2: lambda _: web.Response(status=404),
        3: lambda _: web.Response(text="<html>sign in</html>"),
    }
    cache = tmp_path / "cache"
    first = run(spark, listed(shelf, tmp_path / "t.csv", range(10)), tmp_path / "one", cache)
    assert first.reasons() == {
        "Title 1": "http_503", "Title 2": "http_404", "Title 3": "not_an_image"
    }  # fmt: skip
    assert first.result.retriable == 1
    assert first.result.facts()["retriable"] == 1
    shelf.instead = {}
    shelf.served.requests.clear()
    second = run(spark, listed(shelf, tmp_path / "t.csv", range(12)), tmp_path / "two", cache)
    assert dict(shelf.served.requests) == {"1.jpg": 1, "3.jpg": 1, "10.jpg": 1, "11.jpg": 1}
    assert second.reasons() == {"Title 2": "http_404"}
    assert second.result.accepted == 11
    assert second.result.content != first.result.content


def test_a_run_that_is_stopped_loses_only_the_shards_it_was_at(spark, tmp_path, shelf, monkeypatch):
    table = listed(shelf, tmp_path / "t.csv", range(30))
    given = {"cache": tmp_path / "cache", "covers_per_shard": 10}
    broken = tmp_path / "broken" / "shards"
    broken.mkdir(parents=True)
    (broken / "00002.tar").mkdir()  # nothing can be written there, so the last task fails
    with pytest.raises(Exception, match="00002"):
        run(spark, table, tmp_path / "broken", **given)
    assert sum(shelf.served.requests.values()) >= 20
    pages = sorted((tmp_path / "cache" / "ledger").glob("*.parquet"))
    known = {url for page in pages for url in pq.read_table(page)["url"].to_pylist()}
    asked = dict(shelf.served.requests)
    again = run(spark, table, tmp_path / "again", **given)
    fresh = run(spark, table, tmp_path / "fresh", covers_per_shard=10)
    assert again.result.accepted == 30
    for number in range(30):
        if shelf.served.url(f"{number}.jpg") in known:
            assert shelf.served.requests[f"{number}.jpg"] - 1 == asked[f"{number}.jpg"]
    same_content(again, fresh)


def test_originals_are_kept_whole_and_checksummed_and_a_spoilt_one_is_fetched_again(
    spark, tmp_path, shelf
):
    table, cache = listed(shelf, tmp_path / "t.csv", range(5)), tmp_path / "cache"
    first = run(spark, table, tmp_path / "one", cache)
    (page,) = (cache / "ledger").glob("*.parquet")
    for entry in pq.read_table(page).to_pylist():
        body = (cache / entry["tar"]).read_bytes()
        original = body[entry["tar_offset"] :][: entry["tar_size"]]
        assert original == BODIES[int(entry["url"].split("/")[-1][:-4])]
        assert hashlib.sha256(original).hexdigest() == entry["tar_sha256"]
    (tar,) = (cache / "tars").glob("*.tar")
    with tarfile.open(tar) as packed:
        assert len(packed.getnames()) == 5
    spoilt = bytearray(tar.read_bytes())
    spoilt[pq.read_table(page)["tar_offset"][3].as_py() + 100] ^= 1
    tar.write_bytes(spoilt)
    same_content(first, run(spark, table, tmp_path / "two", cache))
    assert sorted(shelf.served.requests.values()) == [1, 1, 1, 1, 2]
    tar.unlink()
    same_content(first, run(spark, table, tmp_path / "three", cache))


def test_rows_that_name_one_address_fetch_it_once_whatever_their_shard(spark, tmp_path, shelf):
    names = [f"{number % 12}.jpg" for number in range(29)]
    rows = [(f"Title {n}", "", shelf.served.url(name)) for n, name in enumerate(names)]
    table = write_table(tmp_path / "t.csv", rows)
    found = run(spark, table, tmp_path / "out", covers_per_shard=10)
    assert found.result.accepted == len(rows)
    assert list(found.index["url"]) == [url for _, _, url in rows]
    assert len(set(found.index["group"])) == len(set(names))
    assert shelf.served.requests == dict.fromkeys(names, 1)


def test_private_addresses_are_refused_without_the_setting(spark, tmp_path, shelf):
    rows = [
        ("Loopback", "", shelf.served.url("1.jpg")),
        ("Metadata", "", "http://169.254.169.254/latest/meta-data/"),
        ("By name", "", "http://localhost/1.jpg"),
    ]
    table = write_table(tmp_path / "t.csv", rows)
    with pytest.raises(BadInputError, match="address_refused: 2"):
        run(spark, table, tmp_path / "out", private=False)
    assert not shelf.served.requests


@pytest.mark.faults
def test_ten_thousand_dead_addresses_end_soon_and_fail_only_past_the_share(spark, tmp_path, shelf):
    dead = "http://127.0.0.1:9/"
    rows = [(f"Dead {n}", "", f"{dead}{n}.jpg") for n in range(10_000)]
    rows += [(f"Title {n}", "", shelf.served.url(f"{n}.jpg")) for n in range(10)]
    table = write_table(tmp_path / "t.csv", rows)
    began = time.monotonic()
    given = {"cache": tmp_path / "cache", "host_patience_s": 5}
    found = run(spark, table, tmp_path / "one", max_reject_share=0.9999, **given)
    assert time.monotonic() - began < 120
    assert found.result.accepted == 10
    assert set(found.result.by_reason) == {"connection_failed", "host_given_up"}
    assert found.result.retriable == 10_000
    assert "10,000 are rejected (host_given_up" in found.said[-1]
    assert "may be had another time" in found.said[-1]
    with pytest.raises(NotReadyError, match=r"10,000 are rejected \(host_given_up: .*run it again"):
        run(spark, table, tmp_path / "two", max_reject_share=0.5, **given)
    assert not (tmp_path / "two" / "index").exists()


def test_a_run_says_how_far_it_is(spark, tmp_path, shelf):
    found = run(spark, listed(shelf, tmp_path / "t.csv", range(5)), tmp_path / "out")
    assert found.said[0] == "5 rows name 5 images"
    assert found.said[-2].startswith("5 of 5 covers, ")
    assert found.said[-1] == "5 of 5 rows are covers, 0 are rejected"
