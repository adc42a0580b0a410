"""A conditional write: one writer wins, and a writer never loses against itself."""

import io
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from dustjacket.errors import DustjacketError
from dustjacket.settings import Settings
from dustjacket.storage.s3 import _put_or_read, put_if_absent, s3_client
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


@pytest.mark.parametrize("conflicts", [1, 3])
def test_a_write_that_conflicts_with_an_unfinished_one_is_sent_again(conflicts):
    client = Bucket()
    put_object, left = client.put_object, iter(range(conflicts))

    def busy(**call):
        if next(left, None) is not None:
            raise refused(409)
        put_object(**call)

    client.put_object = busy
    assert put(client, "attempt-1")
    assert json.loads(client.objects[KEY]) == {"attempt": "attempt-1"}


def test_a_write_loses_against_one_that_finishes_during_the_conflict():
    client = Bucket()

    def other_wins(**call):
        client.objects[call["Key"]] = b'{"attempt": "attempt-2"}'
        raise refused(409)

    client.put_object = other_wins
    assert not put(client, "attempt-1")


def test_a_conflict_that_does_not_end_is_raised(monkeypatch):
    monkeypatch.setattr(_put_or_read.retry, "sleep", lambda _: None)
    client = Bucket()
    client.failing = {"put_object": refused(409)}
    with pytest.raises(ClientError):
        put(client, "attempt-1")
    assert client.objects == {}


def test_any_other_failure_is_raised():
    client = Bucket()
    client.failing = {"put_object": refused(403)}
    with pytest.raises(ClientError):
        put(client, "attempt-1")


def answering(status, body=b"", **headers):
    """Return a client whose requests get this reply, and the list of its requests."""
    login = {"s3_access_key": "key", "s3_secret_key": "of the tests"}
    client = s3_client(Settings.model_validate({"s3_endpoint": "https://s3.invalid", **login}))
    requests = []

    def reply(request, **_):
        requests.append(request)
        raw = SimpleNamespace(stream=lambda: iter([body]))
        return AWSResponse(request.url, status, headers, raw)

    client.meta.events.register("before-send.s3", reply)
    return client, requests


@pytest.mark.parametrize("size", [10, 9 << 20], ids=["one request", "multipart"])
def test_an_upload_over_tls_states_its_length_and_has_no_trailer(size):
    started = (
        b"<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>"
    )
    client, requests = answering(200, started, ETag='"1"')
    client.upload_fileobj(io.BytesIO(bytes(size)), "bucket", "key")
    put_if_absent(client, "bucket", KEY, b"{}", "attempt-1")
    sent = [request for request in requests if request.method == "PUT"]
    assert len(sent) == (2 if size == 10 else 3)
    for request in sent:
        names = {name.lower() for name in request.headers}
        assert "content-length" in names
        assert not names & {"transfer-encoding", "x-amz-trailer", "content-encoding"}


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("get_object", b"<Error><Code>RequestTimeTooSkewed</Code></Error>"),
        ("head_object", b""),
    ],
)
def test_a_clock_that_differs_from_the_server_s_is_named(call, body):
    server = datetime.now(UTC) - timedelta(minutes=20)
    client, _ = answering(403, body, Date=format_datetime(server, usegmt=True))
    with pytest.raises(DustjacketError, match="clock") as error:
        getattr(client, call)(Bucket="bucket", Key="key")
    assert f"{server:%Y-%m-%d %H:%M}" in str(error.value)
    assert f"{datetime.now(UTC):%Y-%m-%d %H:}" in str(error.value)


def test_a_refusal_with_equal_clocks_is_no_matter_of_clocks():
    now = format_datetime(datetime.now(UTC), usegmt=True)
    client, _ = answering(403, b"<Error><Code>AccessDenied</Code></Error>", Date=now)
    with pytest.raises(ClientError, match="AccessDenied"):
        client.get_object(Bucket="bucket", Key="key")
