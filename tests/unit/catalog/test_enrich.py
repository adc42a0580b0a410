"""Fields of a second source join a listing's records, each with its provenance."""

import json

import pytest

from dustjacket.cli.app import main
from dustjacket.errors import BadInputError
from dustjacket.sample.onix import write_onix
from tests.support.listings import ingest as ingested
from tests.support.listings import store_in

ISBNS = ("9780000000002", "9780000000019", "9780000000026")


@pytest.fixture
def store(tmp_path):
    return store_in(tmp_path)


@pytest.fixture
def sources(tmp_path):
    def write(own, theirs, name="theirs.jsonl"):
        files = tmp_path / "own.jsonl", tmp_path / name
        for file, rows in zip(files, (own, theirs), strict=True):
            file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return files

    return write


def book(title, genre="Fiction", **fields):
    return {"title": title, "genre": genre, **fields}


def joined(store, files, **parameters):
    own, theirs = files
    version = ingested(
        own, store, enrich=str(theirs), min_rows_per_genre=1, accept_changes=True, **parameters
    )
    by_title = {row["title"]: row for row in version.books}
    return by_title, version.manifest.facts["profile"]["enrichment"]


def fields_of(row):
    return {joined["field"]: joined["source"] for joined in row["sources"]}


def test_a_record_takes_what_it_lacks_by_isbn(store, sources):
    files = sources(
        [book("Emma", isbn=ISBNS[0]), book("Persuasion", isbn=ISBNS[1])],
        [{"title": "Emma (Penguin Classics)", "isbn": ISBNS[0], "description": "A match-maker.",
          "language": "eng", "image": "emma.jpg", "work_id": "ol:1"}],
    )  # fmt: skip
    books, facts = joined(store, files)
    assert books["Emma"]["description"] == "A match-maker."
    assert (books["Emma"]["language"], books["Emma"]["work_id"]) == ("en", "ol:1")
    assert books["Emma"]["image_url"] == "emma.jpg"
    assert fields_of(books["Emma"]) == dict.fromkeys(
        ("description", "image", "language", "work_id"), "theirs.jsonl"
    )
    assert books["Persuasion"]["description"] is None
    assert books["Persuasion"]["sources"] == []
    assert facts["enriched"] == 1
    assert facts["fields"]["description"] == 1


def test_records_meet_by_isbn_then_work_then_title_and_author(store, sources):
    files = sources(
        [
            book("Emma", author="Jane Austen", isbn=ISBNS[0], work_id="w:1"),
            book("Persuasion", author="Jane Austen", work_id="w:2"),
            book("Mansfield Park", author="Austen, Jane"),
            book("Poems"),
        ],
        [
            {"title": "Other", "author": "X", "work_id": "w:1", "description": "of the work"},
            {"title": "Other", "author": "Y", "isbn": ISBNS[0], "description": "of the edition"},
            {"title": "Other", "author": "Z", "work_id": "w:2", "description": "second work"},
            {"title": "Mansfield Park", "author": "Jane Austen", "description": "by name"},
            {"title": "Poems", "description": "of anybody"},
        ],
    )
    books, _ = joined(store, files)
    assert {title: row["description"] for title, row in books.items()} == {
        "Emma": "of the edition",
        "Persuasion": "second work",
        "Mansfield Park": "by name",
        "Poems": None,
    }


@pytest.mark.parametrize(("prefer", "expected"), [("ours", "own"), ("theirs", "other")])
def test_a_field_is_overwritten_only_if_the_second_source_is_preferred(
    store, sources, prefer, expected
):
    files = sources(
        [book("Emma", isbn=ISBNS[0], description="own", language="eng")],
        [{"title": "Emma", "isbn": ISBNS[0], "description": "other", "language": "en-GB"}],
    )
    books, facts = joined(store, files, prefer=prefer)
    assert books["Emma"]["description"] == expected
    assert facts["conflicts"] == {"description": 1}
    assert ("description" in fields_of(books["Emma"])) == (prefer == "theirs")


def test_a_genre_comes_from_the_second_source_where_the_listing_has_none(store, sources):
    files = sources(
        [book("Emma", isbn=ISBNS[0], genre="")],
        [{"title": "Emma", "isbn": ISBNS[0], "genre": "Romance"}],
    )
    books, _ = joined(store, files)
    assert books["Emma"]["genre"] == "Romance"
    assert fields_of(books["Emma"]) == {"genres": "theirs.jsonl"}


def test_a_listing_of_titles_alone_is_enriched_from_a_feed_of_onix(store, tmp_path):
    own, feed = tmp_path / "own.csv", tmp_path / "feed.xml"
    own.write_text("title,isbn\n" + "".join(f"Title {isbn[-3:]},{isbn}\n" for isbn in ISBNS))
    subjects = [{"scheme": "bisac", "code": "FIC019000", "heading": "Fiction", "main": True}]
    write_onix(
        feed,
        [
            {"title": "T", "isbn": [isbn], "description": "<p>Long</p>", "subjects": subjects}
            for isbn in ISBNS
        ],
    )
    books, facts = joined(store, (own, feed))
    assert len(books) == 3
    assert {row["description"] for row in books.values()} == {"Long"}
    assert facts["fields"] == dict.fromkeys(("description", "genres", "subjects"), 3)


def test_a_reserved_text_trains_no_model(store, tmp_path):
    own, feed = tmp_path / "own.csv", tmp_path / "feed.xml"
    own.write_text(f"title,genre,isbn\nEmma,Fiction,{ISBNS[0]}\nPersuasion,Fiction,{ISBNS[1]}\n")
    reserved = {"title": "Emma", "isbn": [ISBNS[0]], "text_and_data_mining": "reserved"}
    write_onix(feed, [{**reserved, "description": "Long"}])
    books, _ = joined(store, (own, feed))
    assert [books[title]["training"] for title in ("Emma", "Persuasion")] == [False, True]


def test_a_source_without_titles_is_refused_by_name(store, tmp_path):
    own, theirs = tmp_path / "own.csv", tmp_path / "theirs.csv"
    own.write_text("title,genre\nEmma,Fiction\n")
    theirs.write_text("price,stock\n1,2\n")
    with pytest.raises(BadInputError, match=r"theirs\.csv"):
        joined(store, (own, theirs))


def test_the_command_joins_a_second_source(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.csv").write_text(f"title,genre,isbn\nEmma,Fiction,{ISBNS[0]}\n")
    (tmp_path / "theirs.csv").write_text(f"title,isbn,description\nEmma,{ISBNS[0]},A match.\n")
    monkeypatch.setattr(
        "sys.argv",
        ["dustjacket", "ingest", "catalog", "own.csv", "--enrich", "theirs.csv", "--out", "out",
         "--min-rows-per-genre", "1"],
    )  # fmt: skip
    main()
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest["facts"]["profile"]["enrichment"]["fields"] == {"description": 1}
