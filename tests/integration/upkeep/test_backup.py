"""A bucket of a real S3 server comes back whole, with the ETags by which sources are compared."""

import pytest

from dustjacket.errors import BadInputError
from dustjacket.sources.s3_objects import s3_objects
from dustjacket.storage.store import Store
from dustjacket.upkeep.backup import back_up, restore_bucket
from dustjacket.upkeep.vault import Vault

pytestmark = pytest.mark.integration
LARGE = bytes(range(256)) * (9 << 12)  # is sent in parts


def test_objects_etags_and_versions_are_as_before(store, tmp_path):
    draft = store.draft("covers", "v1")
    for path, body in (("a.parquet", b"abc"), ("weights", LARGE), ("empty", b"")):
        draft.put(path, body)
    manifest, _ = draft.publish()
    home = tmp_path / "home"
    home.mkdir()
    vault = Vault(tmp_path / "vault", create=True)
    name, files, new = back_up(home, store, vault)
    assert (files, new > len(LARGE)) == (4, True)
    assert back_up(home, store, vault)[2] == 0, "nothing is read or copied again"
    settings = store.settings.model_copy(update={"bucket": f"{store.bucket}-restored"})
    restored = Store(settings)
    assert restore_bucket(restored, vault, name) == files
    assert restored.newest("covers") == manifest
    assert [restored.read(manifest, file.path) for file in manifest.files] == [
        store.read(manifest, file.path) for file in manifest.files
    ]
    before, after = (
        list(s3_objects(f"s3://{each.bucket}/covers", each.settings)) for each in (store, restored)
    )
    assert after == before
    with pytest.raises(BadInputError, match="not empty"):
        restore_bucket(restored, vault, name)
