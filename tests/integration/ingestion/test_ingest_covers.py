"""Covers through Spark and S3 to a published version, and back through its readers."""

import io
import json
import tarfile
from dataclasses import replace

import mlflow
import pytest
from aiohttp import web
from PIL import Image

from dustjacket.covers.ingest import ingest_covers
from dustjacket.covers.read import read_image, read_images, read_index
from dustjacket.errors import BadInputError, UnchangedError
from dustjacket.sample import make_sample
from dustjacket.storage.store import Store
from tests.support.covers_run import write_table
from tests.support.images import drawn, saved
from tests.support.web_server import serving

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def alone(alone):
    settings = alone.settings.model_copy(update={"allow_private_addresses": True})
    return replace(alone, settings=settings, store=Store(settings))


@pytest.fixture(scope="module")
def covers(alone):
    return lambda source, **given: alone.run(
        "ingest_covers", ingest_covers, source=str(source), **given
    )


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return make_sample(tmp_path_factory.mktemp("library"), rows=10, covers=200, seed=5)


@pytest.fixture(scope="module")
def messy(covers, library):
    return covers(library.covers, covers_per_shard=100)


def test_every_row_of_a_messy_set_is_a_cover_or_rejected(alone, messy):
    found = messy
    rejected = alone.table(found, "rejected")
    index = read_index(alone.store, found)
    assert found.facts["read"] == 200 == len(index) + len(rejected)
    assert found.rows == {"accepted": len(index), "rejected": len(rejected)}
    assert {"blank", "duplicate", "missing_image", "no_title", "not_an_image", "too_small",
            "truncated"} <= set(found.facts["rejected_by_reason"])  # fmt: skip
    assert set(found.schema_) == set(index.columns)
    by_key = dict(read_images(alone.store, found, index))
    assert list(by_key) == list(index["key"])
    for _, row in index.iloc[::20].iterrows():
        body = read_image(alone.store, found, row)
        assert body == by_key[row["key"]]
        assert Image.open(io.BytesIO(body)).size == (row["width"], row["height"])
    shard = alone.store.read(found, index["shard"].iloc[0])
    with tarfile.open(fileobj=io.BytesIO(shard)) as tar:
        about = json.load(tar.extractfile(f"{index['key'].iloc[0]}.json"))
    assert about["title"] == index["title"].iloc[0]
    pairs = alone.table(found, "duplicates")
    assert {pair["decision"] for pair in pairs} == {"joined", "rejected"}
    by_position = index.set_index("position")
    for pair in pairs:
        if pair["decision"] == "joined":
            sides = by_position.loc[[pair["position"], pair["other_position"]]]
            assert sides["group"].nunique() == sides["split"].nunique() == 1


def test_one_source_gives_the_same_files_again(covers, messy, library):
    again = covers(library.covers, covers_per_shard=100)

    def content(manifest):
        return [(e.size, e.sha256) for e in manifest.files if e.path.startswith("shards/")]

    assert messy.version.partition("-")[2] == again.version.partition("-")[2]
    assert messy.facts == again.facts
    assert content(messy) == content(again)


def test_a_run_is_tracked_with_examples_sizes_and_pictures(alone, messy):
    found = messy
    mlflow.set_tracking_uri(alone.settings.mlflow_uri)
    (run,) = mlflow.search_runs(
        experiment_names=["ingestion"], filter_string=f"tags.version = '{found.version}'",
        output_format="list",
    )  # fmt: skip
    assert run.data.metrics["covers.accepted"] == found.facts["accepted"]
    assert 300 <= run.data.metrics["covers.original_width.median"] <= 400
    assert run.data.metrics["covers.pairs.exact.rejected"] >= 1
    client = mlflow.MlflowClient()
    logged = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert {"covers.png", "rejected_covers.json", "duplicates.json"} <= logged


@pytest.mark.faults
def test_what_could_not_be_had_is_tried_again_and_no_version_is_published_for_nothing(
    alone, covers, tmp_path
):
    down = {2, 5}

    async def handler(request):
        number = int(request.path.strip("/"))
        if number in down:
            return web.Response(status=503)
        return web.Response(body=saved(drawn(number)))

    with serving(handler) as served:
        rows = [(f"Title {n}", "", served.url(str(n))) for n in range(8)]
        table = write_table(tmp_path / "t.csv", rows)
        first = covers(table)
        assert first.facts["rejected_by_reason"] == {"http_503": 2}
        assert first.facts["retriable"] == 2
        served.requests.clear()
        with pytest.raises(UnchangedError, match=r"same 6 covers.*2 still cannot be had"):
            covers(table)
        assert set(served.requests) == {"2", "5"}
        assert alone.store.newest("covers").version == first.version
        down.clear()
        served.requests.clear()
        second = covers(table)
        assert dict(served.requests) == {"2": 1, "5": 1}
    assert second.facts["accepted"] == 8
    assert second.facts["retriable"] == 0
    index = read_index(alone.store, second)
    assert list(index["url"]) == [url for _, _, url in rows]


def test_a_listing_on_the_web_names_covers_on_the_web(alone, covers):
    async def handler(request):
        if request.path == "/listing.csv":
            return web.Response(text=listing)
        return web.Response(body=saved(drawn(int(request.path[1]))))

    with serving(handler) as served:
        listing = "".join(
            f'"{n}","{n}.jpg","{served.url(str(n))}","Title {n}","","1","Art"\n' for n in range(3)
        )
        found = covers(served.url("listing.csv"))
    assert list(read_index(alone.store, found)["category"]) == ["Art"] * 3


def test_too_many_rejected_rows_publish_nothing_and_say_why(alone, covers, tmp_path):
    (tmp_path / "t.csv").write_text("title,image\n" + "Emma,a.jpg\n" * 3)
    before = alone.store.newest("covers").version
    with pytest.raises(BadInputError, match=r"0 of 3 rows are covers.*missing_image: 3"):
        covers(tmp_path)
    assert alone.store.newest("covers").version == before
