"""The model of several subjects: arithmetic, thresholds, saved files."""

import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix
from sklearn.metrics import f1_score
from sklearn.svm import LinearSVC

from dustjacket.genres.hashed_ngrams import TfidfWeights, count_ngrams
from dustjacket.genres.scorer import Scorer, predict_genre
from dustjacket.genres.subject_model import SubjectModel, sigmoid
from dustjacket.genres.subjects import best_thresholds, fit_one_against_rest, label_matrix
from tests.support.classifiers import random_hashed

TITLES = ["Rice and bread", "The road to Paris", "Bread on the road", "quux"]


def model_and_weights():
    counts = count_ngrams(TITLES[:3], [None] * 3)
    weights = TfidfWeights.fit(counts, 1)
    draw = np.random.default_rng(3)
    dense = draw.normal(size=(len(weights.buckets), 3)) * (
        draw.random((len(weights.buckets), 3)) < 0.3
    )
    sparse = csr_array(dense.astype(np.float32))
    model = SubjectModel(
        ["lcsh:a", "lcsh:b", "lcsh:c"], weights, sparse.indptr, sparse.indices, sparse.data,
        np.array([0.1, -0.2, 0.3]), np.array([0.5, 0.4, 2.0]), 1.5, -0.1,
    )  # fmt: skip
    return model, dense


def test_probabilities_are_sigmoids_of_a_sparse_product():
    model, dense = model_and_weights()
    starts, columns, values = model.weights.vectors(count_ngrams(TITLES, [None] * 4))
    x = csr_matrix((values, columns, starts), (4, len(dense))).toarray()
    expected = sigmoid(1.5 * (x @ dense.astype(np.float32) + model.bias) - 0.1)
    assert model.probabilities(TITLES, [None] * 4) == pytest.approx(expected, abs=1e-6)
    assert model.probabilities([], []).shape == (0, 3)
    assert model.probabilities(["!!!"], [None]) == pytest.approx(
        sigmoid(1.5 * model.bias - 0.1)[None]
    )


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
