"""Corpora of Annif: read as a listing, and written from books."""

import gzip
import json

import pytest

from dustjacket.cli.corpus import ReadCorpus, WriteCorpus
from dustjacket.errors import BadInputError
from dustjacket.genres.subject_labels import SubjectNames
from dustjacket.labelling.annif_corpus import (
    MAX_TEXT,
    Document,
    SubjectUris,
    catalog_documents,
    listing_rows,
    read_corpus,
    write_corpus,
)
from dustjacket.records.vocabulary import read_vocabulary
from tests.support.bucket import store_in_memory
from tests.support.facts import least_facts

TERMS = b"uri,label_en,notation\nhttp://e.org/1,Cats,\nhttp://e.org/2,Dogs,D\n"
SHORT = "Cats of Rome\t<http://e.org/1> <http://e.org/2>\nA\ttab\t<http://e.org/1>\n\nNothing\t\n"


def vocabulary():
    return read_vocabulary(TERMS, "Pets.csv")


def book(title, *headings, description=None, author="Ann Lee"):
    subjects = [{"scheme": "lcsh", "code": "", "heading": each} for each in headings]
    return {"title": title, "author": author, "description": description, "subjects": subjects}


@pytest.mark.parametrize("packed", [False, True])
def test_short_texts_are_read(tmp_path, packed):
    file = tmp_path / "train.tsv"
    body = ("\ufeff" + SHORT).encode()
    file.write_bytes(gzip.compress(body) if packed else body)
    assert list(read_corpus(file)) == [
        Document("Cats of Rome", [("http://e.org/1", ""), ("http://e.org/2", "")]),
        Document("A\ttab", [("http://e.org/1", "")]),
        Document("Nothing", []),
    ]


def test_full_texts_are_read_with_subjects_of_either_form(tmp_path):
    (tmp_path / "b.txt").write_text("Dogs\n\nAll about them.\n")
    (tmp_path / "b.key").write_text("Dogs\n\nWolves\n")
    (tmp_path / "a.txt").write_text("Cats")
    (tmp_path / "a.tsv").write_text("<http://e.org/1>\tCats\nno uri\tx\n")
    (tmp_path / "a.key").write_text("Ignored\n")
    (tmp_path / "c.txt").write_text("x" * (MAX_TEXT + 5))
    found = list(read_corpus(tmp_path))
    assert found[:2] == [
        Document("Cats", [("http://e.org/1", "Cats")]),
        Document("Dogs\n\nAll about them.", [("", "Dogs"), ("", "Wolves")]),
    ]
    assert len(found[2].text) == MAX_TEXT


def test_a_listing_has_title_description_genre_and_subjects():
    documents = [
        Document("Dogs\nAll about them.", [("", "Dogs"), ("", "Wolves")]),
        Document("long " * 100, [("http://e.org/1", "")]),
        Document("Plain", []),
        Document("", [("http://e.org/1", "")]),
    ]
    first, second, third = listing_rows(documents, vocabulary())
    assert first == {
        "id": "0", "title": "Dogs", "description": "All about them.", "genre": "Dogs",
        "subjects": [
            {"scheme": "pets", "code": "D", "heading": "Dogs"},
            {"scheme": "annif", "code": "", "heading": "Wolves"},
        ],
    }  # fmt: skip
    assert len(second["title"]) == 299
    assert second["description"] == ("long " * 100).strip()
    assert second["subjects"] == [{"scheme": "pets", "code": "1", "heading": "Cats"}]
    assert (third["genre"], third["description"], third["subjects"]) == (None, None, [])


