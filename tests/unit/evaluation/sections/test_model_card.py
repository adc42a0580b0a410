"""The model card names what the model was made from, and on what right."""

import pytest

from dustjacket.evaluation.sections.model_card import model_card
from dustjacket.pipeline.kinds import Kind
from tests.support.bucket import store_in_memory
from tests.support.facts import least_facts

VERSION = "20260101T000000Z-0123456789ab"


@pytest.fixture
def store():
    return store_in_memory()


def card(store, listing, covers):
    def publish(kind, parents=(), **parameters):
        draft = store.draft(kind, VERSION)
        return draft.publish(
            parents=dict.fromkeys(parents, VERSION), parameters=parameters, facts=least_facts(kind)
        )[0]

    publish(Kind.CATALOG, **listing)
    publish(Kind.COVERS, **covers)
    publish(Kind.GENRE_CLASSIFIER, [Kind.CATALOG])
    labels = publish(Kind.LABELLED_COVERS, [Kind.COVERS, Kind.GENRE_CLASSIFIER])
    return dict(model_card(store, publish(Kind.CLIP_CANDIDATE, [Kind.LABELLED_COVERS]), labels))


def test_the_card_says_why_reservations_were_lifted(store):
    found = card(store, {"ignore_reservation_reason": "licence of May"}, {"rights_holder": "own"})
    assert found["trained on reserved books of the listing because"] == "licence of May"
    assert found["rights holder of the covers"] == "the owner of this platform"


def test_the_card_says_nothing_of_reservations_that_hold(store):
    assert not [
        name
        for name in card(store, {}, {"rights_holder": "others"})
        if "right" in name or "reserved" in name
    ]
