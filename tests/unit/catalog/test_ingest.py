"""Listings in this process: every row is accepted or rejected with a reason."""

import csv
import gzip
import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dustjacket.catalog import chunks, ingest, write
from dustjacket.errors import BadInputError, HeldBackError
from dustjacket.pipeline.engine import in_processes
from dustjacket.sample.listing import write_listing
from dustjacket.sources.encoding import raw_bytes
from tests.conftest import ROOT
from tests.support.listings import ingest as ingested
from tests.support.listings import store_in

REAL = ROOT.parent / "shared" / "data" / "book30-listing" / "listing.csv"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return store_in(tmp_path_factory.mktemp("store"))


@pytest.fixture
def catalog(store):
    return lambda source, **parameters: ingested(source, store, **parameters)


@pytest.fixture(scope="module")
def listing(tmp_path_factory):
    file = tmp_path_factory.mktemp("library") / "listing.csv"
    write_listing(file, 3000, random.Random(5))
    return file


@pytest.fixture(scope="module")
def messy(store, listing):
    return ingested(listing, store)


def test_every_row_of_a_messy_listing_is_a_book_or_rejected(messy, listing):
    assert messy.manifest.facts["rows_read"] == 3000 == len(messy.books) + len(messy.rejected)
    assert sorted(row["position"] for row in messy.books + messy.rejected) == list(range(3000))
    assert {
        "exact_duplicate",
        "no_genre",
        "no_title",
        "punctuation_title",
        "rare_genre",
        "title_too_long",
        "wrong_column_count",
    } <= set(messy.manifest.facts["rejected_by_reason"])
    whole = listing.read_bytes()
    for row in messy.rejected:
        assert whole[row["offset"] :].startswith(raw_bytes(row["raw"]))
    assert {title for title in messy.titles if "Édition" in title}
    assert all(book["genres"][0]["genre"] == book["genre"] for book in messy.books)


def test_one_input_gives_one_content(catalog, messy, listing):
    again = catalog(listing).manifest
    assert again.version != messy.manifest.version
    assert [(e.path, e.sha256) for e in again.files] == [
        (e.path, e.sha256) for e in messy.manifest.files
    ]


@pytest.mark.parametrize("engine", ["this process", "processes"])
def test_read_in_parts_a_listing_gives_the_same(catalog, messy, listing, monkeypatch, engine):
    monkeypatch.setattr(chunks, "PART_BYTES", 100_000)
    monkeypatch.setattr(write, "_ROWS_PER_FILE", 1000)
    if engine == "processes":
        monkeypatch.setattr(ingest, "in_this_process", in_processes)
    parts = catalog(listing)
    assert sum(entry.path.startswith("books/") for entry in parts.manifest.files) == 3
    assert (parts.books, parts.rejected) == (messy.books, messy.rejected)
    assert parts.manifest.facts == messy.manifest.facts


def test_tables_of_every_format_give_the_same_books(catalog, tmp_path):
    books = [
        {"Name": f"Book {number} of “{genre}”", "Writers": "Ann Lee", "Kind": genre, "About": "x"}
        for number, genre in enumerate(["Art", "Law"] * 10)
    ]
    named = {
        "title_column": "name",
        "author_column": "Writers",
        "genre_column": "kind",
        "description_column": "about",
    }
    with (tmp_path / "a.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(books[0]))
        writer.writeheader()
        writer.writerows(books)
    with (tmp_path / "b.tsv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(books[0]), delimiter="\t")
        writer.writeheader()
        writer.writerows(books)
    (tmp_path / "c.jsonl.gz").write_bytes(
        gzip.compress("".join(json.dumps(book) + "\n" for book in books).encode())
    )
    pq.write_table(pa.Table.from_pylist(books), tmp_path / "d.parquet")

    def books_in(name):
        found = catalog(tmp_path / name, **named)
        assert found.rejected == []
        place = ("file", "position")
        return [{k: v for k, v in row.items() if k not in place} for row in found.books]

    first = books_in("a.csv")
    assert [row["title"] for row in first] == [book["Name"] for book in books]
    assert {row["description"] for row in first} == {"x"}
    for name in ("b.tsv", "c.jsonl.gz", "d.parquet"):
        assert books_in(name) == first
    facts = catalog(tmp_path, **named).manifest.facts
    assert facts["rows_read"] == 80
    assert facts["rejected_by_reason"] == {"exact_duplicate": 60}


def test_conflicting_rows_of_a_book_are_resolved(catalog, tmp_path):
    rows = [("Emma", "Art"), ("Emma (Large Print)", "Art"), ("EMMA", "Law"), ("Tie", "Art")]
    rows += [("Tie!", "Law"), ("Laws", "Law"), ("More Laws", "Law"), ("More Art", "Art")]
    listing = tmp_path / "a.csv"
    lines = "".join(f"{title},Ann Lee,{genre}\n" for title, genre in rows)
    listing.write_text(f"title,author,genre\n{lines}")
    found = catalog(listing)
    assert found.manifest.facts["rejected_by_reason"] == {
        "genre_tied": 2,
        "genre_outvoted": 1,
        "near_duplicate": 1,
    }
    assert found.book("Emma")["genres"] == [
        {"genre": "Art", "rows": 2},
        {"genre": "Law", "rows": 1},
    ]


def test_the_papers_cleaning_keeps_all_rows_without_an_empty_field(catalog, listing):
    found = catalog(listing, clean="paper")
    assert set(found.reasons) == {"empty_field", "wrong_column_count"}


def test_a_version_that_lost_a_genre_is_held_back_until_a_person_accepts_the_changes(
    store, catalog, listing, tmp_path
):
    before = catalog(listing).manifest
    fewer = tmp_path / "listing.csv"
    lines = listing.read_bytes().splitlines(keepends=True)
    fewer.write_bytes(b"".join(line for line in lines if b'"Romance"' not in line))
    with pytest.raises(HeldBackError, match=r"held back.*'Romance'.*accept_changes"):
        catalog(fewer, accept_changes=False)
    assert store.newest("catalog").version == before.version
    through = catalog(fewer).manifest
    assert through.facts["verdict"].startswith("changes accepted: ")
    catalog(fewer, accept_changes=False)


def test_a_file_that_is_no_listing_is_named_in_a_one_line_error(catalog, tmp_path):
    (tmp_path / "a.csv").write_text("title,author\nEmma,Jane\n")
    with pytest.raises(BadInputError, match=r"a\.csv' has no genre column.*title, author"):
        catalog(tmp_path / "a.csv")
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(b"title,genre\n" + b"Emma,Art\n" * 9000)[:60])
    with pytest.raises(BadInputError, match=r"b\.csv\.gz' is damaged"):
        catalog(tmp_path / "b.csv.gz")


def test_no_scratch_is_left(store, messy):
    assert list(store.keys("scratch/")) == []


@pytest.mark.skipif(not REAL.exists(), reason="the real listing is not beside the project")
def test_4560_real_rows_are_accounted_for(catalog):
    facts = catalog(REAL).manifest.facts
    assert facts["rows_read"] == 4560
    assert facts["rows_accepted"] + facts["rows_rejected"] == 4560
    assert facts["rows_accepted"] > 4500
    assert facts["profile"]["without_author"] == pytest.approx(0.07, abs=0.02)
    assert len(facts["profile"]["genres"]) == 30
