"""Hashed pieces and linear models on them: counting, weights, fits as Spark tasks, the scorer."""

from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.svm import LinearSVC

from dustjacket.errors import CorruptVersionError, NotReadyError
from dustjacket.genres.calibration import fit_calibration, out_of_fold
from dustjacket.genres.candidates import CANDIDATES
from dustjacket.genres.evaluate import assess, judge
from dustjacket.genres.fits import Fits, in_place
from dustjacket.genres.hashed_linear import EnsembleMember, Hashed, as_read
from dustjacket.genres.hashed_ngrams import BITS, Weights, count, joined
from dustjacket.genres.labels import labeller
from dustjacket.genres.linear import Table
from dustjacket.genres.scorer import Scorer
from dustjacket.genres.scores import Calibration, logarithms, softmax
from dustjacket.genres.selection import Result
from dustjacket.genres.training_data import TestData, TrainingData
from dustjacket.pipeline.parameters import ClassifierParameters
from dustjacket.splits import normalise
from dustjacket.storage.manifest import Manifest
from tests.unit.genres.test_selection import small_catalog

CHAMPION = Manifest(
    kind="genre_classifier", version="v0", attempt="a", published_at=datetime.now(UTC), files=[]
)
TEXT = st.text(st.sampled_from("abc dé,'\n漢字"), max_size=30) | st.text(max_size=30)


def pieces_one_by_one(title, author):
    """The pieces of a book as their texts, counted one after another."""
    words = normalise(title).split()
    return Counter(
        [("word", word) for word in words]
        + [("pair", *pair) for pair in pairwise(words)]
        + [("author", word) for word in normalise(author).split()]
        + [
            ("piece", f" {word} "[at : at + size])
            for word in words
            for size in (3, 4, 5)
            for at in range(len(word) + 3 - size)
        ]
    )


@given(st.lists(st.tuples(TEXT, st.none() | TEXT), min_size=1, max_size=6))
def test_pieces_are_counted_as_one_by_one(books):
    titles, authors = zip(*books, strict=True)
    counts = count(titles, authors)
    of_bucket = {}
    for number, book in enumerate(books):
        expected = pieces_one_by_one(*book)
        part = slice(counts.starts[number], counts.starts[number + 1])
        assert sorted(counts.counts[part]) == sorted(expected.values())
        words = sum(1 for kind, *_ in expected if kind != "piece")
        assert (counts.buckets[part] < 1 << BITS).sum() == words
        alone = count([book[0]], [book[1]])
        assert np.array_equal(alone.buckets, counts.buckets[part])
        for piece, times in expected.items():
            fits = set(counts.buckets[part][counts.counts[part] == times])
            of_bucket[piece] = of_bucket.get(piece, fits) & fits
    assert all(of_bucket.values()), "a piece has one bucket, in whatever book it is"


def test_books_are_chosen_and_joined_as_they_were_counted():
    titles, authors = ["Rice", "", "The Road to Rice", "漢字 Σ"], [None, "Ann", "Lee King", None]
    all_of_them = count(titles, authors)
    again = joined([count(titles[:1], authors[:1]), count(titles[1:], authors[1:])])
    for name in ("starts", "buckets", "counts"):
        assert np.array_equal(getattr(again, name), getattr(all_of_them, name))
    some = all_of_them.rows(np.array([2, 1]))
    expected = count([titles[2], titles[1]], [authors[2], authors[1]])
    assert np.array_equal(some.buckets, expected.buckets)
    assert np.array_equal(some.starts, expected.starts)
    assert len(joined([])) == 0


def test_words_and_pieces_of_words_have_unit_length_each():
    counts = count(["Rice rice road", "Quux", ""], [None, None, "Ann"])
    starts, columns, values = Weights.learn(counts, 1).vectors(counts)
    words = Weights.learn(counts, 1).buckets[columns] < 1 << BITS
    first = slice(starts[0], starts[1])
    assert (values[first][words[first]] ** 2).sum() == pytest.approx(1)
    assert (values[first][~words[first]] ** 2).sum() == pytest.approx(1)
    assert starts[-1] == len(values) == len(columns)
    assert list(values[starts[2] :]) == [1.0], "an author alone is one word"


def test_weights_are_learnt_of_pieces_in_enough_books():
    counts = count(["rice", "rice road", "sea"], [None] * 3)
    weights = Weights.learn(counts, 2)
    assert set(weights.buckets) == set(count(["rice"], [None]).buckets)
    assert weights.idf == pytest.approx(np.log(4 / 3) + 1)
    assert (Weights.learn(counts, 1, idf=False).idf == 1).all()
    nothing = weights.vectors(count(["sea"], [None]))
    assert list(nothing[0]) == [0, 0]


