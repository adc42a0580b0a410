"""Items of Amazon Reviews 2023."""

import json
import time

from dustjacket.sources.datasets.amazon_reviews import AMAZON_REVIEWS
from tests.support.rows import rows_of

ITEM = {
    "main_category": "Books", "title": "The Key", "subtitle": "Paperback",
    "author": {"name": "Ada Stern", "about": ["x"]}, "description": ["A.", "B."],
    "images": [
        {"large": "https://x/2.jpg", "variant": "BACK"},
        {"large": "https://x/1.jpg", "hi_res": None, "variant": "MAIN"},
    ],
    "categories": ["Books", "Fantasy", "Epic"],
    "details": {
        "Publisher": "Ace (March 15, 1996)", "ISBN 13": "978-0000000019", "Language": "English"
    },
    "parent_asin": "0000000019",
}  # fmt: skip


def test_an_item_has_the_details_of_its_book():
    (row,) = rows_of(AMAZON_REVIEWS, json.dumps(ITEM).encode())
    assert row.values == {
        "title": "The Key",
        "author": {"name": "Ada Stern", "about": ["x"]},
        "genre": [["Books", "Fantasy", "Epic"]],
        "description": "A.\nB.",
        "isbn": ["978-0000000019", "0000000019"],
        "language": "English",
        "publisher": "Ace",
        "published": "March 15, 1996",
        "image": "https://x/1.jpg",
        "record_id": "0000000019",
    }


def test_what_is_missing_or_of_another_type_is_left_out():
    item = dict.fromkeys(ITEM) | {
        "title": "x",
        "parent_asin": "B00ABC",
        "details": "{}",
        "images": 1,
    }
    (row,) = rows_of(AMAZON_REVIEWS, json.dumps(item).encode())
    assert row.values == {"title": "x", "record_id": "B00ABC"}


def test_long_noise_takes_little_time():
    started = time.monotonic()
    item = ITEM | {"details": {"Publisher": "(" + " " * 30_000}}
    (row,) = rows_of(AMAZON_REVIEWS, json.dumps(item).encode())
    assert row.values["title"] == "The Key"
    assert time.monotonic() - started < 5
