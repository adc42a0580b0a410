"""The paper's protocol: its four figures, its vocabulary, and listings too small for it."""

import random
from unittest import mock

import pytest
from pyspark.ml.classification import RandomForestClassifier
from pyspark.ml.evaluation import MulticlassClassificationEvaluator

from dustjacket.errors import BadInputError
from dustjacket.genres.paper import PAPER, _classifiers, fit_paper_features, repeat_paper

BOOK = "title string, author string, genre string"
WORDS = {
    "Cooking": ["rice", "bread", "soup", "garden", "map", "the"],
    "Travel": ["paris", "road", "garden", "map", "the", "sea"],
}


@pytest.fixture(scope="module")
def books(spark):
    """Titles of two overlapping genres: with more, cross-validation takes longer."""
    draw = random.Random(7)
    drawn = [
        (" ".join(draw.choices(WORDS[genre], k=4)), draw.choice([None, "Ann Lee"]), genre)
        for genre in draw.choices(list(WORDS), k=200)
    ]
    return spark.createDataFrame(drawn, BOOK).coalesce(1).cache()


@pytest.fixture(scope="module")
def found(books):
    return repeat_paper(books)


def test_each_row_of_the_papers_table_gets_a_figure(found):
    assert list(found) == list(PAPER)
    assert all(0 <= value <= 1 for value in found.values())
    assert found["naive_bayes"] > 0.7


def test_the_figures_repeat(books, found):
    again = repeat_paper(books, ["naive_bayes"])
    assert again == {"naive_bayes": found["naive_bayes"]}


def test_genres_without_training_rows_do_not_fail(spark, books):
    # Of twelve, some are held out.
    lone = [(f"Rice, lone{n}", "Ann Lee", f"Lone {n}") for n in range(12)]
    rows = books.union(spark.createDataFrame(lone, BOOK)).coalesce(1)
    # without cross-validation, which is slow on such genres and fits what plain regression does
    plain = [name for name in PAPER if name != "logistic_regression_cv"]
    assert all(0 < value < 1 for value in repeat_paper(rows, plain).values())


def settings(classifier):
    return {param.name: value for param, value in classifier.extractParamMap().items()}


@pytest.mark.usefixtures("spark")  # whose Java holds the classifiers
def test_the_settings_are_the_papers():
    evaluator = MulticlassClassificationEvaluator(metricName="f1")
    found = _classifiers(evaluator, 2)
    bayes, plain, tuned, forest = (settings(found[name]) for name in PAPER)
    assert (bayes["smoothing"], bayes["modelType"]) == (1.0, "multinomial")
    assert (plain["maxIter"], plain["regParam"], plain["elasticNetParam"]) == (100, 0.3, 0.0)
    assert (tuned["numFolds"], tuned["seed"], tuned["evaluator"]) == (5, 100, evaluator)
    assert settings(tuned["estimator"])["maxIter"] == 100
    grid = [
        {param.name: at for param, at in point.items()} for point in tuned["estimatorParamMaps"]
    ]
    assert sorted((point["regParam"], point["elasticNetParam"]) for point in grid) == [
        (0.1, 0.0), (0.1, 0.1), (0.3, 0.0), (0.3, 0.1),
    ]  # fmt: skip
    usual = settings(RandomForestClassifier()) | {"seed": forest["seed"]}
    assert forest == usual


def test_thirty_percent_are_held_out_by_the_seed_100(books):
    rows = mock.MagicMock()
    rows.select().cache().randomSplit.return_value = (books, books)
    features = mock.MagicMock(**{"transform.return_value": rows})
    with mock.patch("dustjacket.genres.paper.fit_paper_features", return_value=features):
        repeat_paper(books, [])
    rows.select().cache().randomSplit.assert_called_once_with([0.7, 0.3], seed=100)


def test_a_word_of_the_vocabulary_is_in_ten_books_and_tells_something(spark):
    books = [("The rice & RICE, nine", "Ann", "a")] * 9 + [("Road to rice", None, "b")] * 10
    model = fit_paper_features(spark.createDataFrame(books, BOOK).coalesce(1))
    assert model.stages[-1].vocabulary == ["rice", "road"]


def test_the_vocabulary_is_limited(spark):
    title = " ".join(f"w{n}" for n in range(30_001))
    books = spark.createDataFrame([(title, None, "a")] * 10, BOOK).coalesce(1)
    assert len(fit_paper_features(books).stages[-1].vocabulary) == 30_000


def test_too_few_books_for_a_vocabulary_are_refused_with_the_cure(books):
    with pytest.raises(BadInputError, match=r"no word is in 10 .* or repeat_paper=false"):
        repeat_paper(books.limit(9))
