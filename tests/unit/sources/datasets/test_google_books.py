"""Volumes of the Google Books API."""

import json

import pytest

from dustjacket.sources.datasets.google_books import GOOGLE_BOOKS
from tests.support.rows import rows_of

VOLUME = {
    "id": "v1",
    "volumeInfo": {
        "title": "The Key", "subtitle": "A novel", "authors": ["Ada Stern", "Nils Birch"],
        "publisher": "Ace", "publishedDate": "1996-03", "description": "A <b>tale</b>.",
        "industryIdentifiers": [
            {"type": "ISBN_13", "identifier": "9780000000019"}, {"type": "OTHER", "identifier": "x"}
        ],
        "categories": ["Fiction / Fantasy / Epic"], "language": "en",
        "imageLinks": {"smallThumbnail": "http://x/s.jpg", "thumbnail": "http://x/t.jpg"},
    },
}  # fmt: skip


def test_a_volume_has_the_fields_of_its_book():
    (row,) = rows_of(GOOGLE_BOOKS, json.dumps(VOLUME).encode())
    assert row.values == {
        "title": "The Key",
        "subtitle": "A novel",
        "contributors": [
            {"name": "Ada Stern", "role": "aut"}, {"name": "Nils Birch", "role": "aut"}
        ],
        "genre": [["Fiction", "Fantasy", "Epic"]],
        "description": "A <b>tale</b>.",
        "isbn": ["9780000000019"],
        "language": "en",
        "published": "1996-03",
        "publisher": "Ace",
        "image": "http://x/t.jpg",
        "record_id": "google:v1",
    }  # fmt: skip


def test_a_volume_without_info_has_its_identifier_only():
    (row,) = rows_of(GOOGLE_BOOKS, b'{"id": "v1", "volumeInfo": []}')
    assert row.values == {"record_id": "google:v1"}


def answer(*titles):
    items = [VOLUME | {"volumeInfo": VOLUME["volumeInfo"] | {"title": title}} for title in titles]
    return {"kind": "books#volumes", "totalItems": 1000, "items": items}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("join", ["\n".join, lambda answers: f"[{','.join(answers)}]"])
def test_the_volumes_of_answers_are_records(indent, join):
    long = "x" * 40_000
    answers = [answer("One", "Two", long), {"kind": "books#volumes", "totalItems": 0},
               answer("Three")]  # fmt: skip
    body = join([json.dumps(each, indent=indent) for each in answers]).encode()
    rows = rows_of(GOOGLE_BOOKS, body)
    assert [row.values["title"] for row in rows] == ["One", "Two", long, "Three"]
    assert [row.position for row in rows] == [0, 1, 2, 3]
    assert json.loads(rows[1].raw)["volumeInfo"]["title"] == "Two"


def test_a_volume_that_is_pretty_printed_is_a_record():
    (row,) = rows_of(GOOGLE_BOOKS, json.dumps(VOLUME, indent=2).encode("utf-16"))
    assert row.values["title"] == "The Key"


def test_what_is_no_volume_in_an_answer_costs_itself():
    body = json.dumps(answer("One") | {"items": [*answer("One")["items"], None, 5, {}]}).encode()
    rows = rows_of(GOOGLE_BOOKS, body)
    assert [row.reason or row.values.get("title", "") for row in rows] == [
        "One", "malformed_json", "malformed_json", ""
    ]  # fmt: skip
