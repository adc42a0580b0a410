"""Volumes of the Google Books API."""

import json

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
