"""Books of the UCSD Book Graph."""

import json

import pytest

from dustjacket.sources.datasets.goodreads_graph import GOODREADS_GRAPH, genres_of
from tests.support.rows import rows_of

BOOK = {
    "isbn": "0000000019", "isbn13": "9780000000019", "language_code": "en-US",
    "popular_shelves": [
        {"count": "500", "name": "to-read"}, {"count": "90", "name": "science-fiction"},
        {"count": "120", "name": "fantasy"}, {"count": "80", "name": "read-in-2015"},
        {"count": "70", "name": "owned-books"}, {"count": "60", "name": "5-stars"},
    ],
    "description": "A tale.", "authors": [{"author_id": "7", "role": ""}], "publisher": "Ace",
    "publication_year": "1996", "publication_month": "3", "publication_day": "",
    "image_url": "https://images.example/c.jpg", "book_id": "1", "work_id": "9",
    "title": "The Key (Saga, #1)", "title_without_series": "The Key",
}  # fmt: skip


def test_a_book_has_genres_of_shelves_and_its_work():
    (row,) = rows_of(GOODREADS_GRAPH, json.dumps(BOOK).encode())
    assert row.values == {
        "title": "The Key (Saga, #1)",
        "author_keys": ["goodreads:7"],
        "genre": ["fantasy", "science fiction"],
        "description": "A tale.",
        "isbn": ["9780000000019", "0000000019"],
        "language": "en-US",
        "published": "1996-03",
        "publisher": "Ace",
        "image": "https://images.example/c.jpg",
        "record_id": "goodreads:1",
        "work_id": "goodreads:9",
    }


def test_broken_lines_cost_themselves_only():
    lines = [BOOK, 3, BOOK | {"popular_shelves": {"x": []}, "image_url": "/nophoto/x.png"}]
    body = "\n".join(map(json.dumps, lines)) + '\n{"title": \n'
    found = rows_of(GOODREADS_GRAPH, body.encode())
    assert [row.reason for row in found] == [None, "malformed_json", None, "malformed_json"]
    assert not {"genre", "image"} & set(found[2].values)


@pytest.mark.parametrize(
    ("shelves", "expected"),
    [
        (None, []),
        ([{"name": None, "count": "1"}, {"name": "x", "count": None}, 7], []),
        ([{"name": "Horror", "count": 3}, {"name": "horror", "count": "4"}], ["horror"]),
        ([{"name": name, "count": "1"} for name in ("2017", "books-read-in-2011", "tbr")], []),
        ([{"name": "x", "count": "9" * 5000}], ["x"]),
    ],
)
def test_shelves_of_any_form_give_genres_or_none(shelves, expected):
    assert genres_of(shelves) == expected
