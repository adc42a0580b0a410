"""Listings in this process: every row is accepted or rejected with a reason."""

import csv
import gzip
import json
import random
import tarfile
from unittest import mock

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dustjacket.catalog import chunks, ingest, write
from dustjacket.catalog.step import CatalogParameters
from dustjacket.errors import BadInputError, HeldBackError
from dustjacket.pipeline.engine import in_processes
from dustjacket.sample.listing import write_listing
from dustjacket.sample.marc import write_marc
from dustjacket.sources.encoding import raw_bytes
from dustjacket.sources.roots import allow
from tests.conftest import ROOT
from tests.support.listings import ingest as ingested
from tests.support.listings import store_in
from tests.support.memory import peak_growth_mib

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


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("title,genre\n", "has a header but no row"),
        ("title,genre\nEmma,Art\n", "rare_genre 1.*lower min_rows_per_genre"),
        ("title,genre\n,Art\n,Art\n", "no_title 2.*set title_column"),
        ("title,genre\nEmma,\nUbik,\n", "no_genre 2.*set genre_column"),
        ("title,genre\n" + "x" * 1001 + ",Art\n", "title_too_long 1.*--preview"),
    ],
)
def test_where_no_row_is_accepted_the_line_names_the_cause_and_its_cure(
    catalog, tmp_path, text, line
):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(BadInputError, match=line) as caught:
        catalog(tmp_path / "a.csv")
    assert "\n" not in str(caught.value)


def test_the_manifest_says_how_each_file_was_read_and_which_are_none(catalog, tmp_path):
    (tmp_path / "a.csv").write_bytes(
        "título;género;Autor\nNiña;Arte;X\nAño;Arte;Y\n".encode("cp1252")
    )
    (tmp_path / "b.csv").write_bytes(b"")
    (tmp_path / "NOTES.txt").write_text("made by us\nplease cite\n")
    found = catalog(tmp_path)
    [file] = found.manifest.facts["files"]
    assert (file["file"], file["format"], file["separator"]) == ("a.csv", "csv", ";")
    assert file["encoding"]
    assert file["encoding_reason"]
    assert file["columns"]["title"] == ["título"]
    assert set(found.manifest.facts["passed_over"]) == {"b.csv", "NOTES.txt"}
    assert found.titles == ["Niña", "Año"]


def test_the_profile_counts_what_a_person_should_know(catalog, tmp_path):
    rows = [
        {"title": "A", "author": "X", "genre": "Art", "isbn": "9780141439587", "language": "en"},
        {"title": "B", "author": {"id": 7}, "genre": "Art", "language": "de"},
        {"title": "C", "author": "Z", "genre": "Art", "text_and_data_mining": "reserved"},
        {"title": "D", "author": "W", "genre": "Art"},
        {"title": "D", "author": "W", "genre": "Law"},
        {"title": "E", "author": "V", "genre": "Law"},
        {"title": "F", "author": "V", "genre": "Law"},
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    profile = catalog(tmp_path / "a.jsonl").manifest.facts["profile"]
    assert profile["without_isbn"] == 4
    assert set(profile["languages"].values()) == {1}
    assert len(profile["languages"]) == 2
    assert profile["reserved"] == 1
    assert profile["unread_containers"] == 1
    assert profile["books_lost"] == 1


@pytest.mark.parametrize(
    ("encoding", "not_utf8"), [("utf-8", 0), ("utf-8-sig", 0), ("cp1252", 2), ("utf-16", 3)]
)
def test_the_profile_counts_rows_of_other_encodings(catalog, tmp_path, encoding, not_utf8):
    text = "title,genre\nCafé,Art\nPlain,Art\nNaïve,Art\n"
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    read = catalog(tmp_path / "a.csv")
    assert [book["title"] for book in read.books] == ["Café", "Plain", "Naïve"]
    assert read.manifest.facts["profile"]["not_utf8"] == not_utf8


def test_the_profile_counts_records_of_marc_in_other_encodings(catalog, tmp_path):
    books = [
        {
            "record_id": str(number),
            "title": title,
            "subjects": [{"scheme": "own", "heading": "Art"}],
        }
        for number, title in enumerate(["Café", "Plain", "Naïve"])
    ]
    write_marc(tmp_path / "a.mrc", books)
    assert catalog(tmp_path / "a.mrc").manifest.facts["profile"]["not_utf8"] == 0
    body = (tmp_path / "a.mrc").read_bytes()
    (tmp_path / "a.mrc").write_bytes(body.replace("Café".encode(), b"Caf\xe9 "))
    read = catalog(tmp_path / "a.mrc")
    assert [book["title"] for book in read.books] == ["Café", "Plain", "Naïve"]
    assert read.manifest.facts["profile"]["not_utf8"] == 1


def test_many_small_files_share_a_chunk_and_an_archive_is_read_once(store, tmp_path, monkeypatch):
    for number in range(7):
        (tmp_path / f"{number}.csv").write_text(f"title,genre\nBook {number},Art\n")
    with tarfile.open(tmp_path / "z.tar.gz", "w:gz") as tar:
        for number in range(4):
            tar.add(tmp_path / f"{number}.csv", f"{number}.csv")
    allow(str(tmp_path), store.settings)
    files = chunks.find_files(CatalogParameters(source=str(tmp_path)), store)
    assert len(files.tables) == 11
    assert len(list(chunks.find_chunks(files, store))) == 1
    monkeypatch.setattr(chunks, "_MAX_FILES", 3)
    found = [len(chunk.pieces) for chunk in chunks.find_chunks(files, store)]
    assert found == [3, 3, 5]
    assert len(ingested(tmp_path, store).books) == 7


def test_memory_does_not_grow_with_the_file(catalog, tmp_path):
    genres, text = ("Art", "Law"), "word " * 1000

    def read(rows):
        with gzip.open(tmp_path / "a.jsonl.gz", "wt") as file:
            for number in range(rows):
                book = {"title": f"Book {number}", "author": "A", "genre": genres[number % 2]}
                file.write(json.dumps(book | {"description": f"{number} {text}"}) + "\n")
        with mock.patch("tests.support.listings.rows", return_value=[]):
            facts = catalog(tmp_path / "a.jsonl.gz").manifest.facts
        assert facts["rows_read"] == rows

    read(6000)  # several batches, as of any longer file
    assert peak_growth_mib(lambda: read(12_000)) < 64  # its text is 120 MiB


def test_the_largest_groups_of_books_are_listed_with_their_sizes(catalog, tmp_path):
    titles = ["Dune: A Novel", "Dune (Dune, #1)", "Dune: The Graphic Novel", "Emma"]
    titles += ["Emma: Penguin", "Ubik"]
    authors = ["Frank Herbert"] * 3 + ["Jane Austen"] * 2 + ["Philip K. Dick"]
    rows = zip(titles, authors, ["F"] * 6, strict=True)
    file = tmp_path / "l.csv"
    with file.open("w", newline="") as text:
        csv.writer(text).writerows([("title", "author", "genre"), *rows])
    found = catalog(file)
    by_group = {}
    for book in found.books:
        by_group.setdefault(book["group"], []).append(book["title"])
    expected = sorted(map(len, by_group.values()), reverse=True)
    assert expected[:2] == [3, 2]
    assert found.manifest.facts["profile"]["largest_groups"] == [
        {"group": group, "books": len(by_group[group])}
        for group in sorted(by_group, key=lambda group: -len(by_group[group]))
        if len(by_group[group]) > 1
    ]
