"""A conditional write: one writer wins, and a writer never loses against itself."""

import json

import pytest
from botocore.exceptions import ClientError

from dustjacket.storage.s3 import put_if_absent
from tests.support.bucket import Bucket, refused

KEY = "kind/version/manifest.json"


def put(client, attempt):
    return put_if_absent(client, "bucket", KEY, json.dumps({"attempt": attempt}).encode(), attempt)


def test_the_first_writer_wins_and_the_second_changes_nothing():
    client = Bucket()
    assert put(client, "attempt-1")
    assert not put(client, "attempt-2")
    assert json.loads(client.objects[KEY]) == {"attempt": "attempt-1"}


def test_a_write_repeated_after_a_lost_reply_is_the_writer_s_own():
    client = Bucket()
    assert put(client, "attempt-1")
    assert put(client, "attempt-1")


def test_a_conflict_with_an_unfinished_write_is_no_success():
    client = Bucket()
    client.failing = {"put_object": refused(409)}
    assert not put(client, "attempt-1")


def test_any_other_failure_is_raised():
    client = Bucket()
    client.failing = {"put_object": refused(403)}
    with pytest.raises(ClientError):
        put(client, "attempt-1")
