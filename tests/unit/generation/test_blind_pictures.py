"""Pictures for blind comparison: they survive their file, and a broken one is named."""

from datetime import UTC, datetime

import numpy as np
import pytest
from safetensors.numpy import save

from dustjacket.errors import CorruptVersionError
from dustjacket.generation.blind_pictures import (
    FILE,
    MAX_TITLES,
    BlindPictures,
    read_blind_pictures,
)
from dustjacket.storage.manifest import version_name
from tests.support.bucket import store_in_memory


def evaluation(store, body):
    version = version_name(datetime(2026, 1, 1, tzinfo=UTC), "0" * 12)
    draft = store.draft("generator_evaluation", version)
    draft.put(FILE if body else "other", body or b"x")
    return draft.publish()[0]


def pictures(number):
    art = np.random.default_rng(1).integers(0, 255, (number, 72, 48, 3), np.uint8)
    return BlindPictures([f"Title {row}" for row in range(number)], {"drawn": art, "real": art})


def test_pictures_are_read_as_they_were_written_up_to_a_number():
    store, many = store_in_memory(), pictures(MAX_TITLES + 5)
    kept = read_blind_pictures(store, evaluation(store, many.to_bytes()))
    assert kept.titles == many.titles[:MAX_TITLES]
    assert set(kept.pictures) == {"drawn", "real"}
    assert np.array_equal(kept.pictures["real"], many.pictures["real"][:MAX_TITLES])


def test_an_evaluation_of_an_earlier_release_has_none():
    store = store_in_memory()
    assert read_blind_pictures(store, evaluation(store, None)) is None


@pytest.mark.parametrize(
    "body",
    [b"no safetensors", pictures(3).to_bytes()[:200], save({"titles": np.zeros(2, np.uint8)}),
     save({"titles": np.frombuffer(b'["a"]', np.uint8), "drawn": np.zeros((2, 1, 1, 3))})],
)  # fmt: skip
def test_a_broken_file_is_named(body):
    store = store_in_memory()
    with pytest.raises(CorruptVersionError, match=rf"generator_evaluation/.*{FILE}") as caught:
        read_blind_pictures(store, evaluation(store, body))
    assert "\n" not in str(caught.value)
