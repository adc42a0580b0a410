"""Later records of a feed."""

from dustjacket.sources.onix.deltas import merged, order_of

RECORD = {"record_id": "r", "notification": "new", "title": "Emma", "description": "Old"}


def test_a_later_record_replaces_an_earlier_one():
    later = {"record_id": "r", "notification": "update", "title": "Emma!"}
    assert merged(RECORD, later) == later


def test_a_block_update_replaces_only_the_fields_of_its_blocks():
    later = {"record_id": "r", "notification": "block_update", "description": None, "image": "u"}
    assert merged(RECORD, later) == {
        "record_id": "r",
        "notification": "update",
        "title": "Emma",
        "description": None,
        "image": "u",
    }


def test_a_block_update_without_a_record_stands_for_itself():
    later = {"record_id": "r", "notification": "block_update", "title": "Emma"}
    assert merged(None, later) == later


def test_a_deleted_record_is_not_brought_back_by_a_block_update():
    deleted = {"record_id": "r", "notification": "delete"}
    later = {"record_id": "r", "notification": "block_update", "title": "Emma"}
    assert merged(deleted, later)["notification"] == "delete"


def test_a_block_update_that_is_silent_keeps_a_reservation():
    reserved = {**RECORD, "text_and_data_mining": "reserved"}
    silent = {"record_id": "r", "notification": "block_update", "title": "Emma"}
    assert merged(reserved, silent)["text_and_data_mining"] == "reserved"
    permits = {**silent, "text_and_data_mining": "allowed"}
    assert merged(reserved, permits)["text_and_data_mining"] == "allowed"


def test_records_apply_by_time_then_file_then_position():
    assert order_of({"sent": "2024"}, "b", 0) < order_of({"sent": "2025"}, "a", 0)
    assert order_of({}, "z", 9) < order_of({"sent": "2024"}, "a", 0)
    assert order_of({}, "a", 9) < order_of({}, "b", 0) < order_of({}, "b", 1)
