"""Files of published versions on disk: what changed there is noticed, and fetched again."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import pytest

from dustjacket.errors import CorruptVersionError, DustjacketError
from dustjacket.storage.cache import cached
from tests.support.bucket import store_in_memory

BODIES = {"model/weights": bytes(range(256)) * 5000, "model/config": b"{}", "other": b"x"}


@pytest.fixture
def store():
    return store_in_memory()


def published(store, version="v1"):
    draft = store.draft("cover_clip", version)
    for path, body in BODIES.items():
        draft.put(path, body)
    return draft.publish()[0]


def fetched(store):
    """Return the keys that are read from the bucket from now on."""
    keys, get = [], store.client.get_object
    store.client.get_object = lambda **call: (keys.append(call["Key"]), get(**call))[1]
    return keys


def test_files_are_fetched_once(store, tmp_path):
    manifest, keys = published(store), fetched(store)
    for _ in range(3):
        folder = cached(store, manifest, tmp_path, "model/")
        assert (folder / "model/weights").read_bytes() == BODIES["model/weights"]
        assert not (folder / "other").exists()
    assert sorted(keys) == [manifest.prefix + "model/config", manifest.prefix + "model/weights"]


def flip(file):
    body = bytearray(file.read_bytes())
    body[len(body) // 2] ^= 1
    file.write_bytes(body)


@pytest.mark.parametrize(
    "damage",
    [flip, lambda file: os.truncate(file, 10), lambda file: file.unlink(),
     lambda file: file.write_bytes(b"")],
    ids=["flipped", "truncated", "removed", "empty"],
)  # fmt: skip
def test_a_file_that_changed_on_disk_is_fetched_again_alone(store, tmp_path, damage):
    manifest = published(store)
    file = cached(store, manifest, tmp_path) / "model/weights"
    damage(file)
    keys = fetched(store)
    cached(store, manifest, tmp_path)
    assert file.read_bytes() == BODIES["model/weights"]
    assert keys == [manifest.prefix + "model/weights"]


@pytest.mark.parametrize("body", [b"", b"another", BODIES["model/weights"] * 2])
def test_a_published_file_that_changed_is_called_corrupt_and_never_kept(store, tmp_path, body):
    manifest = published(store)
    store.client.objects[manifest.prefix + "model/weights"] = body
    with pytest.raises(CorruptVersionError, match=r"corrupt file .*/model/weights") as refused:
        cached(store, manifest, tmp_path)
    assert "\n" not in str(refused.value)
    assert not list(tmp_path.rglob("*weights*"))


def test_a_file_is_on_disk_before_it_has_its_name(store, tmp_path):
    """After a power failure, a name stands for whole files only."""
    manifest, steps = published(store), []
    fsync, replace = os.fsync, os.replace
    with (
        mock.patch("os.fsync", lambda file: (steps.append(os.fstat(file)), fsync(file))),
        mock.patch("os.replace", lambda *paths: (steps.append(paths[1]), replace(*paths))),
    ):
        cached(store, manifest, tmp_path, "model/weights")
    file, name, folder = steps
    assert (stat.S_ISREG(file.st_mode), file.st_size) == (True, len(BODIES["model/weights"]))
    assert str(name).endswith("model/weights")
    assert stat.S_ISDIR(folder.st_mode)


def test_processes_that_fetch_at_once_get_whole_files(store, tmp_path):
    manifest = published(store)

    def read(_):
        return (cached(store, manifest, tmp_path) / "model/weights").read_bytes()

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(read, range(8))) == {BODIES["model/weights"]}
    assert not list(tmp_path.rglob(".*")), "no part is left"


def test_versions_that_are_not_used_are_deleted(store, tmp_path):
    manifests = [published(store, f"v{number}") for number in range(6)]
    for number, manifest in enumerate(manifests):
        folder = cached(store, manifest, tmp_path)
        os.utime(folder, (number, number))
    kept = {folder.name for folder in (tmp_path / "cover_clip").iterdir()}
    assert kept == {"v2", "v3", "v4", "v5"}


def test_a_folder_that_is_a_link_is_refused(store, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "cover_clip").symlink_to(elsewhere)
    with pytest.raises(DustjacketError, match="cover_clip cannot be a private folder"):
        cached(store, published(store), tmp_path)
    assert not list(elsewhere.iterdir())
