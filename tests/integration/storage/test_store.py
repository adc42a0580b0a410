"""Versions in a real S3: published whole, once, and verified when read."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError
from pydantic import SecretStr

from dustjacket.errors import CorruptVersionError, NotReadyError
from dustjacket.storage.manifest import version_name
from dustjacket.storage.store import Store

pytestmark = pytest.mark.integration
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def test_of_attempts_at_once_one_wins_and_nothing_is_mixed(store):
    version = version_name(NOW, "0123456789ab")

    def attempt(number):
        draft = store.draft("raced", version)
        for name in "ab":
            draft.put(name, f"{number}".encode())
        return draft.publish(rows={"number": number})

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, range(8)))
    assert sum(won for _, won in outcomes) == 1
    winner = store.manifest("raced", version)
    assert {manifest.attempt for manifest, _ in outcomes} == {winner.attempt}
    number = str(winner.rows["number"]).encode()
    assert [store.read(winner, name) for name in "ab"] == [number, number]


def test_a_version_without_its_manifest_is_not_there(store):
    store.draft("unfinished", version_name(NOW, "0123456789ab")).put("a", b"x")
    assert store.versions("unfinished") == []
    assert store.newest("unfinished") is None
    with pytest.raises(NotReadyError, match="not published"):
        store.manifest("unfinished", version_name(NOW, "0123456789ab"))


def test_a_file_that_changed_after_it_was_published_is_refused(store):
    draft = store.draft("changed", version_name(NOW, "0123456789ab"))
    draft.put("a", b"x")
    manifest, _ = draft.publish()
    store.client.put_object(Bucket=store.bucket, Key=manifest.prefix + "a", Body=b"y")
    with pytest.raises(CorruptVersionError, match="does not match"):
        store.read(manifest, "a")


def test_a_wrong_key_is_refused(store):
    wrong = store.settings.model_copy(update={"s3_secret_key": SecretStr("another key")})
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        Store(wrong).versions("raced")
