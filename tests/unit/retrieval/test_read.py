"""Indexes whose versions or models were deleted or damaged."""

import pytest

from dustjacket.errors import MissingVersionError
from dustjacket.retrieval.read import index_in_use, model_of, newest_index_of, weights_of
from dustjacket.storage.manifest import MANIFEST
from tests.support.bucket import store_in_memory


@pytest.fixture
def store():
    return store_in_memory()


def publish(store, kind, day, weights=b"a", **described):
    draft = store.draft(kind, f"2026010{day}T000000000000Z-{day:012}")
    draft.put("model/weights", weights)
    return draft.publish(**described)[0]


def index_of(store, day, model):
    facts = {"model": f"{model.kind}/{model.version}", "weights": weights_of(model)}
    return publish(store, "cover_index", day, facts=facts)


def key(version):
    return f"{version.kind}/{version.version}/{MANIFEST}"


@pytest.mark.parametrize("body", [b"{", b'{"format": 2}'], ids=["no JSON", "no manifest"])
def test_a_damaged_index_is_left_out(store, body):
    model = publish(store, "cover_clip", 1)
    whole, damaged = index_of(store, 1, model), index_of(store, 2, model)
    store.client.objects[key(damaged)] = body
    assert newest_index_of(store, model) == index_in_use(store) == whole


def test_an_index_whose_facts_are_damaged_is_left_out(store):
    model = publish(store, "cover_clip", 1)
    whole = index_of(store, 1, model)
    publish(store, "cover_index", 2, facts={})
    assert newest_index_of(store, model) == index_in_use(store) == whole


def test_an_index_of_a_deleted_model_is_searched_with_the_same_weights(store):
    first, again = publish(store, "cover_clip", 1), publish(store, "cover_clip", 2)
    index = index_of(store, 1, first)
    assert model_of(store, index) == first
    del store.client.objects[key(first)]
    assert model_of(store, index) == again


def test_an_index_whose_weights_are_gone_is_named_with_the_cure(store):
    first = publish(store, "cover_clip", 1)
    publish(store, "cover_clip", 2, weights=b"b")
    index = index_of(store, 1, first)
    del store.client.objects[key(first)]
    cure = f"which is gone: delete {key(index)} and run index_covers"
    with pytest.raises(MissingVersionError, match=cure):
        model_of(store, index)


def test_where_the_newest_index_was_deleted_the_one_before_is_used(store):
    model = publish(store, "cover_clip", 1)
    before, newest = index_of(store, 1, model), index_of(store, 2, model)
    assert index_in_use(store) == newest
    del store.client.objects[key(newest)]
    assert index_in_use(store) == before