@pytest.mark.parametrize("full", [False, True])
def test_what_is_written_is_read_again(tmp_path, full):
    by = SubjectNames(vocabulary())
    books = [
        book("Cats\tof Rome", "cats", description="Many.\n\nOf them."),
        book("Dogs", "Dogs", "CATS"),
        book("Neither", "Birds"), book("None"), book("No author", "Cats", author=float("nan")),
    ]  # fmt: skip
    parts = {"train": catalog_documents(books, by, SubjectUris(by)), "test": []}
    counts = write_corpus(tmp_path / "out", parts, full=full)
    assert counts == {"train": 3, "test": 0}
    found = list(read_corpus(tmp_path / "out" / ("train" if full else "train.tsv")))
    assert [sorted(uri for uri, _ in each.subjects) for each in found] == [
        ["http://e.org/1"], ["http://e.org/1", "http://e.org/2"], ["http://e.org/1"],
    ]  # fmt: skip
    assert " ".join(found[0].text.split()) == "Cats of Rome Ann Lee Many. Of them."
    again = read_vocabulary((tmp_path / "out" / "vocabulary.csv").read_bytes(), "v.csv")
    assert {term.uri: again.label(code) for code, term in again.terms.items()} == {
        "http://e.org/1": "Cats", "http://e.org/2": "Dogs",
    }  # fmt: skip


def test_without_a_vocabulary_a_subject_has_a_uri_of_its_name(tmp_path):
    by = SubjectNames()
    (found,) = catalog_documents([book("War", "War -- Fiction")], by, SubjectUris(by))
    assert found.subjects == [
        ("urn:dustjacket:subject:lcsh%3AWar%20--%20Fiction", "War -- Fiction")
    ]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "has no document"), (b"no tab\n", "line 1: no tab"),
        (b"\x1f\x8bbroken", "cannot be read"),
    ],
)  # fmt: skip
def test_what_is_no_corpus_is_refused(tmp_path, body, why):
    file = tmp_path / "x.tsv"
    file.write_bytes(body)
    with pytest.raises(BadInputError, match=why):
        list(read_corpus(file))
    with pytest.raises(BadInputError, match="cannot be read"):
        list(read_corpus(tmp_path / "absent.tsv"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInputError, match="has no document"):
        list(read_corpus(tmp_path / "empty"))


def test_a_line_of_more_than_the_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("dustjacket.labelling.annif_corpus._MAX_LINE", 20)
    (tmp_path / "x.tsv").write_text("short\t<a>\n" + "x" * 30)
    with pytest.raises(BadInputError, match="line 2 is longer"):
        list(read_corpus(tmp_path / "x.tsv"))


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(BadInputError, match="not empty"):
        write_corpus(tmp_path, {}, full=False)


def test_a_corpus_is_written_as_a_listing_whole_or_not_at_all(tmp_path):
    (tmp_path / "in.tsv").write_text(SHORT)
    (tmp_path / "v.csv").write_bytes(TERMS)
    out = tmp_path / "books.jsonl"
    ReadCorpus(corpus=tmp_path / "in.tsv", out=out, vocabulary=tmp_path / "v.csv").cli_cmd()
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["genre"] for row in rows] == ["Cats", "Cats", None]
    before = out.read_text()
    (tmp_path / "in.tsv").write_text("A\t<x>\nno tab")
    with pytest.raises(BadInputError, match="line 2"):
        ReadCorpus(corpus=tmp_path / "in.tsv", out=out).cli_cmd()
    assert out.read_text() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["books.jsonl", "in.tsv", "v.csv"]


def test_the_catalogue_is_written_without_reserved_books_to_train_on(tmp_path, monkeypatch):
    import io

    import pandas as pd

    store = store_in_memory()
    books = pd.DataFrame(
        [
            book("Cats", "Cats") | {"split": "train", "training": True},
            book("Reserved", "Cats") | {"split": "train", "training": False},
            book("Dogs", "Dogs") | {"split": "test", "training": False},
        ]
    )
    body = io.BytesIO()
    books.to_parquet(body)
    draft = store.draft("catalog", "v1")
    draft.put("books/part-00000.parquet", body.getvalue())
    draft.publish(facts=least_facts("catalog"))
    monkeypatch.setattr("dustjacket.cli.corpus.open_store", lambda: store)
    WriteCorpus(folder=tmp_path / "out").cli_cmd()
    assert [each.text for each in read_corpus(tmp_path / "out" / "train.tsv")] == ["Cats Ann Lee"]
    assert [each.text for each in read_corpus(tmp_path / "out" / "test.tsv")] == ["Dogs Ann Lee"]
