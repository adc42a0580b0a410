"""The rule that selects a candidate, its features, and scorers beside Spark's own figures."""

from contextlib import closing
from dataclasses import replace

import numpy as np
import pandas as pd
import psutil
import pytest
from pyspark.sql import functions as F  # noqa: N812  # as all of Spark's own pages name it

from dustjacket.genres.candidates import CANDIDATES, SparkCandidate, VoteCandidate
from dustjacket.genres.eligible import eligible
from dustjacket.genres.export import export_model
from dustjacket.genres.features import FEATURES, SELECTED, WEIGHT, fit_features, with_terms
from dustjacket.genres.fits import Fits
from dustjacket.genres.linear import training_rows
from dustjacket.genres.paper import PAPER
from dustjacket.genres.scores import Calibration, softmax
from dustjacket.genres.selection import CandidateResult
from dustjacket.genres.step import ClassifierParameters
from dustjacket.genres.training_data import TrainingData, with_fold
from tests.support.classifiers import WORDS, small_catalog


@pytest.fixture(scope="module")
def catalog():
    return small_catalog()


@pytest.fixture(scope="module")
def books(spark, catalog):
    return with_terms(spark.createDataFrame(catalog)).coalesce(1).cache()


def test_all_records_of_a_book_are_in_one_fold(books):
    found = with_fold(books, 3, seed=13).select("group", "fold").toPandas()
    assert (found.groupby("group")["fold"].nunique() == 1).all()
    assert set(found["fold"]) == {0, 1, 2}
    again = with_fold(books, 3, seed=13).select("group", "fold").toPandas()
    assert found.equals(again)
    other = with_fold(books, 3, seed=14).select("group", "fold").toPandas()
    assert not found.equals(other)


def test_features_of_a_fold_are_not_fitted_to_its_held_out_books(spark):
    train = pd.DataFrame({"title": ["rice"] * 3 + ["road"] * 3, "genre": ["a"] * 3 + ["b"] * 3})
    held_out = pd.DataFrame({"title": ["secret", "hidden"], "genre": ["c", "c"]})
    both = pd.concat([train, held_out]).assign(author=None, group=lambda b: b["title"])
    frame = with_terms(
        spark.createDataFrame(both, "title string, genre string, author string, group string")
    )
    learnt = frame.where("genre <> 'c'")
    features = fit_features(learnt, 100, select=True, idf=True)
    assert sorted(features.vocabulary) == ["rice", "road"]
    assert features.genres == ["a", "b"]
    vectors = features.vectors(frame.where("genre = 'c'")).collect()
    assert [row[FEATURES].numNonzeros() for row in vectors] == [0, 0]


def training_data_of(spark, books, **given):
    """The books as training data, without sentence embeddings."""
    parameters = ClassifierParameters(**given)
    groups = [str(place) for place in range(len(books))]
    table = books.assign(description=None, author=books.get("author"), group=groups)
    return TrainingData(spark, table, None, parameters)


def test_a_genre_without_training_rows_in_a_fold_is_never_predicted_in_it(spark):
    titles = [
        (f"{word} {n}", genre, n % 2)
        for genre, word in (("a", "rice"), ("b", "road"), ("z", "star"))
        for n in range(1 if genre == "z" else 12)
    ]
    training_data = training_data_of(
        spark, pd.DataFrame(titles, columns=["title", "genre", "fold"]), folds=2
    )
    with closing(training_data), closing(Fits(training_data, select=True)) as fits:
        for candidate in eligible(training_data, {}):
            if isinstance(candidate, VoteCandidate):
                continue
            scored = fits.score(candidate, candidate.grid[0], fold=0)
            assert list(scored.books) == [n for n, (_, _, fold) in enumerate(titles) if fold == 0]
            found = Calibration().probabilities(scored.scores)
            assert found[:, 2].max() < 1e-6, candidate.name
            assert found.sum(axis=1) == pytest.approx(1, abs=1e-5)
            own = psutil.Process().memory_info().rss / 2**20
            least = own + 100 if isinstance(candidate, SparkCandidate) else 50
            assert scored.memory_mib > least, "Java's too, where Spark fits"


