"""A source's fingerprint depends on its content only; a missing source is a one-line error."""

import os
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from dustjacket.errors import BadInputError
from dustjacket.settings import Settings
from dustjacket.sources.files import fingerprint, local_files, stage
from tests.support.bucket import store_in_memory


def test_the_fingerprint_follows_content_not_place_or_time(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder / "inner").mkdir(parents=True)
        (tmp_path / folder / "inner" / "x.csv").write_text("1")
    one, other = (fingerprint(str(tmp_path / folder), Settings()) for folder in ("a", "b"))
    assert one == other
    (tmp_path / "b" / "inner" / "x.csv").write_text("2")
    assert fingerprint(str(tmp_path / "b"), Settings()) != one


def test_a_renamed_file_changes_the_fingerprint_of_its_folder(tmp_path):
    (tmp_path / "x.csv").write_text("1")
    before = fingerprint(str(tmp_path), Settings())
    (tmp_path / "x.csv").rename(tmp_path / "y.csv")
    assert fingerprint(str(tmp_path), Settings()) != before


def test_a_missing_source_names_itself(tmp_path):
    with pytest.raises(BadInputError, match="does not exist"):
        fingerprint(str(tmp_path / "absent.csv"), Settings())


def test_an_empty_folder_is_no_source(tmp_path):
    with pytest.raises(BadInputError, match="an empty folder"):
        fingerprint(str(tmp_path), Settings())


def answering(monkeypatch, error):
    """Let S3 answer every listing with an error."""

    class Pages:
        client = property(lambda self: self)

        def __init__(self, _):
            pass

        def get_paginator(self, _):
            return self

        def paginate(self, **_):
            yield {}  # like the real one, it fails when it is read
            raise error

    monkeypatch.setattr("dustjacket.sources.s3_objects.Store", Pages)


@pytest.mark.parametrize("code", ["NoSuchBucket", "AccessDenied"])
def test_a_bucket_that_is_not_there_is_bad_input_with_the_cure(monkeypatch, code):
    reply = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": 404}}
    answering(monkeypatch, ClientError(reply, "ListObjectsV2"))
    with pytest.raises(BadInputError, match=r"bucket 'nobucket' .* name a bucket that exists"):
        fingerprint("s3://nobucket/x.csv", Settings())


def test_a_name_that_no_bucket_can_have_is_bad_input():
    with pytest.raises(BadInputError, match=r"bucket 'no_bucket!' .* name a bucket that exists"):
        fingerprint("s3://no_bucket!/x.csv", Settings())


def test_a_store_that_is_away_is_no_bad_input(monkeypatch):
    answering(monkeypatch, EndpointConnectionError(endpoint_url="http://nowhere"))
    with pytest.raises(EndpointConnectionError):
        fingerprint("s3://bucket/x.csv", Settings())


def names_below(root):
    return [file.relative_to(root).as_posix() for file in local_files(root)]


def test_links_to_folders_inside_the_source_are_followed_without_end(tmp_path):
    root, outside = tmp_path / "set", tmp_path / "outside"
    for folder in (root / "a", root / "b", outside):
        folder.mkdir(parents=True)
        (folder / "1.jpg").write_bytes(b"x")
    (root / "link").symlink_to(root / "a")
    (root / "out").symlink_to(outside)
    (root / "a" / "up").symlink_to(root)
    (root / "b" / "across").symlink_to(root / "a")
    (root / "self").symlink_to(root / "self")
    assert names_below(root) == ["a/1.jpg", "b/1.jpg", "b/across/1.jpg", "link/1.jpg"]


@pytest.fixture
def odd_names(tmp_path):
    root = tmp_path / "set"
    root.mkdir()
    names = [b"caf\xe9.jpg", "書".encode() * 80 + b".jpg", b"two\nlines.jpg", b"a\\b.jpg"]
    for name in names:
        (root / os.fsdecode(name)).write_bytes(name)
    return root, sorted(map(os.fsdecode, names))


def test_any_name_that_a_file_system_allows_is_staged_under_a_key_of_its_own(odd_names):
    root, names = odd_names
    store = store_in_memory()
    store.settings = store.settings.model_copy(update={"source_roots": str(root)})
    files = stage(str(root), store, lambda _: True)
    assert [file.name for file in files] == names
    for file in files:
        assert file.key.isascii()
        assert len(file.key) < 100
        assert store.client.objects[file.key] == os.fsencode(file.name)


def test_a_file_that_may_not_be_read_costs_itself_only(odd_names, monkeypatch):
    root, names = odd_names
    closed = root / names[0]
    real = Path.open

    def opened(path, *arguments, **options):
        if path == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", opened)
    store = store_in_memory()
    store.settings = store.settings.model_copy(update={"source_roots": str(root)})
    files = stage(str(root), store, lambda _: True)
    assert [file.name for file in files] == names
    assert [file.key in store.client.objects for file in files] == [False, True, True, True]


def test_what_is_no_file_is_refused_in_one_line(tmp_path):
    settings = Settings(_env_file=None, home=tmp_path / "home", source_roots=str(tmp_path))
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    (tmp_path / "dead.csv").symlink_to(tmp_path / "nothing.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    found = {
        "loop.csv": "does not exist", "dead.csv": "does not exist",
        "pipe.csv": "is neither a file nor a folder",
    }  # fmt: skip
    for name, problem in found.items():
        with pytest.raises(BadInputError, match=problem):
            fingerprint(str(tmp_path / name), settings)
