"""Labels of covers: their columns and values."""

import numpy as np
import pandas as pd
import pytest

from dustjacket.genres.answers import Abstention
from dustjacket.genres.bag_of_words import BagOfWords, LinearModel
from dustjacket.genres.known_words import KnownWords
from dustjacket.genres.labels import make_labeller
from dustjacket.genres.scorer import Scorer
from dustjacket.splits import book_group


def scorer_and_covers():
    weights = np.array([[3.0, 0.0, 1.0]])
    model = BagOfWords({"rice": 0}, np.ones(1), LinearModel(weights, np.zeros(3)))
    scorer = Scorer(
        "x",
        ["a", "b", "c"],
        model,
        abstention=Abstention(0.5, 0.5, 0.1),
        known_words=KnownWords.of(["rice"] * 2, None),
    )
    covers = pd.DataFrame(
        {
            "key": ["1", "2"], "title": ["Rice", "Quux"], "author": [None, "Ann"],
            "category": [None, "z"], "group": ["g", "h"], "split": ["train", "test"],
            "position": [0, 1], "shard": ["s", "s"], "offset": [512, 1024], "size": [9, 8],
            "sha256": ["x", "y"], "width": [1, 2], "height": [1, 2], "dhash": ["0", "1"],
            "out_of_fold": [None, None],
        }
    )  # fmt: skip
    return scorer, covers


def test_labels_carry_what_a_reader_of_covers_needs():
    scorer, covers = scorer_and_covers()
    (labels,) = make_labeller(lambda: scorer, "v1", 2)(iter([covers]))
    assert list(labels["genre"]) == ["a", "a"]
    assert [[one["genre"] for one in top] for top in labels["top"]] == [["a", "c"], ["a", "b"]]
    assert labels["probability"][0] == labels["top"][0][0]["probability"] > 0.8
    assert list(labels["model_version"]) == ["v1", "v1"]
    assert list(labels["sure"]) == [True, False]
    assert labels["entropy"][1] == pytest.approx(np.log(3))
    assert 0 < labels["entropy"][0] < labels["entropy"][1]
    for column in (
        "key",
        "title",
        "author",
        "category",
        "group",
        "split",
        "position",
        "shard",
        "offset",
        "size",
        "sha256",
    ):
        assert list(labels[column]) == list(covers[column])


def test_a_book_that_the_classifier_learnt_has_its_out_of_fold_label():
    scorer, covers = scorer_and_covers()
    (usual,) = make_labeller(lambda: scorer, "v1", 2)(iter([covers]))
    known = covers.assign(out_of_fold=[np.array([0.2, 0.7, 0.1], np.float32), None])
    (labels,) = make_labeller(lambda: scorer, "v1", 2)(iter([known]))
    assert list(labels["held_out"]) == [True, False]
    assert not usual["held_out"].any()
    assert (usual["genre"][0], labels["genre"][0]) == ("a", "b")
    assert labels["probability"][0] == pytest.approx(0.7)
    assert [one["genre"] for one in labels["top"][0]] == ["b", "a"]
    assert labels.loc[1].equals(usual.loc[1])
    (alone,) = make_labeller(lambda: scorer, "v1", 2)(iter([known[:1]]))
    assert list(alone["genre"]) == ["b"]


def test_a_reserved_book_is_labelled_and_not_for_training():
    scorer, covers = scorer_and_covers()
    label = make_labeller(lambda: scorer, "v1", 2, frozenset({book_group("Quux", "Ann")}))
    (labels,) = label(iter([covers]))
    assert list(labels["training"]) == [True, False]
    assert list(labels["genre"]) == ["a", "a"]
    (own,) = make_labeller(lambda: scorer, "v1", 2)(iter([covers.assign(training=[False, True])]))
    assert list(own["training"]) == [False, True]
