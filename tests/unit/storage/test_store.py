"""Files of a version: what is missing or changed is named, with the cure."""

import json

import pytest

from dustjacket.errors import CorruptVersionError, MissingVersionError
from dustjacket.storage.manifest import parse_manifest
from dustjacket.storage.parents import parent_of
from tests.support.bucket import store_in_memory


def damage_nothing(objects, key):
    pass


def delete(objects, key):
    del objects[key]


def change(objects, key):
    objects[key] = b"other"


@pytest.mark.parametrize(
    ("damage", "path", "reason"),
    [
        (damage_nothing, "c", "covers/v1 has no file 'c'"),
        (delete, "a", "a is missing"),
        (change, "a", "a does not match its manifest"),
    ],
)
def test_a_damaged_file_is_named_with_its_cure(damage, path, reason):
    store = store_in_memory()
    draft = store.draft("covers", "v1")
    draft.put("a", b"1")
    manifest, _ = draft.publish()
    damage(store.client.objects, manifest.prefix + "a")
    cure = "delete covers/v1/manifest.json and run the step that makes covers"
    with pytest.raises(CorruptVersionError, match=f"{reason}: restore it, or {cure}"):
        store.read(manifest, path)


@pytest.mark.parametrize("damage", [delete, change])
def test_spark_is_given_the_addresses_of_verified_files_only(damage):
    store = store_in_memory()
    draft = store.draft("catalog", "v1")
    for path in ("books/0.parquet", "books/1.parquet", "rejected/0.parquet"):
        draft.put(path, path.encode())
    manifest, _ = draft.publish()
    draft.put("books/stray.parquet", b"from an attempt that was killed")
    assert store.verified_uris(manifest, "books/") == [
        f"s3a://dustjacket/{manifest.prefix}books/{number}.parquet" for number in range(2)
    ]
    damage(store.client.objects, manifest.prefix + "books/1.parquet")
    with pytest.raises(CorruptVersionError, match=r"catalog/v1/.*books/1\.parquet"):
        store.verified_uris(manifest, "books/")


def test_a_download_says_how_far_it_is(tmp_path):
    calls = []
    store = store_in_memory(progress=lambda *call: calls.append(call))
    draft = store.draft("covers", "v1")
    draft.put("a", bytes(3 << 20))
    draft.put("b", b"1")
    manifest, _ = draft.publish()
    store.download(manifest, tmp_path)
    total = (3 << 20) + 1
    assert [done for _, done, _ in calls] == [1 << 20, 2 << 20, 3 << 20, total]
    assert {(name, size) for name, _, size in calls} == {("covers/v1", total)}


@pytest.mark.parametrize("path", ["../a", "/a", "a/../../b", "", ".", "a//b", "a\0b"])
def test_a_manifest_cannot_name_a_file_outside_its_folder(path):
    store = store_in_memory()
    manifest, _ = store.draft("covers", "v1").publish()
    values = manifest.model_dump(mode="json", by_alias=True)
    for changed in (
        {"files": [{"path": path, "size": 1, "sha256": "0"}]},
        {"version": path.replace("a", "")},
        {"kind": f"a/{path}"},
    ):
        text = json.dumps({**values, **changed}).encode()
        with pytest.raises(CorruptVersionError, match="covers/v1: manifest's"):
            parse_manifest(text, "covers/v1")


def test_a_parent_that_is_gone_is_named_with_its_child_and_the_cure():
    store = store_in_memory()
    parent, _ = store.draft("covers", "v1").publish()
    child, _ = store.draft("labelled_covers", "v2").publish(parents={"covers": "v1"})
    assert parent_of(store, child, "covers") == parent
    del store.client.objects["covers/v1/manifest.json"]
    gone = "labelled_covers/v2 was made from covers/v1, which is gone: run the step that makes"
    with pytest.raises(MissingVersionError, match=gone):
        parent_of(store, child, "covers")
    with pytest.raises(CorruptVersionError, match="labelled_covers/v2 names no catalog"):
        parent_of(store, child, "catalog")


def test_of_a_deleted_manifest_the_version_before_is_used_until_it_is_back():
    store = store_in_memory()
    first, _ = store.draft("covers", "20260101T000000000000Z-a").publish()
    second, _ = store.draft("covers", "20260102T000000000000Z-b").publish()
    assert store.newest("covers") == second
    body = store.client.objects.pop(f"covers/{second.version}/manifest.json")
    assert store.newest("covers") == first
    assert store.versions("covers") == [first.version]
    store.client.objects[f"covers/{second.version}/manifest.json"] = body
    assert store.newest("covers") == second
