"""Files of a version: what is missing or changed is named, with the cure."""

import pytest

from dustjacket.errors import CorruptVersionError
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
