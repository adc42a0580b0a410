"""Published labels, read back."""

import io

import pandas as pd
import pytest

from dustjacket.genres.published_labels import read_labels, read_training_labels
from dustjacket.pipeline.kinds import Kind
from tests.support.bucket import store_in_memory
from tests.support.facts import least_facts

LABELS = pd.DataFrame({"key": ["b", "a", "c"], "position": [2, 1, 3], "title": ["B", "A", "C"],
                       "author": [None, None, None], "training": [False, True, True]})  # fmt: skip


@pytest.fixture
def store():
    return store_in_memory()


def published(store, labels):
    draft = store.draft(Kind.LABELLED_COVERS, "20260101T000000Z-0123456789ab")
    table = io.BytesIO()
    labels.to_parquet(table, index=False)
    draft.put("labels/part.parquet", table.getvalue())
    return draft.publish(facts=least_facts(Kind.LABELLED_COVERS))[0]


def test_reserved_covers_are_labels_and_no_training_labels(store):
    version = published(store, LABELS)
    assert list(read_labels(store, version)["key"]) == ["a", "b", "c"]
    training = read_training_labels(store, version)
    assert list(training["key"]) == ["a", "c"]
    assert list(training.index) == [0, 1]


def test_all_labels_of_earlier_releases_are_training_labels(store):
    version = published(store, LABELS.drop(columns="training"))
    assert list(read_training_labels(store, version)["key"]) == ["a", "b", "c"]
    assert list(read_labels(store, version, ["key"])["key"]) == ["a", "b", "c"]
