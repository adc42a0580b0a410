"""Covers are ingested through Spark and S3 and read back."""

import io
import json
import tarfile
from dataclasses import replace

import mlflow
import pytest
from aiohttp import web
from PIL import Image

from dustjacket.covers.read import read_image, read_images, read_index
from dustjacket.errors import BadInputError, UnchangedError
from dustjacket.sample import make_sample
from dustjacket.storage.store import Store
from tests.support.covers_run import write_table
from tests.support.images import drawn, saved
from tests.support.web_server import serving

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def steps(steps):
    settings = steps.settings.model_copy(update={"allow_private_addresses": True})
    return replace(steps, settings=settings, store=Store(settings))


@pytest.fixture(scope="module")
def covers(steps):
    return lambda source, **parameters: steps.run("ingest_covers", source=str(source), **parameters)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return make_sample(tmp_path_factory.mktemp("library"), rows=10, covers=200, seed=5)


@pytest.fixture(scope="module")
def messy(covers, library):
    return covers(library.covers, covers_per_shard=100)


def test_every_row_of_a_messy_source_is_accepted_or_rejected(steps, messy):
    rejected = steps.table(messy, "rejected")
    index = read_index(steps.store, messy)
    assert messy.facts["read"] == 200 == len(index) + len(rejected)
    assert messy.rows == {"accepted": len(index), "rejected": len(rejected)}
    assert {"blank", "duplicate", "missing_image", "no_title", "not_an_image", "too_small",
            "truncated"} <= set(messy.facts["rejected_by_reason"])  # fmt: skip
    assert set(messy.schema_) == set(index.columns)
    by_key = dict(read_images(steps.store, messy, index))
    assert list(by_key) == list(index["key"])
    for _, row in index.iloc[::20].iterrows():
        body = read_image(steps.store, messy, row)
        assert body == by_key[row["key"]]
        assert Image.open(io.BytesIO(body)).size == (row["width"], row["height"])
    shard = steps.store.read(messy, index["shard"].iloc[0])
    with tarfile.open(fileobj=io.BytesIO(shard)) as tar:
        sidecar = json.load(tar.extractfile(f"{index['key'].iloc[0]}.json"))
    assert sidecar["title"] == index["title"].iloc[0]
    pairs = steps.table(messy, "duplicates")
    assert {pair["decision"] for pair in pairs} == {"joined", "rejected"}
    by_position = index.set_index("position")
    for pair in pairs:
        if pair["decision"] == "joined":
            sides = by_position.loc[[pair["position"], pair["other_position"]]]
            assert sides["group"].nunique() == sides["split"].nunique() == 1


def test_the_same_source_gives_the_same_files(covers, messy, library):
    again = covers(library.covers, covers_per_shard=100)

    def content(manifest):
        return [(e.size, e.sha256) for e in manifest.files if e.path.startswith("shards/")]

    assert messy.version.partition("-")[2] == again.version.partition("-")[2]
    assert messy.facts == again.facts
    assert content(messy) == content(again)


def test_a_run_is_tracked_with_examples_sizes_and_images(steps, messy):
    mlflow.set_tracking_uri(steps.settings.mlflow_uri)
    (run,) = mlflow.search_runs(
        experiment_names=["ingestion"], filter_string=f"tags.version = '{messy.version}'",
        output_format="list",
    )  # fmt: skip
    assert run.data.metrics["covers.accepted"] == messy.facts["accepted"]
    assert 300 <= run.data.metrics["covers.original_width.median"] <= 400
    assert run.data.metrics["covers.pairs.exact.rejected"] >= 1
    client = mlflow.MlflowClient()
    logged = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert {"covers.png", "rejected_covers.json", "duplicates.json"} <= logged


@pytest.mark.faults
def test_transient_failures_are_retried_and_an_unchanged_result_is_not_published(
    steps, covers, tmp_path
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
        with pytest.raises(UnchangedError, match=r"same 6 covers.*2 still cannot be fetched"):
            covers(table)
        assert set(served.requests) == {"2", "5"}
        assert steps.store.newest("covers").version == first.version
        down.clear()
        served.requests.clear()
        second = covers(table)
        assert dict(served.requests) == {"2": 1, "5": 1}
    assert second.facts["accepted"] == 8
    assert second.facts["retriable"] == 0
    index = read_index(steps.store, second)
    assert list(index["url"]) == [url for _, _, url in rows]


def test_a_listing_on_the_web_may_name_covers_on_the_web(steps, covers):
    async def handler(request):
        if request.path == "/listing.csv":
            return web.Response(text=listing)
        return web.Response(body=saved(drawn(int(request.path[1]))))

    with serving(handler) as served:
        listing = "".join(
            f'"{n}","{n}.jpg","{served.url(str(n))}","Title {n}","","1","Art"\n' for n in range(3)
        )
        published = covers(served.url("listing.csv"))
    assert list(read_index(steps.store, published)["category"]) == ["Art"] * 3


def test_too_many_rejected_rows_fail_the_step(steps, covers, tmp_path):
    (tmp_path / "t.csv").write_text("title,image\n" + "Emma,a.jpg\n" * 3)
    before = steps.store.newest("covers").version
    with pytest.raises(BadInputError, match=r"0 of 3 rows are covers.*missing_image: 3"):
        covers(tmp_path)
    assert steps.store.newest("covers").version == before
