"""The cover at an address is erased: from S3, from the cache of downloads, and for good."""

import csv
import io
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest
from aiohttp import web

from dustjacket.covers.read import read_images, read_index
from dustjacket.covers.step import INGEST_COVERS
from dustjacket.labelling.decisions import StoredDecision, now, read_decisions, store_decision
from dustjacket.pipeline.job import Job
from dustjacket.pipeline.plan import plan_step
from dustjacket.pipeline.team_defaults import TeamDefaults
from dustjacket.records.erased import ERASED
from dustjacket.sources.roots import allow
from dustjacket.storage.store import Store
from dustjacket.upkeep.forget import forget
from tests.support.images import drawn, saved
from tests.support.listings import ingest
from tests.support.web_server import serving

pytestmark = pytest.mark.integration
BODIES = [saved(drawn(seed), "PNG") for seed in range(3)]


@pytest.fixture
def own(store):
    """A bucket of the S3 server, from whose covers private addresses may be fetched."""
    settings = {"bucket": "forget", "allow_private_addresses": True, "mlflow_uri": None}
    own = Store(store.settings.model_copy(update=settings))
    own.ensure_bucket()
    return own


def ingest_covers(store, source):
    given = {"source": str(source), "max_reject_share": 1}
    plan = plan_step(INGEST_COVERS, store, TeamDefaults(), datetime.now(UTC), given)
    job = Job.of(plan, store)
    job.step.load_function()(job, None)
    return store.manifest(job.draft.kind, job.draft.version)


def holding(store, *wanted):
    """Return the objects that hold bytes, as they are or in a table."""
    found = []
    for key, _ in store.keys(""):
        body = store.get(key)
        if key.endswith(".parquet"):
            body += repr(pq.read_table(io.BytesIO(body)).to_pylist()).encode()
        found += [key] if any(word in body for word in wanted) else []
    return found


def test_the_cover_at_an_address_goes_and_the_book_stays(own, tmp_path):
    async def picture(request):
        return web.Response(body=BODIES[int(request.path[1]) % 3])

    with serving(picture) as server:
        rows = [(f"Book {n}", "Ada Stern", "Art", server.url(f"{n}.png")) for n in range(3)]
        listing = tmp_path / "listing"
        listing.mkdir()
        (listing / "other.pdf").write_bytes(b"%PDF")

        def write(rows):
            with (listing / "books.csv").open("w", newline="") as out:
                csv.writer(out).writerows([("title", "author", "genre", "image_url"), *rows])

        write(rows)
        allow(str(listing), own.settings)
        covers = ingest_covers(own, listing)
        ingest(listing, own)
        images = dict(read_images(own, covers, read_index(own, covers)))
        address = server.url("1.png")
        wanted = address.encode(), BODIES[1], images["00000002"]
        assert {key.partition("/")[0] for key in holding(own, *wanted)} >= {
            "catalog", "covers", "fetched", "sources"
        }  # fmt: skip
        store_decision(own, StoredDecision("", "Book 1", "Ada Stern", "Art", "ada", now(), "kept"))
        forget(own, address, "ada", print, apply=True)
        assert [decision.title for decision in read_decisions(own)] == ["Book 1"]
        assert holding(own, *wanted) == []
        assert list(read_index(own, own.newest("covers"))["title"]) == ["Book 0", "Book 2"]
        fetched = dict(server.requests)
        # The same picture comes again, from another address.
        write([*rows, ("Other", "Bo Lee", "Art", server.url("4.png"))])
        again = ingest_covers(own, listing)
        assert again.facts["rejected_by_reason"] == {ERASED: 2}
        assert dict(server.requests) == fetched | {"4.png": 1}, "the others are from the cache"
        assert holding(own, BODIES[1], images["00000002"], address.encode()) == []
        assert ingest(listing, own).book("Book 1")["image_url"] == ""
        assert list(own.keys("sources/")) == [], "no copy of either ingestion"
