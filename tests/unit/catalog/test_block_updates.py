"""Deltas of a feed: whole records, deletes and updates of blocks."""

from datetime import UTC, datetime

import pytest

from dustjacket.sample.onix import write_onix
from tests.support.listings import ingest, store_in


@pytest.fixture
def feed(tmp_path):
    folder = tmp_path / "feed"
    folder.mkdir()

    def write(**messages):
        for name, (day, books) in messages.items():
            sent = datetime(2026, 1, day, tzinfo=UTC)
            write_onix(folder / f"{name}.xml", books, sent=sent)
        store = store_in(tmp_path)
        return ingest(folder, store, min_rows_per_genre=1)

    return write


def book(number, **fields):
    subjects = [{"scheme": "bisac", "code": "FIC000000", "heading": "Fiction", "main": True}]
    return {
        "record_id": f"r.{number}",
        "title": f"Title {number}",
        "contributors": [{"name": f"Author {number}", "role": "aut"}],
        "subjects": subjects,
        "description": "old",
        **fields,
    }


def update(number, **fields):
    return {"record_id": f"r.{number}", "notification": "block_update", **fields}


def described(version):
    return {row["title"]: row["description"] for row in version.books}


def test_a_block_update_changes_only_its_block(feed):
    version = feed(a=(1, [book(1), book(2)]), b=(2, [update(1, description="new")]))
    assert described(version) == {"Title 1": "new", "Title 2": "old"}
    assert version.book("Title 1")["author"] == "Author 1"
    assert version.book("Title 1")["file"] == "b.xml"
    assert version.reasons == ["replaced"]


def test_messages_apply_in_the_order_in_which_they_were_sent(feed):
    version = feed(
        z=(1, [book(1, description="first")]),
        m=(2, [update(1, description="second")]),
        a=(3, [update(1, description="third")]),
    )
    assert described(version) == {"Title 1": "third"}


def test_whole_records_apply_in_the_order_in_which_they_were_sent(feed):
    version = feed(z=(1, [book(1, description="first")]), a=(2, [book(1, description="second")]))
    assert described(version) == {"Title 1": "second"}


def test_a_whole_record_replaces_what_was_updated_before(feed):
    version = feed(
        a=(1, [book(1)]),
        b=(2, [update(1, description="updated")]),
        c=(3, [book(1, description="whole")]),
    )
    assert described(version) == {"Title 1": "whole"}


def test_a_deleted_record_stays_deleted(feed):
    delete = {"record_id": "r.1", "notification": "delete"}
    version = feed(
        a=(1, [book(1), book(2)]), b=(2, [delete]), c=(3, [update(1, description="new")])
    )
    assert described(version) == {"Title 2": "old"}
    assert set(version.reasons) <= {"deleted", "delete_notice"}


def test_an_update_may_complete_a_record_that_was_rejected(feed):
    subjects = [{"scheme": "bisac", "code": "FIC000000", "heading": "Fiction", "main": True}]
    version = feed(
        a=(1, [book(1, subjects=[]), book(2)]),
        b=(2, [update(1, title="Title 1", subjects=subjects)]),
    )
    assert described(version) == {"Title 1": "old", "Title 2": "old"}


def test_an_update_without_a_record_has_a_reason(feed):
    version = feed(a=(1, [book(2)]), b=(2, [update(1, description="new")]))
    assert version.reasons == ["update_without_record"]


def test_an_update_that_describes_the_whole_book_stands_alone(feed):
    whole = book(1) | {"notification": "block_update"}
    assert described(feed(a=(1, [whole, book(2)]))) == {"Title 1": "old", "Title 2": "old"}


def test_updates_in_one_file_apply_in_their_order(feed):
    version = feed(a=(1, [book(1), update(1, description="b"), update(1, description="c")]))
    assert described(version) == {"Title 1": "c"}
