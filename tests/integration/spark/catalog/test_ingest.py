"""Listings through Spark and S3: every row is accepted or rejected with a reason."""

import csv
import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dustjacket.catalog import ingest
from dustjacket.catalog.read import BOOKS
from dustjacket.errors import BadInputError, HeldBackError
from dustjacket.sample import make_sample
from dustjacket.sources.encoding import raw_bytes
from tests.conftest import ROOT

pytestmark = pytest.mark.integration
REAL = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="module")
def catalog(steps):
    def run(source, **given):
        given = {"accept_changes": True, **given}
        return steps.run("ingest_catalog", source=str(source), **given)

    return run


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return make_sample(tmp_path_factory.mktemp("library"), rows=3000, covers=10, seed=5)


@pytest.fixture(scope="module")
def messy(catalog, library):
    return catalog(library.listing)


def content(steps, manifest):
    return steps.table(manifest, BOOKS), steps.table(manifest, ingest.REJECTED)


def test_every_row_of_a_messy_listing_is_a_book_or_rejected(steps, messy, library):
    books, rejected = content(steps, messy)
    assert messy.facts["rows_read"] == 3000 == len(books) + len(rejected)
    assert sorted(row["position"] for row in books + rejected) == list(range(3000))
    assert {
        "exact_duplicate",
        "no_genre",
        "no_title",
        "punctuation_title",
        "rare_genre",
        "title_too_long",
        "wrong_column_count",
    } <= set(messy.facts["rejected_by_reason"])
    listing = library.listing.read_bytes()
    for row in rejected:
        raw = raw_bytes(row["raw"])
        assert listing[row["offset"] :].startswith(raw)
    assert {book["title"] for book in books if "Édition" in book["title"]}
    assert all(book["genres"][0]["genre"] == book["genre"] for book in books)


def test_one_input_gives_one_digest_and_one_content(steps, catalog, messy, library, tmp_path):
    again = catalog(library.listing)
    assert again.version.partition("-")[2] == messy.version.partition("-")[2]
    assert again.version != messy.version
    assert [(e.size, e.sha256) for e in again.files] == [(e.size, e.sha256) for e in messy.files]
    moved = tmp_path / library.listing.name
    moved.write_bytes(library.listing.read_bytes())
    assert content(steps, catalog(moved)) == content(steps, messy)


def test_read_in_parts_a_listing_gives_the_same(steps, catalog, messy, library, monkeypatch):
    whole = content(steps, messy)
    monkeypatch.setattr(ingest, "_PART_BYTES", 20_000)
    assert len(whole[0]) > 2000
    assert content(steps, catalog(library.listing)) == whole


def test_tables_of_every_format_give_the_same_books(steps, catalog, tmp_path):
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
        rows, rejected = content(steps, catalog(tmp_path / name, **named))
        assert rejected == []
        return [{k: v for k, v in row.items() if k not in ("file", "position")} for row in rows]

    first = books_in("a.csv")
    assert [row["title"] for row in first] == [book["Name"] for book in books]
    assert {row["description"] for row in first} == {"x"}
    for name in ("b.tsv", "c.jsonl.gz", "d.parquet"):
        assert books_in(name) == first
    folder = catalog(tmp_path, **named)
    assert folder.facts["rows_read"] == 80
    assert folder.facts["rejected_by_reason"] == {"exact_duplicate": 60}


def test_conflicting_rows_of_a_book_are_resolved(steps, catalog, tmp_path):
    rows = [("Emma", "Art"), ("Emma (Large Print)", "Art"), ("EMMA", "Law"), ("Tie", "Art")]
    rows += [("Tie!", "Law"), ("Laws", "Law"), ("More Laws", "Law"), ("More Art", "Art")]
    listing = tmp_path / "a.csv"
    listing.write_text("title,genre\n" + "".join(f"{title},{genre}\n" for title, genre in rows))
    found = catalog(listing)
    assert found.facts["rejected_by_reason"] == {
        "genre_tied": 2,
        "genre_outvoted": 1,
        "near_duplicate": 1,
    }
    emma = next(book for book in steps.table(found, BOOKS) if book["title"] == "Emma")
    assert emma["genres"] == [{"genre": "Art", "rows": 2}, {"genre": "Law", "rows": 1}]


def test_the_papers_cleaning_keeps_all_rows_without_an_empty_field(catalog, library):
    found = catalog(library.listing, clean="paper")
    assert set(found.facts["rejected_by_reason"]) == {"empty_field", "wrong_column_count"}


def test_a_version_that_lost_a_genre_is_held_back_until_a_person_accepts_the_changes(
    steps, catalog, library, tmp_path
):
    before = catalog(library.listing)
    fewer = tmp_path / "listing.csv"
    lines = library.listing.read_bytes().splitlines(keepends=True)
    fewer.write_bytes(b"".join(line for line in lines if b'"Romance"' not in line))
    with pytest.raises(HeldBackError, match=r"held back.*'Romance'.*accept_changes"):
        catalog(fewer, accept_changes=False)
    assert steps.store.newest("catalog").version == before.version
    through = catalog(fewer)
    assert through.facts["verdict"].startswith("changes accepted: ")
    catalog(fewer, accept_changes=False)


def test_a_file_that_is_no_listing_is_named_in_a_one_line_error(catalog, tmp_path):
    (tmp_path / "a.csv").write_text("title,author\nEmma,Jane\n")
    with pytest.raises(BadInputError, match=r"a\.csv' has no genre column.*title, author"):
        catalog(tmp_path / "a.csv")
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(b"title,genre\n" + b"Emma,Art\n" * 9000)[:60])
    with pytest.raises(BadInputError, match=r"b\.csv\.gz' is damaged"):
        catalog(tmp_path / "b.csv.gz")


def test_no_scratch_is_left(steps):
    assert list(steps.store.keys("scratch/")) == []


@pytest.mark.skipif(not REAL.exists(), reason="the real listing is not beside the project")
def test_4560_real_rows_are_accounted_for(catalog):
    found = catalog(REAL / "book30-listing" / "listing.csv")
    assert found.facts["rows_read"] == 4560
    assert found.facts["rows_accepted"] + found.facts["rows_rejected"] == 4560
    assert found.facts["rows_accepted"] > 4500
    assert found.facts["profile"]["without_author"] == pytest.approx(0.07, abs=0.02)
    assert len(found.facts["profile"]["genres"]) == 30
