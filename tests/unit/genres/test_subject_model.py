"""The model of several subjects: arithmetic, thresholds, saved files."""

import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix
from sklearn.metrics import f1_score
from sklearn.svm import LinearSVC

from dustjacket.errors import CorruptVersionError
from dustjacket.genres.hashed_ngrams import TfidfWeights, count_ngrams
from dustjacket.genres.scorer import Scorer, predict_genre
from dustjacket.genres.sentences import Encoder
from dustjacket.genres.subject_model import (
    SubjectModel,
    SubjectTexts,
    author_weights,
    sigmoid,
)
from dustjacket.genres.subjects import best_thresholds, fit_one_against_rest, label_matrix
from tests.support.classifiers import random_hashed

TITLES = ["Rice and bread", "The road to Paris", "Bread on the road", "quux"]


AUTHORS = ["Ann Lee", None, "Bo Ek", "Ann Lee"]
DESCRIPTIONS = ["Baking for all", None, "A baker travels", None]


def model_and_weights(dimensions=0, encoder=None):
    texts = SubjectTexts.of(TITLES[:3], AUTHORS[:3], DESCRIPTIONS[:3], None)
    weights = TfidfWeights.fit(texts.ngrams, 1)
    of_authors = author_weights(texts.authors)
    draw = np.random.default_rng(3)
    ngrams = len(weights.buckets) + len(of_authors.buckets)
    dense = draw.normal(size=(ngrams, 3)) * (draw.random((ngrams, 3)) < 0.3)
    sparse = csr_array(dense.astype(np.float32))
    model = SubjectModel(
        ["lcsh:a", "lcsh:b", "lcsh:c"], weights, of_authors, sparse.indptr, sparse.indices,
        sparse.data, draw.normal(size=(dimensions, 3)).astype(np.float32),
        np.array([0.1, -0.2, 0.3]), np.array([0.5, 0.4, 2.0]), encoder, 1.5, -0.1,
    )  # fmt: skip
    return model, dense


def dense_of(weights, counts):
    starts, columns, values = weights.vectors(counts)
    return csr_matrix((values, columns, starts), (len(counts), len(weights.buckets))).toarray()


def test_probabilities_are_sigmoids_of_a_sparse_product():
    model, dense = model_and_weights()
    texts = SubjectTexts.of(TITLES, AUTHORS, DESCRIPTIONS, None)
    x = np.hstack(
        [dense_of(model.weights, texts.ngrams), dense_of(model.author_weights, texts.authors)]
    )
    assert (x[3] != 0).sum() == 3, "of an unknown title by a known author: two words, one pair"
    expected = sigmoid(1.5 * (x @ dense.astype(np.float32) + model.bias) - 0.1)
    assert model.probabilities(TITLES, AUTHORS, DESCRIPTIONS) == pytest.approx(expected, abs=1e-6)
    assert model.probabilities([], []).shape == (0, 3)
    assert model.probabilities(["!!!"], [None]) == pytest.approx(
        sigmoid(1.5 * model.bias - 0.1)[None]
    )


def test_words_of_a_description_count_as_those_of_the_title():
    model, _ = model_and_weights()
    apart = model.probabilities(["Rice and"], [None], ["bread"])
    assert apart == pytest.approx(model.probabilities(["Rice and bread"], [None]))
    assert apart != pytest.approx(model.probabilities(["Rice and"], [None]))


def test_embeddings_of_title_and_description_add_to_the_margins(monkeypatch):
    encoder = Encoder("none", "0")
    read = []

    def encode(_, titles, authors):
        read.extend(titles)
        assert set(authors) == {None}
        return np.eye(4)[: len(titles)]

    monkeypatch.setattr(Encoder, "encode", encode)
    plain, embedded = model_and_weights()[0], model_and_weights(4, encoder)[0]
    titles, authors, descriptions = TITLES[:2], AUTHORS[:2], DESCRIPTIONS[:2]
    margins = [
        each.margins(SubjectTexts.of(titles, authors, descriptions, each.encoder))
        for each in (plain, embedded)
    ]
    assert read == ["Rice and bread Baking for all", "The road to Paris"]
    assert margins[1] - margins[0] == pytest.approx(embedded.sentences[:2])


def test_subjects_that_were_learnt_in_another_way_are_refused():
    model, _ = model_and_weights()
    arrays = model.arrays()
    del arrays["author_weights.idf"]
    with pytest.raises(CorruptVersionError, match="run select_classifier again"):
        SubjectModel.restore(model.description(), arrays)


def test_a_subject_is_assigned_from_its_threshold_likeliest_first():
    model, _ = model_and_weights()
    found = model.assigned(np.array([[0.5, 0.9, 1.0], [0.4, 0.3, 0.9]]))
    assert found == [(("lcsh:b", 0.9), ("lcsh:a", 0.5)), ()]


def test_a_scorer_is_saved_with_its_subjects_and_answers_with_them(tmp_path):
    model, _ = model_and_weights()
    scorer = Scorer("x", ["p", "q", "r"], random_hashed(), subjects=model)
    scorer.save(tmp_path)
    loaded = Scorer.load(tmp_path)
    given, found = (each.predict(TITLES, [None] * 4).answers() for each in (scorer, loaded))
    assert given == found
    assert any(answer.subjects for answer in found)
    plain = Scorer("x", ["p", "q", "r"], random_hashed())
    assert predict_genre(plain, "Rice", None).subjects == ()


def test_thresholds_have_the_best_f1_of_frequent_subjects():
    draw = np.random.default_rng(5)
    true = draw.random((300, 3)) < [0.5, 0.3, 0.02]
    probabilities = np.clip(draw.random((300, 3)) * 0.7 + 0.3 * true, 0, 1)
    found = best_thresholds(probabilities, csr_array(true.astype(int)))
    for column in (0, 1):
        best = max(
            f1_score(true[:, column], probabilities[:, column] >= threshold)
            for threshold in probabilities[:, column]
        )
        at = f1_score(true[:, column], probabilities[:, column] >= found[column])
        assert at == pytest.approx(best)
    assert true[:, 2].sum() < 20
    assert 0 < found[2] < 1


def test_each_subject_is_liblinear_against_the_rest():
    counts = count_ngrams(TITLES * 8, [None] * 32)
    weights = TfidfWeights.fit(counts, 2)
    starts, columns, values = weights.vectors(counts)
    x = csr_matrix((values, columns, starts), (32, len(weights.buckets))).astype(float)
    labels = label_matrix([["s:a"], ["s:b"], ["s:a", "s:b"], []] * 8, ["s:a", "s:b", "s:none"])
    coefficients, biases = fit_one_against_rest(x, labels.tocsc(), 13)
    svm = LinearSVC(C=1.0, random_state=13, tol=1e-2, max_iter=200).fit(x, [1, 0, 1, 0] * 8)
    margins = (x @ coefficients).toarray() + biases
    assert margins[:, 0] == pytest.approx(svm.decision_function(x), abs=0.2)
    assert (margins[:, 0] > 0).tolist() == [True, False, True, False] * 8
    assert (margins[:, 2] == -1).all()
