"""Fits in tasks, run in this process, of listings that hold hardly anything to learn."""

import numpy as np
import pandas as pd
import pytest

from dustjacket.genres.candidates import CANDIDATES
from dustjacket.genres.fits import Fits
from dustjacket.genres.scores import Calibration
from dustjacket.genres.step import ClassifierParameters
from dustjacket.genres.training_data import TrainingData
from tests.support.classifiers import OneProcess

NAMES = ["complement_nb", "linear_svm"]


def held_out(name, titles, genres):
    """Return the probabilities of the even books, of whom the others are learnt, and the genres."""
    books = pd.DataFrame(
        {
            "title": titles, "author": None, "description": None, "genre": genres,
            "group": [str(row) for row in range(len(titles))],
            "fold": [row % 2 for row in range(len(titles))],
        }
    )  # fmt: skip
    data = TrainingData(OneProcess(), books, None, ClassifierParameters(folds=2))
    scored = Fits(data, select=False).score(CANDIDATES[name], CANDIDATES[name].grid[-1], fold=0)
    probabilities = Calibration().probabilities(scored.scores)
    assert np.isfinite(scored.scores).all()
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-6)
    return probabilities, data.genres


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "titles",
    [
        ["the of and"] * 40,
        ["1984", "2001", "7", "42"] * 10,
        ["\U0001f642 1", "\U0001f4da 1"] * 20,
        ["The same title"] * 40,
    ],
    ids=["stop words", "digits", "emoji", "one title"],
)
def test_titles_that_tell_nothing_are_learnt_without_a_failure(name, titles):
    probabilities, genres = held_out(name, titles, ["a", "a", "b", "b"] * 10)
    assert genres == ["a", "b"]
    assert probabilities.shape == (20, 2)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("one", "other"), [("Война", "Любовь"), ("历史", "数学"), ("تاريخ", "رياضيات")]
)
def test_titles_of_other_scripts_tell_their_genres(name, one, other):
    titles = [f"{word} {number // 2}" for number in range(20) for word in (one, one, other, other)]
    probabilities, genres = held_out(name, titles, ["a", "a", "b", "b"] * 20)
    likeliest = [genres[place] for place in probabilities.argmax(axis=1)]
    assert likeliest == ["a", "b"] * 20


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("genres", "rows"), [(30, 2), (40, 3)])
def test_a_genre_that_other_folds_lack_is_never_predicted(name, genres, rows):
    names = [f"genre {number:02}" for number in range(genres) for _ in range(rows)]
    titles = [f"word{number} x{row}" for number in range(genres) for row in range(rows)]
    titles[0], names[0] = "lonely", "alone"  # in fold 0 only
    probabilities, known = held_out(name, titles, names)
    assert probabilities[:, known.index("alone")].max() < 1e-3