@pytest.fixture(scope="module", params=["Aviation", "Music"], ids=["first", "in the middle"])
def with_rare(request, spark, catalog):
    """Fits of a catalog with a genre of two books, one a fold, and that genre's place."""
    rare = pd.DataFrame({"title": ["the wing"] * 2, "genre": request.param, "fold": [0, 1]})
    common = catalog.assign(fold=catalog.index // 2 % 2).drop(columns="author")
    training_data = training_data_of(spark, pd.concat([common, rare], ignore_index=True), folds=2)
    with closing(training_data), closing(Fits(training_data, select=False)) as fits:
        yield fits, training_data.genres.index(request.param)


def test_cached_folds_are_freed_and_made_again_when_needed(with_rare):
    fits, _ = with_rare
    kept = fits.training_data.spark.sparkContext._jsc.getPersistentRDDs
    before = fits.score(CANDIDATES["naive_bayes"], {"smoothing": 1.0}, 0)
    many = len(kept())
    fits.close()
    assert len(kept()) < many
    again = fits.score(CANDIDATES["naive_bayes"], {"smoothing": 1.0}, 0)
    assert np.array_equal(again.scores, before.scores)


def test_without_idf_all_terms_weigh_the_same(with_rare):
    fits, _ = with_rare
    asked = fits.training_data.parameters.model_copy(update={"idf": False})
    bayes = CandidateResult(CANDIDATES["naive_bayes"], {"smoothing": 1.0}, [1.0], 1.0)
    with closing(replace(fits.training_data, parameters=asked)) as training_data:
        assert (Fits(training_data, select=False).fit_all(bayes, None).idf == 1).all()
    assert (fits.fit_all(bayes, None).idf > 1).any()


def test_a_share_of_the_rows_has_every_genre_and_is_the_same_for_all_candidates(with_rare):
    fits, _ = with_rare
    training_data, candidate = fits.training_data, CANDIDATES["naive_bayes"]
    few = fits.score(candidate, {"smoothing": 1.0}, 0, share=0.4)
    right = few.scores.argmax(axis=1) == training_data.labels[few.books]
    assert right.mean() > 0.7
    rows = training_rows(
        training_data.labels, training_data.folds, 0, 0.4, training_data.parameters.seed
    )
    assert len(rows) == pytest.approx(0.4 * (training_data.folds != 0).sum(), abs=1.5)
    in_share = np.isin(np.arange(len(training_data.books)), rows).astype(float)
    same = fits.score(candidate, {"smoothing": 1.0}, 0, sample_weight=in_share)
    assert np.abs(softmax(few.scores) - softmax(same.scores)).max() < 1e-5


@pytest.mark.parametrize("name", ["naive_bayes", "linear_svm"])
def test_a_genre_of_down_weighted_books_alone_can_be_fitted(with_rare, name):
    fits, rare = with_rare
    sample_weight = (fits.training_data.labels != rare).astype(float)
    found = fits.score(CANDIDATES[name], CANDIDATES[name].grid[0], 0, sample_weight=sample_weight)
    right = found.scores.argmax(axis=1) == fits.training_data.labels[found.books]
    assert right.mean() > 0.7


@pytest.mark.parametrize("name", PAPER)
@pytest.mark.parametrize(("genres", "idf"), [(2, True), (3, True), (3, False)])
def test_the_scorer_gives_sparks_own_probabilities(spark, books, catalog, name, genres, idf):
    candidate = CANDIDATES[name]
    names = list(WORDS)[:genres]
    train = books.where(books["genre"].isin(names))
    train = train.withColumn(WEIGHT, F.lit(1.0))
    features = fit_features(train, 100, select=candidate.column == SELECTED, idf=idf)
    model = candidate.fit(features.labelled(train), candidate.grid[-1], seed=13)
    counted = export_model(features, model)
    assert (np.ptp(counted.idf) > 0) == idf
    assert features.genres == sorted(names)
    unseen = pd.DataFrame({"title": ["Quux", "Rice, rice & sea"], "author": [None, "Travel Lee"]})
    asked = pd.concat([catalog[["title", "author"]], unseen], ignore_index=True)
    frame = spark.createDataFrame(
        asked.assign(genre="?"), "title string, author string, genre string"
    ).coalesce(1)
    found = model.transform(features.vectors(with_terms(frame))).select("probability").collect()
    expected = np.stack([row["probability"].toArray() for row in found])
    ours = np.exp(counted.scores(list(asked["title"]), list(asked["author"])))
    assert np.abs(ours - expected).max() < 1e-6
    assert np.ptp(expected, axis=0).max() > 0.1