@pytest.fixture(scope="module")
def known(spark):
    books = small_catalog(450).assign(description=None)
    books["fold"] = pd.factorize(books["group"])[0] // 3 % 3
    books["author"] = books["author"].astype(object).where(books["author"].notna(), None)
    draw = np.random.default_rng(5)
    sentences = draw.normal(size=(len(books), 8)) + 2 * np.eye(8)[books["genre"].str.len() % 8]
    sentences /= np.linalg.norm(sentences, axis=1, keepdims=True)
    parameters = ClassifierParameters(min_books_per_piece=1)
    with closing(TrainingData(spark, books, sentences.astype(np.float16), parameters)) as found:
        yield found


@pytest.mark.parametrize("name", ["complement_nb", "linear_svm", "linear_svm_sentences"])
def test_a_fit_in_a_task_is_what_the_scorer_gives(known, name):
    candidate = CANDIDATES[name]
    fits = Fits(known, select=False)
    result = Result(candidate, candidate.grid[-1], [1.0], 1.0)
    held_out = known.folds == 1
    scored = fits.score(candidate, result.point, fold=1)
    rest = known.books[~held_out].reset_index(drop=True)
    alone = TrainingData(known.spark, rest, known.sentences[~held_out], known.parameters)
    with closing(alone):
        model = Fits(alone, select=False).fit_all(result, None)
    asked = known.books[held_out]
    given = model.scores(
        list(asked["title"]), list(asked["author"]), sentences=known.sentences[held_out]
    )
    assert np.abs(softmax(given) - softmax(scored.scores)).max() < 1e-5
    assert np.ptp(given, axis=0).max() > 0.1
    assert scored.seconds > 0
    assert scored.memory_mib > 10


def test_the_svm_is_liblinear_s_own(known):
    candidate = CANDIDATES["linear_svm"]
    scored = Fits(known, select=False).score(candidate, {"C": 0.3}, fold=0)
    train, held_out = np.flatnonzero(known.folds != 0), np.flatnonzero(known.folds == 0)
    weights = Weights.learn(known.counts.rows(train), 1)
    table = known.table.value
    seed = known.parameters.seed
    svm = LinearSVC(C=0.3, random_state=seed, tol=1e-2, max_iter=200, dual=True)
    svm.fit(table.features(weights, train, ""), known.labels[train])
    expected = svm.decision_function(table.features(weights, held_out, ""))
    assert np.abs(expected - scored.scores).max() < 1e-5


def test_books_of_no_weight_are_not_learnt_of(known):
    candidate = CANDIDATES["linear_svm"]
    fits = Fits(known, select=False)
    misled = known.books["genre"] == "Cooking"
    scored = fits.score(candidate, {"C": 1.0}, 0, trust=np.where(misled, 1e-9, 1.0))
    usual = fits.score(candidate, {"C": 1.0}, 0)
    assert scored.scores[:, 0].mean() < usual.scores[:, 0].mean()
    few = fits.score(candidate, {"C": 1.0}, 0, share=0.2)
    assert not np.allclose(few.scores, usual.scores)


def test_of_two_genres_the_svm_knows_both(spark):
    books = small_catalog(40).assign(description=None, fold=lambda b: b.index % 2)
    books = books[books["genre"] != "Science"].reset_index(drop=True)
    books["author"] = None
    with closing(TrainingData(spark, books, None, ClassifierParameters(folds=2))) as two:
        scored = Fits(two, select=False).score(CANDIDATES["linear_svm"], {"C": 1.0}, 0)
    assert scored.scores.shape[1] == 2
    right = (scored.scores.argmax(axis=1) == two.labels[scored.books]).mean()
    assert right > 0.6


def hashed(genres=3, embedded="", members=1):
    counts = count(["Rice and bread", "The road to Paris"], [None, "Ann Lee"])
    weights = Weights.learn(counts, 1)
    draw = np.random.default_rng(3)
    dimensions = {"": 0, "plain": 4, "by_sign": 8}[embedded]
    return Hashed(
        weights,
        tuple(
            EnsembleMember(
                draw.normal(size=(len(weights.buckets), genres)).astype(np.float32),
                draw.normal(size=(dimensions, genres)).astype(np.float32),
                draw.normal(size=genres).astype(np.float32), embedded, margins=True,
                calibration=Calibration(1.0 + number, -1.0),
            )
            for number in range(members)
        ),
        None, described=False,
    )  # fmt: skip


@pytest.mark.parametrize("members", [1, 2])
def test_a_saved_hashed_scorer_loads_as_it_was(members, tmp_path):
    scorer = Scorer("vote", ["a", "b", "c"], hashed(members=members), Calibration(2.0, 0.5))
    scorer.save(tmp_path)
    books = (["Rice", "Paris road", ""], ["Ann", None, None])
    loaded = Scorer.load(tmp_path)
    assert np.array_equal(loaded.probabilities(*books), scorer.probabilities(*books))
    assert loaded.probabilities(*books).sum(axis=1) == pytest.approx(1)


