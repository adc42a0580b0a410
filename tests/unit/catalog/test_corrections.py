"""Corrections win over the listing; the genre that was listed stays beside them."""

import csv
import json

import pytest

from dustjacket.catalog import corrections as room
from dustjacket.catalog.step import CatalogParameters
from dustjacket.errors import BadInputError
from tests.support.listings import ingest, store_in

ISBN = "9780000000002"
HEADER = ("isbn", "title", "author", "genre", "who", "when", "why")
LISTING = [
    ("Emma", "Jane Austen", "Cooking", ISBN),
    ("The road", "Ann Lee", "Travel", ""),
    ("The road", "", "Travel", ""),
    ("Rice", "Bo", "Cooking", ""),
]


@pytest.fixture
def store(tmp_path):
    return store_in(tmp_path)


def ingested(store, tmp_path, corrections, listing=LISTING, **parameters):
    own, theirs = tmp_path / "own.csv", tmp_path / "corrections.csv"
    for path, header, rows in (
        (own, ("title", "author", "genre", "isbn"), listing),
        (theirs, HEADER, corrections),
    ):
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([header, *rows])
    return ingest(own, store, corrections=str(theirs), min_rows_per_genre=1, **parameters)


def test_a_correction_finds_its_book_by_isbn_or_by_title_and_author(store, tmp_path):
    version = ingested(
        store,
        tmp_path,
        [
            ("978-0-00-000000-2", "", "", "Romance", "ann", "2026-11-29T10:00:00Z", "a novel"),
            ("", "the Road", "Lee, Ann", "Fiction", "bo", "2026-11-29", ""),
            ("", "Unknown", "Nobody", "Fiction", "bo", "2026-11-29", ""),
        ],
    )
    found = {(book["title"], book["author"]): book for book in version.books}
    emma, road = found["Emma", "Jane Austen"], found["The road", "Ann Lee"]
    assert (emma["genre"], road["genre"]) == ("Romance", "Fiction")
    assert emma["correction"] == {
        "listed": "Cooking", "who": "ann", "when": "2026-11-29T10:00:00Z", "why": "a novel"
    }  # fmt: skip
    assert road["correction"]["listed"] == "Travel"
    assert found["The road", None]["correction"] is None
    assert found["Rice", "Bo"]["genre"] == "Cooking"
    assert version.manifest.facts["profile"]["corrections"] == {
        "books": 2, "changed": 2, "moves": [["Cooking", "Romance", 1], ["Travel", "Fiction", 1]]
    }  # fmt: skip


def test_a_book_of_a_title_alone_is_found_by_it(store, tmp_path):
    version = ingested(store, tmp_path, [("", "The road", "", "Poetry", "ann", "2026", "")])
    assert sorted((book["author"] or "", book["genre"]) for book in version.books) == [
        ("", "Poetry"), ("Ann Lee", "Travel"), ("Bo", "Cooking"), ("Jane Austen", "Cooking")
    ]  # fmt: skip


def test_the_last_decision_counts_and_one_that_keeps_the_genre_changes_nothing(store, tmp_path):
    version = ingested(
        store,
        tmp_path,
        [
            ("", "Rice", "Bo", "Poetry", "ann", "2026-11-29T10:00:00Z", ""),
            ("", "Rice", "Bo", "Cooking", "bo", "2026-11-29T11:00:00Z", "kept"),
            ("", "Rice", "Bo", "Law", "cy", "2026-11-29T09:00:00Z", ""),
        ],
    )
    assert version.book("Rice")["genre"] == "Cooking"
    assert version.book("Rice")["correction"]["who"] == "bo"
    assert version.manifest.facts["profile"]["corrections"] == {
        "books": 1, "changed": 0, "moves": []
    }  # fmt: skip


def test_a_correction_wins_over_other_rows_of_its_book(store, tmp_path):
    editions = [("Emma", "Jane Austen", "Cooking", isbn) for isbn in ("", "", "9780000000019")]
    listing = [("Emma", "Jane Austen", "Cooking", ISBN), *editions, *LISTING[1:]]
    version = ingested(store, tmp_path, [(ISBN, "", "", "Romance", "ann", "2026", "")], listing)
    assert version.book("Emma")["genre"] == "Romance"
    assert [each["genre"] for each in version.book("Emma")["genres"]] == ["Romance"]
    assert "genre_outvoted" not in version.reasons


def test_a_folder_of_files_of_any_format_may_hold_them(store, tmp_path):
    folder = tmp_path / "decisions"
    folder.mkdir()
    for number, (title, genre) in enumerate([("Rice", "Poetry"), ("Emma", "Romance")]):
        author = {"Rice": "Bo", "Emma": "Jane Austen"}[title]
        line = {"title": title, "author": author, "genre": genre, "when": f"2026-01-0{number + 1}"}
        (folder / f"{number}.jsonl").write_text(f"{json.dumps(line)}\n" * 2)
    own = tmp_path / "own.csv"
    own.write_text("title,author,genre\nRice,Bo,Cooking\nEmma,Jane Austen,Cooking\n")
    version = ingest(own, store, corrections=str(folder), min_rows_per_genre=1)
    assert version.book("Rice")["genre"] == "Poetry"
    assert version.book("Emma")["genre"] == "Romance"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("", "Emma", "Jane Austen", "", "ann", "2026", ""), "record 1: it needs a genre, and an"),
        (("", "", "", "Law", "ann", "2026", ""), "record 1: it needs a genre, and an ISBN or"),
        (("Emma", "Law"), "record 1: wrong_column_count: correct or delete that record"),
    ],
)
def test_a_row_that_is_no_correction_ends_the_run(store, tmp_path, row, message):
    with pytest.raises(BadInputError, match=message):
        ingested(store, tmp_path, [row, ("", "Rice", "Bo", "Law", "ann", "2026", "")])


def test_there_is_a_limit(store, tmp_path, monkeypatch):
    monkeypatch.setattr(room, "MAX_CORRECTIONS", 1)
    rows = [("", title, "x", "Law", "ann", "2026", "") for title in ("a", "b")]
    with pytest.raises(BadInputError, match="over 1 records: give those that still hold"):
        ingested(store, tmp_path, rows)


def test_their_content_is_part_of_the_work():
    assert "c.csv" in CatalogParameters(corrections="c.csv").files
