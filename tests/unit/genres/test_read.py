"""A classifier whose cached files have changed answers as before."""

import os

import pytest

from dustjacket.genres.read import load_scorer
from dustjacket.genres.scorer import DESCRIPTION, WEIGHTS
from tests.support.bucket import store_in_memory
from tests.support.studio_case import loaded_classifier


@pytest.mark.parametrize("name", [WEIGHTS, DESCRIPTION])
@pytest.mark.parametrize(
    "damage",
    [lambda file: file.write_bytes(file.read_bytes()[:-8] + b"\1" * 8), os.remove,
     lambda file: os.truncate(file, 20)],
    ids=["changed", "removed", "truncated"],
)  # fmt: skip
def test_a_cached_file_that_changed_does_not_change_the_answers(tmp_path, damage, name):
    store, expected = store_in_memory(), loaded_classifier().scorer
    expected.save(tmp_path / "saved")
    draft = store.draft("genre_classifier", "v1")
    for file in (tmp_path / "saved").iterdir():
        draft.upload(f"scorer/{file.name}", file)
    manifest, _ = draft.publish()

    def answers():
        scorer = load_scorer(store, manifest, tmp_path / "cache")
        return scorer.probabilities(["Rice", "Paris"], [None, None]).tolist()

    before = answers()
    assert before == expected.probabilities(["Rice", "Paris"], [None, None]).tolist()
    damage(tmp_path / "cache/genre_classifier/v1/scorer" / name)
    assert answers() == before
