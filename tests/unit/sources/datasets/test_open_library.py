"""Lines of Open Library's dumps."""

import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dustjacket.sources.csv import MAX_RECORD, WHOLE
from dustjacket.sources.datasets import open_library
from dustjacket.sources.datasets.open_library import OPEN_LIBRARY
from dustjacket.sources.tables import Shape
from tests.support.rows import rows_of

EDITION = {
    "title_prefix": "The", "title": "Key", "subtitle": "a novel", "covers": [-1, 42],
    "by_statement": "by Ada Stern.", "authors": [{"key": "/authors/OL1A"}],
    "works": [{"key": "/works/OL1W"}], "languages": [{"key": "/languages/eng"}],
    "isbn_10": ["0000000019"], "isbn_13": ["9780000000019"], "publishers": ["Ace"],
    "publish_date": "March 15, 1996", "subjects": ["Keys.", "Towers"], "genres": ["Fiction."],
    "description": {"type": "/type/text", "value": "A tale."}, "key": "/books/OL1M",
}  # fmt: skip


def line(kind, key, body):
    text = body if isinstance(body, str) else json.dumps(body)
    return f"/type/{kind}\t{key}\t3\t2009-12-11T01:57:19\t{text}\n".encode()


GOOD = line("edition", "/books/OL1M", EDITION)


def test_an_edition_is_a_book_with_its_work():
    (row,) = rows_of(OPEN_LIBRARY, GOOD)
    assert row.values == {
        "title": "The Key",
        "subtitle": "a novel",
        "author_keys": ["openlibrary:/authors/OL1A"],
        "author": "Ada Stern",
        "subjects": [
            {"scheme": "own", "code": None, "heading": heading, "main": False}
            for heading in ("Fiction", "Keys", "Towers")
        ],
        "description": "A tale.",
        "isbn": ["9780000000019", "0000000019"],
        "language": "eng",
        "published": "1996",
        "publisher": "Ace",
        "image": "https://covers.openlibrary.org/b/id/42-L.jpg",
        "record_id": "openlibrary:/books/OL1M",
        "work_id": "openlibrary:/works/OL1W",
    }


def test_a_work_is_of_itself():
    work = {"title": "Key", "description": "A tale.", "covers": [None], "subjects": "x"}
    (row,) = rows_of(OPEN_LIBRARY, line("work", "/works/OL1W", work))
    assert row.values["work_id"] == "openlibrary:/works/OL1W"
    assert row.values["description"] == "A tale."
    assert "image" not in row.values


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (line("author", "/authors/OL1A", {"name": "Ada Stern"}), "not_a_book"),
        (line("redirect", "/books/OL2M", {}), "not_a_book"),
        (line("edition", "/books/OL1M", '{"title": '), "malformed_json"),
        (line("edition", "/books/OL1M", "[" * 9999), "malformed_json"),
        (line("edition", "/books/OL1M", "3"), "malformed_json"),
        (b"/type/edition\t/books/OL1M\n", "malformed_line"),
        (b"title,author\n", "malformed_line"),
        (b"\xff\xfe\n", "malformed_line"),
    ],
    ids=range(8),
)
def test_a_bad_line_costs_itself_only(bad, reason):
    found = rows_of(OPEN_LIBRARY, GOOD + b"\n" + bad + GOOD)
    assert [row.reason for row in found] == [None, reason, None]
    assert found[1].offset == len(GOOD) + 1
    assert found[2].offset == len(GOOD) + 1 + len(bad)


def test_one_endless_line_is_not_kept(monkeypatch):
    monkeypatch.setattr(open_library, "MAX_LINE", 1 << 18)
    body = GOOD + b"/type/edition\t" + b"x" * (3 << 20) + b"\n" + GOOD
    found = rows_of(OPEN_LIBRARY, body)
    assert [row.reason for row in found] == [None, "record_too_long", None]
    assert len(found[1].raw) <= MAX_RECORD


def test_a_lone_surrogate_is_replaced():
    (row,) = rows_of(OPEN_LIBRARY, line("work", "/works/OL1W", '{"title": "a\\ud83d"}'))
    assert row.values["title"] == "a\ufffd"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


# The first draw builds tables of characters, which takes seconds on a busy machine.
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(sorted(EDITION)), JSON))
def test_values_of_any_type_are_a_row(book):
    body = line("edition", "/books/OL1M", book)
    (row,) = OPEN_LIBRARY.rows(io.BytesIO(body), Shape("open_library"), WHOLE)
    assert row.reason is None


@pytest.mark.parametrize("head", [b"type\tkey\n", b"/type/edition only", b'{"a": 1}', b""])
def test_other_tables_are_no_dump(head):
    assert not OPEN_LIBRARY.matches(head, "ol_dump.txt")
