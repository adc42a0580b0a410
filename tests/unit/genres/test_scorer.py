"""The Spark-free scorer: its features, its arithmetic, its files."""

import json
import sys
from dataclasses import replace
from subprocess import run

import numpy as np
import pytest

from dustjacket.errors import CorruptVersionError
from dustjacket.genres.answers import DOUBTS, NEVER, Abstention
from dustjacket.genres.bag_of_words import BagOfWords, ForestModel, LinearModel
from dustjacket.genres.known_words import KnownWords
from dustjacket.genres.scorer import DESCRIPTION, Scorer, predict_genre
from dustjacket.genres.scores import Calibration
from dustjacket.genres.terms import book_terms
from tests.conftest import ROOT

GOLDEN = ROOT / "tests/golden/release-1/scorers"
"""Files of format 2, which published classifiers have."""
GENRES = ["Cooking", "Travel"]
VOCABULARY = {"rice": 0, "paris": 1, "rice rice": 2, "author=king": 3}


def linear(bias=(0.0, 0.0)):
    weights = np.array([[2.0, 0.0], [0.0, 2.0], [1.0, 0.0], [0.0, 5.0]])
    idf = np.array([1.0, 2.0, 3.0, 4.0])
    model = BagOfWords(VOCABULARY, idf, LinearModel(weights, np.array(bias)))
    return Scorer("naive_bayes", GENRES, model)


def forest():
    """Two trees: one tests for rice, then for Paris; the other is a leaf."""
    model = ForestModel(
        selected=np.array([1, 0]),
        roots=np.array([0, 5]),
        column=np.array([1, 0, 0, 0, 0, 0]),
        threshold=np.array([0.5, 0.25, 0, 0, 0, 0]),
        left=np.array([1, 3, 2, 3, 4, 5]),
        right=np.array([2, 4, 2, 3, 4, 5]),
        leaf=np.array([[0, 0], [0, 0], [1, 0], [0.5, 0.5], [0, 1], [0.25, 0.75]], float),
        depth=np.array([2]),
    )
    return Scorer(
        "random_forest", GENRES, BagOfWords(VOCABULARY, np.ones(4), model), Calibration(0.6)
    )


def test_an_authors_word_is_not_a_titles_word():
    terms = book_terms("The King's Road", "Stephen King")
    assert terms == [
        "the", "king", "s", "road", "the king", "king s", "s road",
        "author=stephen", "author=king",
    ]  # fmt: skip
    assert book_terms("Rice", None) == ["rice"]


def test_features_are_counts_times_idf_at_unit_length():
    index, values = linear().model.features("Rice, rice", None)
    expected = np.array([2 * 1.0, 1 * 3.0])
    assert list(index) == [0, 2]
    assert values == pytest.approx(expected / np.linalg.norm(expected))


def test_a_linear_model_is_a_softmax():
    scorer = linear(bias=(0.0, 1.0))
    odds = np.exp([2.0, 1.0])
    assert scorer.probabilities(["Rice"], [None])[0] == pytest.approx(odds / odds.sum())


def test_a_title_of_unknown_words_gets_the_prior():
    scorer = linear(bias=np.log([0.9, 0.1]))
    assert scorer.probabilities(["Quux"], [None])[0] == pytest.approx([0.9, 0.1])


def test_a_forest_is_the_mean_of_the_leaves_it_ends_in():
    found = np.exp(forest().model.scores(["Rice", "Paris", "Quux"], [None] * 3))
    last = np.array([0.25, 0.75])
    assert found[0] == pytest.approx((np.array([1, 0]) + last) / 2)
    assert found[1] == pytest.approx((np.array([0, 1]) + last) / 2)
    assert found[2] == pytest.approx((np.array([0.5, 0.5]) + last) / 2)


def test_many_books_score_as_each_alone():
    scorer = linear()
    titles = ["Rice", "Paris", "Rice in Paris", ""] * 400
    authors = [None, "King"] * 800
    together = scorer.probabilities(titles, authors)
    assert together.shape == (1600, 2)
    for at in (0, 1, 1023, 1024, 1599):
        alone = scorer.probabilities(titles[at : at + 1], authors[at : at + 1])[0]
        assert together[at] == pytest.approx(alone)
    assert scorer.probabilities([], []).shape == (0, 2)


