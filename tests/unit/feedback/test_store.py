"""Stored queries and votes: complete, without duplicates, anonymous, and deleted in time."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from unittest import mock

import pandas as pd
import pyarrow.parquet as pq
import pytest

from dustjacket.feedback import store as feedback
from dustjacket.feedback.store import FILE, KIND, Feedback, delete_expired, read_feedback
from dustjacket.storage.manifest import MANIFEST, version_name
from tests.support.bucket import away, store_in_memory

BY = {"classifier": "genre_classifier/a", "clip": "cover_clip/b", "index": "cover_index/c"}
DAYS = 90


@pytest.fixture
def store():
    return store_in_memory()


@pytest.fixture
def collected(store):
    return Feedback(store, days=DAYS, share=1)


def vote(collected, title="The Red Tower", vote=1, on="cover", answer="00000007"):
    collected.add_vote(title, "Ada Stern", on, answer, vote, BY)


def titles(store):
    return list(read_feedback(store, DAYS)[0]["title"])


def published_at(store, age, collected=None, title="old"):
    """Publish a vote as it would have been so long ago."""
    collected = collected or Feedback(store, days=10_000, share=1)
    collected.add_vote(title, None, "genre", "Art", 1, {})
    with mock.patch.object(feedback, "datetime", wraps=datetime) as clock:
        clock.now.return_value = datetime.now(UTC) - age
        return collected.flush()


def test_votes_and_queries_come_back_as_they_were_given(store, collected):
    collected.add_query("The Red Tower", None, "Art", ["00000001", "00000007"], BY)
    vote(collected, vote=-1)
    manifest = collected.flush()
    assert (manifest.kind, manifest.rows) == ("studio_feedback", {"rows": 2})
    found, versions = read_feedback(store, DAYS)
    assert versions == [manifest.version]
    rows = found.drop(columns="covers").to_dict("records")
    common = {"day": datetime.now(UTC).date(), "title": "The Red Tower", **BY}
    assert rows == [
        {**common, "author": None, "on": "query", "answer": "Art", "vote": 0},
        {**common, "author": "Ada Stern", "on": "cover", "answer": "00000007", "vote": -1},
    ]
    assert [list(covers) for covers in found["covers"]] == [["00000001", "00000007"], []]
    assert set(manifest.schema_) == set(found.columns)


def test_no_moment_of_a_row_is_kept_but_its_day(store, collected):
    vote(collected)
    body = store.read(collected.flush(), FILE)
    kinds = {str(field.type) for field in pq.read_schema(io.BytesIO(body))}
    assert kinds == {"date32[day]", "string", "int8", "list<element: string>"}


def test_nothing_collected_publishes_nothing(store, collected):
    assert collected.flush() is None
    vote(collected)
    assert collected.flush()
    assert collected.flush() is None
    assert len(store.versions(KIND)) == 1


def test_without_feedback_there_is_an_empty_table_of_the_same_columns(store, collected):
    empty, versions = read_feedback(store, DAYS)
    assert versions == []
    assert empty.empty
    vote(collected)
    collected.flush()
    assert list(empty.columns) == list(read_feedback(store, DAYS)[0].columns)


def test_so_large_a_share_of_the_queries_is_kept_and_every_vote(store):
    collected = Feedback(store, days=DAYS, share=0.25, seed=3)
    for at in range(1000):
        collected.add_query(f"book {at}", None, None, [], BY)
        vote(collected)
    collected.flush()
    counts = read_feedback(store, DAYS)[0]["on"].value_counts()
    assert counts["cover"] == 1000
    assert 200 < counts["query"] < 300


@pytest.mark.parametrize(("share", "kept"), [(0, 0), (1, 50)])
def test_none_and_all_are_shares(store, share, kept):
    collected = Feedback(store, days=DAYS, share=share)
    for _ in range(50):
        collected.add_query("book", None, None, [], BY)
    collected.flush()
    assert len(read_feedback(store, DAYS)[0]) == kept


@pytest.mark.parametrize("call", ["upload_fileobj", "put_object", "get_object", "put_object_reply"])
def test_what_cannot_be_published_is_kept_and_comes_once(store, collected, call):
    vote(collected, "first")
    with away(store, call):
        assert collected.flush() is None
        vote(collected, "second")
        collected.flush()
    vote(collected, "third")
    assert collected.flush()
    assert sorted(titles(store)) == ["first", "second", "third"]
    assert collected.flush() is None


def test_a_deletion_that_fails_takes_nothing_of_what_was_published(store, collected):
    published_at(store, timedelta(days=100))
    vote(collected)
    with away(store, "delete_object"):
        assert collected.flush()
    assert titles(store) == ["The Red Tower"]
    collected.flush()
    assert len(store.versions(KIND)) == 1


def test_memory_is_bounded_and_the_oldest_queries_go_first(store, collected, monkeypatch):
    monkeypatch.setattr(feedback, "MAX_BUFFERED_ROWS", 5)
    for at in range(4):
        collected.add_query(f"query {at}", None, None, [], BY)
    for at in range(3):
        vote(collected, f"vote {at}")
    collected.flush()
    assert titles(store) == ["query 2", "query 3", "vote 0", "vote 1", "vote 2"]
    for at in range(7):
        vote(collected, f"more {at}")
    collected.flush()
    assert titles(store)[5:] == ["more 2", "more 3", "more 4", "more 5", "more 6"]


def test_many_threads_at_once_lose_nothing(store, collected):
    def work(number):
        for at in range(50):
            vote(collected, f"{number} {at}")
            if at % 20 == 0:
                collected.flush()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    collected.flush()
    assert sorted(titles(store)) == sorted(f"{one} {at}" for one in range(8) for at in range(50))


@pytest.mark.parametrize("title", ["\ud800", "x" * 10_000, "\x00", "=cmd()|'</script>"])
def test_no_text_can_keep_the_others_from_being_written(store, collected, title):
    vote(collected, title)
    vote(collected)
    assert collected.flush()
    found = titles(store)
    assert len(found[0]) <= 1000
    assert found[1] == "The Red Tower"


def test_what_is_too_old_is_deleted_manifest_first_and_the_rest_stays(store, collected):
    old = published_at(store, timedelta(days=91))
    kept = published_at(store, timedelta(days=89))
    store.draft(KIND, version_name(datetime.now(UTC) - timedelta(days=95), "0" * 12)).put("a", b"x")
    store.client.objects[f"{KIND}/README"] = b"of somebody else"
    collected.flush()
    assert store.versions(KIND) == [kept.version]
    gone = store.client.deleted
    assert gone[0] == f"{KIND}/{old.version}/{MANIFEST}"
    assert {key.split("/")[1] for key in gone[1:]} > {old.version}, "unfinished attempts go too"
    assert not any(old.version in key for key in store.client.objects)
    assert f"{KIND}/README" in store.client.objects


def test_what_is_too_old_is_not_read_though_nobody_has_deleted_it(store):
    published_at(store, timedelta(days=31))
    new = published_at(store, timedelta(days=29), title="new")
    found, versions = read_feedback(store, 30)
    assert list(found["title"]) == ["new"]
    assert versions == [new.version]


def damage(store, manifest, how):
    objects, prefix = store.client.objects, f"{KIND}/{manifest.version}"
    if how == "bytes":
        objects[manifest.prefix + FILE] = b"PAR1"
    elif how == "file gone":
        del objects[manifest.prefix + FILE]
    elif how == "manifest":
        objects[f"{prefix}/{MANIFEST}"] = b"{"
    else:
        body = io.BytesIO()
        pd.DataFrame({"title": ["foreign"]}).to_parquet(body)
        names = {"columns": version_name(datetime.now(UTC), "0" * 12), "name": "2999-of-others"}
        draft = store.draft(KIND, names.get(how) or version_name(datetime.now(UTC), "1" * 12))
        draft.put(FILE if how != "other file" else "other", body.getvalue())
        draft.publish()


@pytest.mark.parametrize("how", ["bytes", "file gone", "manifest", "columns", "name", "other file"])
def test_a_corrupt_or_foreign_version_is_skipped_and_logged(store, how, caplog):
    good = published_at(store, timedelta(days=2), title="good")
    damage(store, published_at(store, timedelta(days=1), title="bad"), how)
    found, versions = read_feedback(store, DAYS)
    assert good.version in versions
    assert "foreign" not in set(found["title"])
    assert ("bad" in set(found["title"])) == (how in ("columns", "name", "other file"))
    assert "is left out" in caplog.text


def test_storage_that_is_away_is_no_corrupt_version(store, collected):
    vote(collected)
    collected.flush()
    with away(store, "get_object"), pytest.raises(Exception, match="nowhere"):
        read_feedback(store, DAYS)


def test_no_more_rows_are_read_than_fit_and_the_newest_are(store, monkeypatch, caplog):
    monkeypatch.setattr(feedback, "MAX_ROWS_READ", 2)
    for age in (3, 2, 1):
        published_at(store, timedelta(days=age), title=f"{age} days ago")
    assert titles(store) == ["2 days ago", "1 days ago"]
    assert "too many rows" in caplog.text


def test_nothing_to_delete_deletes_nothing(store):
    delete_expired(store, DAYS)
    assert store.client.deleted == []
