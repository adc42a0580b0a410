import gzip

import pytest

from dustjacket.covers import s3_prefix
from dustjacket.covers.s3_prefix import S3Prefix
from tests.support.bucket import store_in_memory


@pytest.fixture
def prefix(monkeypatch):
    store = store_in_memory()
    monkeypatch.setattr(s3_prefix, "_store", lambda _: store)
    store.client.objects |= {"set/a.txt": b"0123456789", "set/packed.gz": gzip.compress(b"rows")}
    return S3Prefix(store.settings, store.bucket, "set/")


def test_a_file_is_read_whole_or_in_part(prefix):
    assert prefix.read("a.txt") == b"0123456789"
    assert prefix.read("a.txt", size=4) == b"0123"
    assert prefix.read("a.txt", 3, 4) == b"3456"
    assert prefix.read("a.txt", 8, 4) == b"89"


def test_a_range_beyond_the_end_is_empty(prefix):
    assert prefix.read("a.txt", 10, 4) == b""


def test_a_missing_file_is_an_error_with_its_address(prefix):
    with pytest.raises(FileNotFoundError, match=r"s3a://\S+/set/b\.txt"):
        prefix.read("b.txt")


def test_a_compressed_file_is_opened_decompressed(prefix):
    with prefix.open("packed.gz") as stream:
        assert stream.read() == b"rows"


def test_an_uploaded_file_is_below_the_prefix(prefix, tmp_path):
    assert not prefix.has_files("shards")
    (tmp_path / "0.tar").write_bytes(b"tar")
    prefix.upload("shards/0.tar", tmp_path / "0.tar")
    assert prefix.has_files("shards")
    assert prefix.read("shards/0.tar") == b"tar"
