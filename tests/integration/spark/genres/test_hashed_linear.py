"""Linear models on hashed n-grams, fitted in Spark tasks: features, fits, evaluation, scorer."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from sklearn.svm import LinearSVC

from dustjacket.errors import CorruptVersionError, NotReadyError
from dustjacket.genres.calibration import fit_calibration, out_of_fold
from dustjacket.genres.candidates import CANDIDATES
from dustjacket.genres.evaluate import compare_with_champion, evaluate
from dustjacket.genres.fits import Fits
from dustjacket.genres.fold_scores import merge_folds
from dustjacket.genres.hashed_linear import embedding_features
from dustjacket.genres.hashed_ngrams import TfidfWeights
from dustjacket.genres.labels import make_labeller
from dustjacket.genres.linear import SharedData
from dustjacket.genres.out_of_fold import probabilities_by_title
from dustjacket.genres.scorer import Scorer
from dustjacket.genres.scores import Calibration, softmax
from dustjacket.genres.selection import CandidateResult
from dustjacket.genres.step import ClassifierParameters
from dustjacket.genres.training_data import TestData, TrainingData
from dustjacket.storage.manifest import Manifest
from tests.support.classifiers import random_hashed, small_catalog

CHAMPION = Manifest(
    kind="genre_classifier", version="v0", attempt="a", published_at=datetime.now(UTC), files=[]
)


@pytest.fixture(scope="module")
def training_data(spark):
    books = small_catalog(450).assign(description=None)
    books["fold"] = pd.factorize(books["group"])[0] // 3 % 3
    books["author"] = books["author"].astype(object).where(books["author"].notna(), None)
    draw = np.random.default_rng(5)
    sentences = draw.normal(size=(len(books), 8)) + 2 * np.eye(8)[books["genre"].str.len() % 8]
    sentences /= np.linalg.norm(sentences, axis=1, keepdims=True)
    parameters = ClassifierParameters(min_books_per_piece=1)
    with closing(TrainingData(spark, books, sentences.astype(np.float16), parameters)) as data:
        yield data


@pytest.mark.parametrize("name", ["complement_nb", "linear_svm", "linear_svm_sentences"])
def test_a_fit_in_a_task_is_what_the_scorer_gives(training_data, name):
    candidate = CANDIDATES[name]
    fits = Fits(training_data, select=False)
    result = CandidateResult(candidate, candidate.grid[-1], [1.0], 1.0)
    held_out = training_data.folds == 1
    scored = fits.score(candidate, result.hyperparameters, fold=1)
    rest = training_data.books[~held_out].reset_index(drop=True)
    alone = replace(training_data, books=rest, sentences=training_data.sentences[~held_out])
    with closing(alone):
        model = Fits(alone, select=False).fit_all(result, None)
    asked = training_data.books[held_out]
    given = model.scores(
        list(asked["title"]), list(asked["author"]), sentences=training_data.sentences[held_out]
    )
    assert np.abs(softmax(given) - softmax(scored.scores)).max() < 1e-5
    assert np.ptp(given, axis=0).max() > 0.1
    assert scored.seconds > 0
    assert scored.memory_mib > 10


def features_of(table, weights, rows, embedded):
    return table.features(weights, table.counts.rows(rows), rows, embedded)


def test_the_svm_is_liblinears(training_data):
    candidate = CANDIDATES["linear_svm"]
    scored = Fits(training_data, select=False).score(candidate, {"C": 0.3}, fold=0)
    train, held_out = (
        np.flatnonzero(training_data.folds != 0),
        np.flatnonzero(training_data.folds == 0),
    )
    weights = TfidfWeights.fit(training_data.counts.rows(train), 1)
    table = training_data.shared.value
    seed = training_data.parameters.seed
    svm = LinearSVC(C=0.3, random_state=seed, tol=1e-2, max_iter=200, dual=True)
    svm.fit(features_of(table, weights, train, ""), training_data.labels[train])
    expected = svm.decision_function(features_of(table, weights, held_out, ""))
    assert np.abs(expected - scored.scores).max() < 1e-5


def test_books_of_no_weight_are_not_trained_on(training_data):
    candidate = CANDIDATES["linear_svm"]
    fits = Fits(training_data, select=False)
    misled = training_data.books["genre"] == "Cooking"
    scored = fits.score(candidate, {"C": 1.0}, 0, sample_weight=np.where(misled, 1e-9, 1.0))
    usual = fits.score(candidate, {"C": 1.0}, 0)
    assert scored.scores[:, 0].mean() < usual.scores[:, 0].mean()
    few = fits.score(candidate, {"C": 1.0}, 0, share=0.2)
    assert not np.allclose(few.scores, usual.scores)


def test_an_svm_of_two_genres_scores_both(spark):
    books = small_catalog(40).assign(description=None, fold=lambda b: b.index % 2)
    books = books[books["genre"] != "Science"].reset_index(drop=True)
    books["author"] = None
    with closing(TrainingData(spark, books, None, ClassifierParameters(folds=2))) as two:
        scored = Fits(two, select=False).score(CANDIDATES["linear_svm"], {"C": 1.0}, 0)
    assert scored.scores.shape[1] == 2
    right = (scored.scores.argmax(axis=1) == two.labels[scored.books]).mean()
    assert right > 0.6


def test_spark_labels_a_thousand_titles_as_the_scorer_does(spark):
    draw = np.random.default_rng(2)
    words = ["rice", "bread", "road", "paris", "the", "to"]
    titles = [" ".join(draw.choice(words, 4)) for _ in range(1000)]
    scorer = Scorer("vote", ["a", "b", "c"], random_hashed(members=2), Calibration(2.0, 0.5))
    columns = ("key", "title", "author", "category", "group", "split", "position", "shard")
    covers = pd.DataFrame({name: [str(n) for n in range(1000)] for name in columns})
    covers = covers.assign(title=titles, author="Ann", position=range(1000), offset=0, size=0)
    covers["sha256"] = ""
    shared = spark.sparkContext.broadcast(scorer)
    labels = (
        spark.createDataFrame(covers)
        .selectExpr("*", "cast(null as array<float>) as out_of_fold")
        .repartition(4)
        .mapInPandas(
            make_labeller(lambda: shared.value, "v1", 3),
            "key string, genre string, probability double, sure boolean, entropy double, "
            "model_version string",
        )
        .toPandas()
        .set_index("key")
        .loc[covers["key"]]
    )
    expected = scorer.probabilities(titles, ["Ann"] * 1000)
    assert np.abs(labels["probability"].to_numpy() - expected.max(axis=1)).max() < 1e-6
    assert list(labels["genre"]) == [scorer.genres[at] for at in expected.argmax(axis=1)]


def test_out_of_fold_labels_of_a_classifier_of_descriptions_are_made_without_them(spark):
    books = small_catalog(90).assign(fold=lambda b: b.index // 2 % 2)
    books["author"], books["description"] = None, books["genre"] + " is what this book is about"
    parameters = ClassifierParameters(folds=2, use_descriptions=True)
    candidate = CANDIDATES["linear_svm"]
    with closing(TrainingData(spark, books, None, parameters)) as data:
        fits = Fits(data, select=False)
        parts = [fits.score(candidate, candidate.grid[0], fold) for fold in range(2)]
        scores = merge_folds(parts, len(books), 3)
        described = out_of_fold(scores, data.labels, data.folds)
        result = CandidateResult(
            candidate, candidate.grid[0], [1.0, 1.0], 1.0, probabilities=described
        )
        found, calibration = probabilities_by_title(fits, result)
        alone = fits.score(candidate, candidate.grid[0], 0, described=False)
        rest = books[books["fold"] != 0].reset_index(drop=True)
        with closing(replace(data, books=rest)) as others:
            model = Fits(others, select=False).fit_all(result, None)
    asked = books[books["fold"] == 0]
    given = model.scores(list(asked["title"]), list(asked["author"]))
    assert np.abs(given - alone.scores).max() < 1e-4
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)

    def right(probabilities):
        return (probabilities.argmax(axis=1) == data.labels).mean()

    assert right(described) > right(found)
    assert calibration != result.calibration
    scorer = Scorer("x", data.genres, model, result.calibration, calibration)
    titles, texts = ["Rice", "Rice"], ["Travel is what this book is about", None]
    probabilities = scorer.probabilities(titles, [None, None], descriptions=texts)
    alone = scorer.probabilities(titles[:1], [None])
    assert np.array_equal(probabilities[1:], alone)
    assert probabilities[0, data.genres.index("Travel")] > alone[0, data.genres.index("Travel")]


@pytest.mark.parametrize("embedded", ["plain", "by_sign"])
def test_ngrams_and_embeddings_are_side_by_side_whatever_the_batch(
    training_data, embedded, monkeypatch
):
    sentences = (
        np.random.default_rng(1).normal(size=(len(training_data.books), 4)).astype(np.float16)
    )
    table = SharedData(
        training_data.counts, training_data.labels, training_data.folds, 3, sentences, 1,
        idf=True, left_out=training_data.left_out,
    )  # fmt: skip
    rows = np.flatnonzero(training_data.folds != 1)
    weights = TfidfWeights.fit(table.counts.rows(rows), 1)
    found = features_of(table, weights, rows, embedded)
    assert found.dtype == np.float64, "else liblinear makes a copy"
    assert (found.data != 0).all(), "by sign, half of the entries are 0"
    wanted = embedding_features(sentences[rows].astype(np.float32), embedded)
    assert np.array_equal(found[:, -wanted.shape[1] :].toarray(), wanted)
    assert (found[:, : -wanted.shape[1]] != features_of(table, weights, rows, "")).nnz == 0
    monkeypatch.setattr("dustjacket.genres.linear._BATCH_ROWS", 7)
    assert (features_of(table, weights, rows, embedded) != found).nnz == 0


@pytest.mark.parametrize("name", ["complement_nb", "linear_svm"])
def test_a_classifier_is_less_sure_of_unknown_words(training_data, name):
    candidate, fits = CANDIDATES[name], Fits(training_data, select=False)
    result = CandidateResult(candidate, candidate.grid[0], [1.0], 1.0)
    parts = [fits.score(candidate, result.hyperparameters, fold) for fold in range(3)]
    raw = merge_folds(parts, len(training_data.books), len(training_data.genres))
    calibration = fit_calibration(raw, training_data.labels)
    scorer = Scorer(name, training_data.genres, fits.fit_all(result, None), calibration)
    titles = list(training_data.books["title"])
    usual = scorer.probabilities(titles, [None] * len(titles)).max(axis=1)
    unknown = scorer.probabilities(["Quux zyxwv", "", "漢字の本", "Книга"], [None] * 4)
    assert unknown.max() < np.median(usual)


def test_a_selected_classifier_is_evaluated_and_compared_with_the_champion(training_data):
    fits = Fits(training_data, select=False)
    candidate = CANDIDATES["complement_nb"]
    parts = [fits.score(candidate, {"alpha": 1.0}, fold) for fold in range(3)]
    probabilities = np.zeros((len(training_data.books), 3))
    for part in parts:
        probabilities[part.books] = softmax(part.scores)
    result = CandidateResult(candidate, {"alpha": 1.0}, [0.5] * 3, 1.0, probabilities=probabilities)
    scorer = Scorer(candidate.name, training_data.genres, fits.fit_all(result, None))
    test = TestData(training_data.books.iloc[:60].reset_index(drop=True), None)
    found = evaluate(fits, result, scorer, test)
    assert list(found.curve["share"]) == [0.25, 0.5, 1.0], "an eighth of 300 is too few"
    assert found.curve["rows"].is_monotonic_increasing
    low, high = found.intervals["accuracy"]
    assert low <= found.test["accuracy"] <= high
    assert 0 < found.down_weighted <= 1

    def judged(load, before=CHAMPION):
        return compare_with_champion(found, before, load, test, "f1_weighted")

    def raises(error):
        raise error

    assert judged(None, None)["verdict"] == "promoted"
    assert judged(lambda _: scorer)["verdict"] == "not_better", "an interval of nothing but 0"
    blind = Scorer("x", training_data.genres, random_hashed())
    assert judged(lambda _: blind)["verdict"] == "promoted"
    lost = judged(lambda _: raises(CorruptVersionError("other bytes")))
    assert lost == {"verdict": "promoted", "reason": "the champion v0 cannot be read: other bytes"}
    away = judged(lambda _: raises(NotReadyError("no weights of its sentence model")))
    assert away["verdict"] == "not_better"
    assert away["reason"].endswith("v0, which stays: no weights of its sentence model")
