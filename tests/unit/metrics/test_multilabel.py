"""Metrics of several labels, beside scikit-learn's."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.metrics import f1_score, ndcg_score

from dustjacket.metrics.multilabel import multilabel_metrics


def drawn(items=60, labels=9, seed=3):
    draw = np.random.default_rng(seed)
    true = draw.random((items, labels)) < 0.2
    true[np.arange(items), draw.integers(0, labels, items)] = True
    scores = draw.random((items, labels)) + 0.4 * true
    return true.astype(int), (scores > 0.9).astype(int), scores


def measured(true, assigned, scores, **given):
    return multilabel_metrics(csr_array(true), csr_array(assigned), scores, **given)


def test_f1_and_ndcg_are_scikit_learns():
    true, assigned, scores = drawn()
    found = measured(true, assigned, scores)
    assert found["f1_micro"][0] == pytest.approx(f1_score(true, assigned, average="micro"))
    assert found["f1_macro"][0] == pytest.approx(f1_score(true, assigned, average="macro"))
    assert found["ndcg_at_5"][0] == pytest.approx(ndcg_score(true, scores, k=5))
    top = np.zeros_like(true)
    np.put_along_axis(top, np.argsort(-scores, axis=1)[:, :5], 1, axis=1)
    assert found["f1_at_5"][0] == pytest.approx(f1_score(true, top, average="samples"))
    for value, low, high in found.values():
        assert low < value < high


def test_labels_that_no_item_has_or_is_given_do_not_count():
    true, assigned, scores = drawn()
    wider = [np.hstack([table, np.zeros((60, 3), int)]) for table in (true, assigned)]
    found = measured(*wider, np.hstack([scores, np.full((60, 3), -1.0)]))
    assert found["f1_macro"][0] == pytest.approx(f1_score(true, assigned, average="macro"))


def test_copies_in_a_group_do_not_narrow_an_interval():
    true, assigned, scores = (np.repeat(table, 4, axis=0) for table in drawn())
    by_item = measured(true, assigned, scores)["f1_micro"]
    by_group = measured(true, assigned, scores, groups=np.arange(240) // 4)["f1_micro"]
    assert by_group[0] == by_item[0]
    assert by_group[2] - by_group[1] > 1.5 * (by_item[2] - by_item[1])


def test_fewer_than_five_labels_and_perfect_ranks():
    true = np.array([[1, 0, 0], [0, 1, 1]])
    found = measured(true, true, true + 0.0)
    assert found["ndcg_at_5"][0] == found["f1_micro"][0] == 1
    assert found["f1_at_5"][0] == pytest.approx((2 / 4 + 4 / 5) / 2)
