"""A folder in place of the bucket behaves as S3 does."""

import io

import pytest
from botocore.exceptions import ClientError

from dustjacket.errors import CorruptVersionError, NotReadyError
from dustjacket.settings import Settings
from dustjacket.sources.files import stage
from dustjacket.sources.roots import allow
from dustjacket.sources.streams import opened
from dustjacket.storage.folder import FolderClient
from dustjacket.storage.s3 import put_if_absent, status_of
from dustjacket.storage.store import Store


@pytest.fixture
def store(tmp_path):
    return Store(Settings(_env_file=None, home=tmp_path / "home", folder=tmp_path / "bücket #1"))


def refusal(call, *arguments, **options):
    with pytest.raises(ClientError) as caught:
        call(*arguments, **options)
    return status_of(caught.value)


def test_a_version_is_published_once_and_read_back(store, tmp_path):
    store.ensure_bucket()
    draft, other = store.draft("catalog", "v1"), store.draft("catalog", "v1")
    draft.put("books/0", b"0123456789")
    (tmp_path / "file").write_bytes(b"file")
    draft.upload("books/Größe", tmp_path / "file")
    other.put("books/0", b"other")
    manifest, won = draft.publish(rows={"accepted": 1})
    assert won
    assert other.publish() == (manifest, False)
    assert [entry.path for entry in manifest.files] == ["books/0", "books/Größe"]
    assert store.versions("catalog") == ["v1"]
    assert store.newest("catalog") == manifest
    assert store.read(manifest, "books/0") == b"0123456789"
    assert [path.read_bytes() for path in store.download(manifest, tmp_path / "copy")] == [
        b"0123456789", b"file"
    ]  # fmt: skip
    store.refer("catalog", "v2", "v1", None)
    assert store.newest_named("catalog") == ("v2", manifest)
    assert store.uri(manifest, "books/0").startswith("file:///")


def test_a_changed_file_is_found(store):
    draft = store.draft("catalog", "v1")
    draft.put("a", b"1")
    manifest, _ = draft.publish()
    store.client.path(store.bucket, manifest.prefix + "a").write_bytes(b"2")
    with pytest.raises(CorruptVersionError):
        store.read(manifest, "a")


def test_what_is_not_there_is_refused_as_s3_refuses_it(store):
    with pytest.raises(NotReadyError):
        store.manifest("catalog", "v1")
    assert store.newest("catalog") is None
    assert list(store.keys("catalog/")) == []
    client, bucket = store.client, store.bucket
    assert refusal(client.get_object, Bucket=bucket, Key="a") == 404
    assert refusal(client.head_object, Bucket=bucket, Key="a") == 404
    assert refusal(client.get_object, Bucket=bucket, Key="../a") == 400
    assert refusal(client.get_object, Bucket=bucket, Key="/etc/passwd") == 400
    assert put_if_absent(client, bucket, "a", b'{"attempt": "one"}', "one")
    assert not put_if_absent(client, bucket, "a", b'{"attempt": "two"}', "two")


@pytest.mark.parametrize(
    ("range_", "read"),
    [("bytes=0-", b"0123456789"), ("bytes=2-4", b"234"), ("bytes=8-99", b"89")],
)
def test_a_range_is_read(store, range_, read):
    store.client.upload_fileobj(io.BytesIO(b"0123456789"), store.bucket, "a")
    reply = store.client.get_object(Bucket=store.bucket, Key="a", Range=range_)["Body"]
    assert reply.read() == read
    reply.seek(1)
    assert reply.read(1) == read[1:2]
    assert reply.seek(-1, io.SEEK_END) == len(read) - 1
    assert reply.read() == read[-1:]
    reply.seek(0)
    assert b"".join(reply.iter_chunks(4)) == read


def test_a_range_after_the_end_is_refused(store):
    store.client.upload_fileobj(io.BytesIO(b"0123"), store.bucket, "a")
    options = {"Bucket": store.bucket, "Key": "a", "Range": "bytes=4-"}
    assert refusal(store.client.get_object, **options) == 416


def test_keys_are_sorted_and_incomplete_files_are_no_objects(store):
    for key in ("b/2", "b/1", "b/.1.part", "ba/1", "c"):
        store.client.upload_fileobj(io.BytesIO(b"12"), store.bucket, key)
    assert list(store.keys("")) == [("b/1", 2), ("b/2", 2), ("ba/1", 2), ("c", 2)]
    assert [key for key, _ in store.keys("b/")] == ["b/1", "b/2"]
    assert [key for key, _ in store.keys("b")] == ["b/1", "b/2", "ba/1"]
    listed = {"Bucket": store.bucket, "Prefix": "b/", "MaxKeys": 1}
    assert store.client.list_objects_v2(**listed)["KeyCount"] == 1


def test_source_files_of_this_machine_are_read_where_they_lie(store, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "ä.csv").write_bytes(b"title,genre\n")
    store.settings.home.mkdir()
    allow(str(source), store.settings)
    [file] = stage(str(source), store, bool)
    assert (file.name, file.key, file.size) == ("ä.csv", str(source / "ä.csv"), 12)
    with opened(file, store) as stream:
        assert stream.read() == b"title,genre\n"
    assert list(store.keys("")) == []


def test_another_bucket_is_on_the_users_own_server(tmp_path):
    client = FolderClient(tmp_path, "ours", FakeS3)
    assert client.get_object(Bucket="theirs", Key="a") == {"Body": ("theirs", "a")}


class FakeS3:
    def get_object(self, Bucket, Key):  # noqa: N803
        return {"Body": (Bucket, Key)}