def test_a_vote_is_the_mean_of_its_members_calibrated():
    both = hashed(members=2)
    books = (["Rice and road"], [None])
    alone = [
        member.calibration.probabilities(
            Hashed(both.weights, (member,), None, described=False).scores(*books)
        )
        for member in both.members
    ]
    assert softmax(both.scores(*books)) == pytest.approx(np.mean(alone, axis=0))


def test_many_books_score_exactly_as_each_alone():
    model = hashed(members=2)
    words = ["the", "road", "to", "bread", "and", "rice", "in", "paris", "quux"]
    draw = np.random.default_rng(3)
    titles = [" ".join(draw.choice(words, size)) for size in draw.integers(0, 9, 1600)]
    authors = [None, "Lee"] * 800
    together = model.scores(titles, authors)
    for at in (*range(64), 1023, 1024, 1599):
        alone = model.scores(titles[at : at + 1], authors[at : at + 1])[0]
        assert np.array_equal(together[at], alone), titles[at]


@pytest.mark.parametrize("embedded", ["plain", "by_sign"])
def test_embeddings_are_read_plain_or_by_sign(embedded):
    given = np.array([[0.5, -0.5, 0.0, 0.7]])
    model = hashed(embedded=embedded)
    by_sign = [[0.5, 0.0, 0.0, 0.7, 0.0, 0.5, 0.0, 0.0]]
    read = given if embedded == "plain" else np.array(by_sign)
    member = model.members[0]
    found = model.scores(["Quux"], [None], sentences=given)
    assert found == pytest.approx(member.bias + read @ member.sentences, abs=1e-6)


@pytest.mark.parametrize("title", ["", "!!!", "漢字の本", "x" * 10_000, "\ud800 lone", "a\nb\0c"])
def test_any_title_gets_a_calm_answer(title):
    found = Scorer("x", ["a", "b", "c"], hashed()).probabilities([title], [None])
    assert np.isfinite(found).all()
    assert found.sum() == pytest.approx(1, abs=1e-6)


def test_a_description_is_read_only_where_it_was_learnt():
    without = count(["Rice"], [None])
    with_one = count(["Rice"], [None], ["A cook book"])
    assert len(with_one.buckets) == len(without.buckets) + 3
    model = hashed()
    assert np.array_equal(
        model.scores(["Rice"], [None], descriptions=["road"]),
        model.scores(["Rice"], [None]),
    )


def test_spark_labels_a_thousand_titles_as_the_scorer_does(spark):
    draw = np.random.default_rng(2)
    words = ["rice", "bread", "road", "paris", "the", "to"]
    titles = [" ".join(draw.choice(words, 4)) for _ in range(1000)]
    scorer = Scorer("vote", ["a", "b", "c"], hashed(members=2), Calibration(2.0, 0.5))
    columns = ("key", "title", "author", "category", "group", "split", "position", "shard")
    covers = pd.DataFrame({name: [str(n) for n in range(1000)] for name in columns})
    covers = covers.assign(title=titles, author="Ann", position=range(1000), offset=0, size=0)
    covers["sha256"] = ""
    shared = spark.sparkContext.broadcast(scorer)
    labels = (
        spark.createDataFrame(covers)
        .repartition(4)
        .mapInPandas(
            labeller(lambda: shared.value, "v1", 3),
            "key string, genre string, probability double, entropy double, model_version string",
        )
        .toPandas()
        .set_index("key")
        .loc[covers["key"]]
    )
    expected = scorer.probabilities(titles, ["Ann"] * 1000)
    assert np.abs(labels["probability"].to_numpy() - expected.max(axis=1)).max() < 1e-6
    assert list(labels["genre"]) == [scorer.genres[at] for at in expected.argmax(axis=1)]


def drawn(scores):
    """A label a row, as likely as the scores say."""
    shares = softmax(scores).cumsum(axis=1)
    return (np.random.default_rng(4).random((len(scores), 1)) > shares).sum(axis=1)


@given(st.floats(0.2, 5))
@settings(deadline=None, max_examples=10)
def test_a_temperature_is_found_again(temperature):
    true = logarithms(softmax(np.random.default_rng(1).normal(size=(4000, 3)) * 2))
    labels = drawn(true)
    found = fit_calibration(logarithms(softmax(true * temperature)), labels)
    close = found.probabilities(logarithms(softmax(true * temperature)))
    assert np.abs(close - softmax(true)).mean() < 0.03


