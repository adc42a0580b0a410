"""Drift: none between covers of one kind, some between those of two."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import energy_distance

from dustjacket.evaluation.drift import energy_test, label_psi, length_psi, measure_drift, psi


def books(lengths, genres):
    return pd.DataFrame({"title": ["x" * length for length in lengths], "genre": genres})


@given(st.lists(st.integers(0, 50), min_size=1, max_size=10))
def test_counts_do_not_drift_from_themselves(counts):
    assert psi(np.array(counts), np.array(counts)) == pytest.approx(0)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=10))
def test_drift_is_never_negative_and_the_same_both_ways(pairs):
    before, newest = np.array(pairs).T
    assert psi(before, newest) >= 0
    assert psi(before, newest) == pytest.approx(psi(newest, before))


def test_lengths_of_one_kind_drift_little_and_longer_ones_much():
    rng = np.random.default_rng(1)
    before = rng.integers(5, 60, size=2000)
    assert length_psi(before, rng.integers(5, 60, size=2000)) < 0.05
    assert length_psi(before, before + 40) > 0.25


def test_a_new_genre_is_drift():
    assert label_psi(["Art", "Law"] * 50, ["Art", "Law"] * 40) < 0.01
    assert label_psi(["Art", "Law"] * 50, ["Poetry"] * 100) > 1


def test_of_nothing_there_is_no_drift():
    assert length_psi(np.empty(0), np.array([3])) == 0
    assert label_psi([], ["Art"]) == 0
    assert energy_test(np.ones((1, 2)), np.ones((5, 2)), permutations=10, seed=1) == (0, 1)


def test_the_energy_distance_is_scipys_squared_in_one_dimension():
    rng = np.random.default_rng(2)
    one, other = rng.normal(size=(40, 1)), rng.normal(1, size=(30, 1))
    found, _ = energy_test(one, other, permutations=10, seed=1)
    assert found == pytest.approx(energy_distance(one[:, 0], other[:, 0]) ** 2)


def test_the_test_finds_another_distribution_and_not_its_own():
    rng = np.random.default_rng(3)
    same = [rng.normal(size=(60, 8)) for _ in range(2)]
    assert energy_test(*same, permutations=200, seed=1)[1] > 0.05
    assert energy_test(same[0], same[1] + 1, permutations=200, seed=1)[1] < 0.01


def test_what_is_above_the_limit_is_a_warning_that_names_it():
    before = books(range(10, 60), ["Art"] * 50)
    newest = books(range(110, 160), ["Art"] * 50)
    vectors = np.zeros((2, 5, 3))
    found = measure_drift(before, newest, tuple(vectors), ("one", "two"), 0.25, 1)
    assert "title length" in found.warning
    assert "genre" not in found.warning
    assert found.metrics()["drift.warning"] == 1
    calm = measure_drift(before, before, tuple(vectors), ("one", "one"), 0.25, 1)
    assert calm.warning == ""
    assert calm.metrics()["drift.warning"] == 0
