"""Real stores pass the probe."""

import pytest

from dustjacket.storage.probe import PREFIX, probe_store

pytestmark = pytest.mark.integration


def test_of_writers_of_one_key_one_wins(store):
    assert set(probe_store(store.settings, rounds=2, multipart=False).puts) == {1}
    assert list(store.keys(PREFIX)) == []


def test_the_embedded_store_decides_by_parts_too(s3_server):
    assert set(probe_store(s3_server, rounds=2).multiparts) == {1}
