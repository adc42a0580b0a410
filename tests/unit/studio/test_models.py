"""The model that serves: what is missing, what cannot be read, and what takes its place."""

import pytest

from dustjacket.errors import CorruptVersionError, NotReadyError
from dustjacket.studio.models import Slot
from dustjacket.studio.problems import UnpublishedError
from tests.support.studio_case import loaded_classifier


def fail(error):
    def update(_):
        raise error

    return update


@pytest.fixture
def slot():
    return Slot("classifier", "ingest_catalog")


def test_before_the_first_refresh_the_models_are_loading(slot):
    with pytest.raises(NotReadyError, match="loading"):
        slot.require()


def test_without_a_published_version_the_error_names_the_dag(slot):
    assert not slot.refresh(lambda model: model)
    with pytest.raises(UnpublishedError, match="no classifier is published") as caught:
        slot.require()
    assert caught.value.dag == "ingest_catalog"


def test_a_version_that_cannot_be_read_leaves_the_one_before_in_place(slot):
    first, second = loaded_classifier("1"), loaded_classifier("2")
    assert slot.refresh(lambda _: first)
    assert not slot.refresh(fail(CorruptVersionError("its checksum is wrong")), lambda model: model)
    assert slot.require() is first
    assert slot.problem == "its checksum is wrong"
    assert slot.refresh(lambda _: second)
    assert (slot.require(), slot.problem) == (second, None)


def test_an_update_that_fails_does_not_undo_the_one_before(slot):
    first = loaded_classifier("1")
    assert slot.refresh(lambda _: first, fail(OSError("gone")))
    assert slot.require() is first
    assert "OSError: gone" in slot.problem


def test_the_error_is_about_the_model_that_is_missing(slot):
    """A cover index that cannot be read says nothing about a classifier that nobody published."""
    index = Slot("cover index", "ingest_covers")
    index.refresh(fail(CorruptVersionError("the index is corrupt")))
    slot.refresh(lambda model: model)
    with pytest.raises(UnpublishedError):
        slot.require()
    with pytest.raises(NotReadyError, match="corrupt"):
        index.require()
