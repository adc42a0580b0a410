"""A listing through Spark and S3 gives what it gives in one process."""

import random
from operator import itemgetter

import pytest

from dustjacket.catalog import chunks, write
from dustjacket.catalog.read import BOOKS, read_books
from dustjacket.sample.listing import write_listing
from tests.support.listings import ingest, store_in

pytestmark = pytest.mark.integration


def test_spark_and_one_process_write_the_same_files(steps, tmp_path, monkeypatch):
    listing = tmp_path / "listing.csv"
    write_listing(listing, 3000, random.Random(5))
    alone = ingest(listing, store_in(tmp_path / "alone"))
    monkeypatch.setattr(chunks, "PART_BYTES", 100_000)
    monkeypatch.setattr(write, "_ROWS_PER_FILE", 1000)
    on_spark = steps.run("ingest_catalog", source=str(listing), accept_changes=True)
    assert on_spark.facts == alone.manifest.facts
    assert on_spark.schema_ == alone.manifest.schema_
    assert sum(entry.path.startswith(f"{BOOKS}/") for entry in on_spark.files) == 3
    # Spark reads the largest file first.
    for folder, rows in ((BOOKS, alone.books), (write.REJECTED, alone.rejected)):
        assert sorted(steps.table(on_spark, folder), key=itemgetter("position")) == rows
    assert list(steps.store.keys("scratch/")) == []
    again = steps.run("ingest_catalog", source=str(listing), accept_changes=True)
    assert again.version.partition("-")[2] == on_spark.version.partition("-")[2]
    books = read_books(steps.spark, steps.store, again)
    assert books.count() == len(alone.books)
