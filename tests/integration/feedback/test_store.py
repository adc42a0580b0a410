"""The Studio's feedback in a real S3: flushed, read back, deleted in time, and never lost."""

from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from pydantic import SecretStr

from dustjacket.feedback import store as feedback
from dustjacket.feedback.store import KIND, Feedback, read_feedback
from dustjacket.storage.store import Store

pytestmark = pytest.mark.integration
BY = {"classifier": "genre_classifier/a", "clip": "cover_clip/b", "index": "cover_index/c"}


def titles(store):
    return sorted(read_feedback(store, 90)[0]["title"])


def test_votes_come_back_old_ones_go_and_none_is_lost_while_storage_is_away(store):
    collected = Feedback(store, days=90, share=1)
    collected.add_vote("old", None, "genre", "Art", 1, BY)
    with mock.patch.object(feedback, "datetime", wraps=datetime) as clock:
        # When it was written it was not too old.
        clock.now.return_value = datetime.now(UTC) - timedelta(days=91)
        old = collected.flush()
    assert store.versions(KIND) == [old.version]

    collected.add_vote("Liked", "Ada Stern", "cover", "00000007", 1, BY)
    collected.add_query("Asked", None, None, ["00000007"], BY)
    new = collected.flush()
    assert titles(store) == ["Asked", "Liked"]
    assert store.versions(KIND) == [new.version]
    assert not [key for key, _ in store.keys(f"{KIND}/{old.version}/")]

    wrong = Store(store.settings.model_copy(update={"s3_secret_key": SecretStr("another key")}))
    collected.add_vote("Later", None, "genre", "Art", -1, BY)
    with mock.patch.object(store, "client", wrong.client):
        assert collected.flush() is None
    assert titles(store) == ["Asked", "Liked"]
    assert collected.flush().rows == {"rows": 1}
    assert titles(store) == ["Asked", "Later", "Liked"]
    assert collected.flush() is None
