"""Labels of a catalogue's books: their columns and values."""

import numpy as np
import pandas as pd

from dustjacket.genres.answers import Abstention
from dustjacket.genres.bag_of_words import BagOfWords, LinearModel
from dustjacket.genres.scorer import Scorer
from dustjacket.labelling.catalog import SCHEMA, make_labeller


def scorer(threshold: float = 0.5) -> Scorer:
    weights = np.array([[3.0, 0.0, 1.0]])
    model = BagOfWords({"rice": 0}, np.ones(1), LinearModel(weights, np.zeros(3)))
    return Scorer("x", ["a", "b", "c"], model, abstention=Abstention(threshold))


def books(**columns: list) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "file": ["f"] * 3, "position": [1, 2, 3], "title": ["Rice", "Rice", "Quux"],
            "author": [None, "Ann", None], "genre": ["a", "c", "gone"], "reviewed": [False] * 3,
            "out_of_fold": [None, np.array([0.1, 0.7, 0.2], np.float32), None], **columns,
        }
    )  # fmt: skip


def test_rows_have_the_subject_the_listed_one_and_whether_it_is_sure():
    (rows,) = make_labeller(scorer, "v1", 1)(iter([books()]))
    assert list(rows.columns) == SCHEMA.names
    assert list(rows["subject"]) == ["a", "b", "a"]
    assert list(rows["listed"]) == ["a", "c", "gone"]
    assert list(rows["sure"]) == [True, True, False]
    assert list(rows["held_out"]) == [False, True, False]
    assert rows["listed_probability"][0] == rows["probability"][0] > 0.8
    assert np.allclose(rows["listed_probability"][1:], [0.2, 0.0])
    assert [each[0]["subject"] for each in rows["alternatives"]] == ["c", "c", "b"]
    assert set(rows["isbn13"]) == {None}, "a catalogue of an earlier release has no such column"
    assert list(rows["model_version"]) == ["v1"] * 3


def test_a_stricter_threshold_is_sure_of_less():
    (rows,) = make_labeller(lambda: scorer(0.75), "v1", 1)(iter([books()]))
    assert list(rows["sure"]) == [True, False, False]
