"""The S3 server's objects are private, and their names may have any letter."""

import os

import httpx
import psutil
import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from dustjacket.platform.object_store import object_store
from dustjacket.storage.draft import Draft
from dustjacket.storage.store import Store
from tests.conftest import fresh_home

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def served():
    """An S3 server below a folder with an umlaut, started in the locale C with an open umask."""
    home = fresh_home("objects")
    folder = home / "Über alles"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"DUSTJACKET_HOME": home, "LANG": "C", "LC_ALL": "C"}.items():
            patch.setenv(name, str(value))
        before = os.umask(0)
        folder.mkdir()
        with object_store(folder, Console(quiet=True)) as settings:
            yield settings
        os.umask(before)


@pytest.fixture(scope="module")
def store(served):
    return Store(served)


def test_no_file_of_the_server_can_be_used_by_others(served, store):
    store.client.put_object(Bucket=served.bucket, Key="a/b", Body=b"secret")
    assert not [file for file in served.home.rglob("*") if file.lstat().st_mode & 0o077]


def test_a_key_may_have_any_letter(served, store):
    for key in ("sources/été.jpg", "sources/Bücher - Straße.jpg", "sources/本.jpg"):
        store.client.put_object(Bucket=served.bucket, Key=key, Body=key.encode())
        assert store.client.get_object(Bucket=served.bucket, Key=key)["Body"].read() == key.encode()
        assert (served.home / "s3" / served.bucket / key).exists()


def test_an_unsigned_request_gets_nothing_whatever_the_modes_of_the_files(served, store):
    store.client.put_object(Bucket=served.bucket, Key="ledger/1.json", Body=b"secret")
    for path in [served.home / "s3", *(served.home / "s3").rglob("*")]:
        path.chmod(0o777 if path.is_dir() else 0o666)
    bucket = f"{served.s3_endpoint}/{served.bucket}"
    known, unknown = f"{bucket}/ledger/1.json", f"{bucket}/ledger/2.json"
    for method in ("GET", "HEAD", "DELETE"):
        replies = [httpx.request(method, url, timeout=30) for url in (known, unknown)]
        assert len({reply.status_code for reply in replies}) == 1, "it shows which objects exist"
        assert all(reply.is_client_error for reply in replies)
    for query in ("", "?list-type=2", "?versions", "?acl", "?policy"):
        assert httpx.get(f"{bucket}{query}", timeout=30).is_client_error, query
    assert httpx.get(served.s3_endpoint, timeout=30).status_code == 403
    for url in (f"{bucket}-2", known, unknown):
        assert httpx.put(url, content=b"mine", timeout=30).is_client_error, url
    body = store.client.get_object(Bucket=served.bucket, Key="ledger/1.json")["Body"]
    assert body.read() == b"secret"


@pytest.fixture
def full_disk():
    """A function that lets the S3 server write no file beyond a size, as a full disk does."""
    (java,) = (one for one in psutil.Process().children(recursive=True) if one.name() == "java")

    def limit(size):
        java.rlimit(psutil.RLIMIT_FSIZE, (size, psutil.RLIM_INFINITY))

    yield limit
    limit(psutil.RLIM_INFINITY)


def test_a_disk_that_is_full_at_publish_leaves_no_half_version_and_a_retry_succeeds(
    store, full_disk
):
    drafts = [Draft(store, "covers", "20260101T000000000000Z-abc", str(name)) for name in range(3)]
    before = sorted(store.keys(""))

    full_disk(100_000)
    with pytest.raises(ClientError, match="InternalError"):
        drafts[0].put("large.bin", os.urandom(1_000_000))
    full_disk(psutil.RLIM_INFINITY)
    assert sorted(store.keys("")) == before

    drafts[1].put("small.bin", b"1")
    full_disk(10)
    with pytest.raises(ClientError, match="InternalError"):
        drafts[1].publish(facts={})
    full_disk(psutil.RLIM_INFINITY)
    assert store.versions("covers") == []

    drafts[2].put("large.bin", os.urandom(1_000_000))
    manifest, won = drafts[2].publish(facts={})
    assert won
    assert store.newest("covers") == manifest
    assert [entry.path for entry in manifest.files] == ["large.bin"]