def test_margins_are_calibrated_better_than_by_a_temperature():
    margins = np.random.default_rng(1).normal(-0.6, 0.4, size=(6000, 5))
    odds = 1 / (1 + np.exp(-(4 * margins + 1)))
    true = odds / odds.sum(axis=1, keepdims=True)
    found = fit_calibration(margins, drawn(np.log(true)))
    assert found.offset > -3
    assert np.abs(found.probabilities(margins) - true).mean() < 0.02
    assert (found.probabilities(margins).argmax(axis=1) == margins.argmax(axis=1)).all()


@pytest.mark.parametrize("embedded", ["plain", "by_sign"])
def test_pieces_and_embeddings_stand_side_by_side_however_many_rows_at_a_time(
    known, embedded, monkeypatch
):
    sentences = np.random.default_rng(1).normal(size=(len(known.books), 4)).astype(np.float16)
    table = Table(known.counts, known.labels, known.folds, 3, sentences, 1, idf=True)
    rows = np.flatnonzero(known.folds != 1)
    weights = Weights.learn(table.counts.rows(rows), 1)
    found = table.features(weights, rows, embedded)
    assert found.dtype == np.float64, "else liblinear makes a copy"
    assert (found.data != 0).all(), "by sign, half of the entries are 0"
    wanted = as_read(sentences[rows].astype(np.float32), embedded)
    assert np.array_equal(found[:, -wanted.shape[1] :].toarray(), wanted)
    assert (found[:, : -wanted.shape[1]] != table.features(weights, rows, "")).nnz == 0
    monkeypatch.setattr("dustjacket.genres.linear._ROWS_AT_ONCE", 7)
    assert (table.features(weights, rows, embedded) != found).nnz == 0


def test_a_fold_is_calibrated_by_the_others():
    found = np.random.default_rng(1).normal(size=(300, 3)) * 4
    folds = np.arange(300) % 3
    labels = found.argmax(axis=1)
    one = out_of_fold(found, labels, folds)
    changed = labels.copy()
    changed[folds == 0] = (changed[folds == 0] + 1) % 3  # fold 0 is all wrong: only others learn
    other = out_of_fold(found, changed, folds)
    assert np.array_equal(one[folds == 0], other[folds == 0])
    assert not np.allclose(one[folds == 1], other[folds == 1])


@pytest.mark.parametrize("name", ["complement_nb", "linear_svm"])
def test_of_what_it_never_met_a_classifier_is_less_sure(known, name):
    candidate, fits = CANDIDATES[name], Fits(known, select=False)
    result = Result(candidate, candidate.grid[0], [1.0], 1.0)
    parts = [fits.score(candidate, result.point, fold) for fold in range(3)]
    raw = in_place(parts, len(known.books), len(known.genres))
    calibration = fit_calibration(raw, known.labels)
    scorer = Scorer(name, known.genres, fits.fit_all(result, None), calibration)
    titles = list(known.books["title"])
    usual = scorer.probabilities(titles, [None] * len(titles)).max(axis=1)
    unknown = scorer.probabilities(["Quux zyxwv", "", "漢字の本", "Книга"], [None] * 4)
    assert unknown.max() < np.median(usual)


def test_a_selected_classifier_is_assessed_and_judged(known):
    fits = Fits(known, select=False)
    candidate = CANDIDATES["complement_nb"]
    parts = [fits.score(candidate, {"alpha": 1.0}, fold) for fold in range(3)]
    probabilities = np.zeros((len(known.books), 3))
    for part in parts:
        probabilities[part.books] = softmax(part.scores)
    result = Result(candidate, {"alpha": 1.0}, [0.5] * 3, 1.0, probabilities=probabilities)
    scorer = Scorer(candidate.name, known.genres, fits.fit_all(result, None))
    test = TestData(known.books.iloc[:60].reset_index(drop=True), None)
    found = assess(fits, result, scorer, test)
    assert list(found.curve["share"]) == [0.25, 0.5, 1.0], "an eighth of 300 is too few"
    assert found.curve["rows"].is_monotonic_increasing
    low, high = found.intervals["accuracy"]
    assert low <= found.test["accuracy"] <= high
    assert 0 < found.down_weighted <= 1

    def judged(load, before=CHAMPION):
        return judge(found, before, load, test, "f1_weighted")

    def raises(error):
        raise error

    assert judged(None, None)["verdict"] == "promoted"
    assert judged(lambda _: scorer)["verdict"] == "not_better", "an interval of nothing but 0"
    blind = Scorer("x", known.genres, hashed())
    assert judged(lambda _: blind)["verdict"] == "promoted"
    lost = judged(lambda _: raises(CorruptVersionError("other bytes")))
    assert lost == {"verdict": "promoted", "reason": "the champion v0 cannot be read: other bytes"}
    away = judged(lambda _: raises(NotReadyError("no weights of its sentence model")))
    assert away["verdict"] == "not_better"
    assert away["reason"].endswith("v0, which stays: no weights of its sentence model")