@pytest.mark.parametrize("make", [linear, forest])
def test_a_saved_scorer_loads_as_it_was(make, tmp_path):
    scorer = make()
    scorer.save(tmp_path)
    loaded = Scorer.load(tmp_path)
    assert (loaded.name, loaded.genres) == (scorer.name, scorer.genres)
    books = (["Rice", "Paris", "Rice rice"], ["King", None, ""])
    assert np.array_equal(loaded.probabilities(*books), scorer.probabilities(*books))


def test_a_scorer_of_another_format_says_what_to_run(tmp_path):
    linear().save(tmp_path)
    file = tmp_path / DESCRIPTION
    file.write_text(file.read_text().replace('"format": 3', '"format": 1'))
    with pytest.raises(CorruptVersionError, match="run select_classifier"):
        Scorer.load(tmp_path)


def test_a_lower_slope_is_less_sure_of_the_same_genre():
    sure = linear()
    unsure = Scorer(sure.name, sure.genres, sure.model, Calibration(1 / 3))
    before, after = (one.probabilities(["Rice"], [None])[0] for one in (sure, unsure))
    assert before.argmax() == after.argmax() == 0
    assert np.log(after[0] / after[1]) == pytest.approx(np.log(before[0] / before[1]) / 3)


def test_every_genre_is_predicted_likeliest_first():
    found = predict_genre(linear(), "Paris", "King")
    assert [genre for genre, _ in found.ranked] == ["Travel", "Cooking"]
    assert sum(probability for _, probability in found.ranked) == pytest.approx(1)


def test_it_is_sure_of_probable_genres_of_books_of_which_it_knows_a_word(tmp_path):
    prior = linear(bias=np.log([0.95, 0.05]))
    assert prior.predict(["Rice", "三体", "x", "!!!"], [None] * 4).sure.all(), "no rule, no error"
    sure = replace(
        prior, abstention=Abstention(0.9, 0.9, 0.1), known_words=KnownWords.of(["Rice"] * 2, None)
    )
    sure.save(tmp_path)
    for scorer in (sure, Scorer.load(tmp_path)):
        found = scorer.predict(["Rice", "三体", "x", "!!!", "Rice"], [None] * 4 + ["King"])
        assert list(found.sure) == [True, False, False, False, False]
        assert [DOUBTS[code] for code in found.doubts] == [
            None, "unknown", "unknown", "unknown", "unlikely",
        ]  # fmt: skip
        assert found.probabilities[1].max() > 0.9
        assert list(found.probabilities[4] > 0.9) == [False, False]


def test_where_no_threshold_was_proven_that_is_the_doubt_whatever_the_probability():
    unproven = replace(
        linear(bias=np.log([0.95, 0.05])),
        abstention=Abstention(NEVER, 0.9, 0.1),
        known_words=KnownWords.of(["Rice"] * 2, None),
    )
    (answer,) = unproven.predict(["Rice"], [None]).answers()
    assert answer.probability > 0.9
    assert (answer.sure, answer.doubt) == (False, "unproven")


def test_scoring_imports_nothing_heavy():
    check = (
        "import sys, dustjacket.genres.read, dustjacket.genres.scorer;"
        "sys.exit(' '.join({'mlflow', 'pyspark', 'torch', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    done = run([sys.executable, "-c", check], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


@pytest.mark.parametrize(
    "name", ["bag_of_words", "forest", "hashed", "ensemble", "ensemble_without_margins"]
)
def test_a_classifier_of_an_earlier_release_gives_the_same_answers(name):
    golden = json.loads((GOLDEN / "answers.json").read_text())
    titles, authors = zip(*golden["books"], strict=True)
    scorer = Scorer.load(GOLDEN / name)
    assert scorer.genres == golden["genres"][name]
    probabilities = scorer.probabilities(list(titles), list(authors))
    np.testing.assert_allclose(probabilities, golden["probabilities"][name], rtol=1e-6)
