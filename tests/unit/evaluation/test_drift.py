"""Drift: none between covers of one kind, some between those of two."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import energy_distance

from dustjacket.evaluation.drift import (
    energy_test,
    label_counts,
    length_counts,
    measure_drift,
)
from dustjacket.metrics.stability import psi, psi_test


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
    assert psi(*length_counts(before, rng.integers(5, 60, size=2000))) < 0.05
    assert psi(*length_counts(before, before + 40)) > 0.25


def test_a_new_genre_is_drift():
    assert psi(*label_counts(["Art", "Law"] * 50, ["Art", "Law"] * 40)) < 0.01
    assert psi(*label_counts(["Art", "Law"] * 50, ["Poetry"] * 100)) > 1


def test_of_nothing_there_is_no_drift():
    for counts in (
        length_counts(np.empty(0), np.array([3])), length_counts(np.empty(0), np.empty(0)),
        label_counts([], ["Art"]), label_counts([], []),
    ):  # fmt: skip
        assert psi_test(counts, permutations=10, seed=1) == (0, 1)
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


def warnings(draw, histories=150):
    """Return the share of drawn (before, newest) that warn."""
    rng = np.random.default_rng(7)
    vectors = np.zeros((2, 1, 3))
    return np.mean([
        bool(measure_drift(*draw(rng), tuple(vectors), ("one", "two"), 0.25, 1).warning)
        for _ in range(histories)
    ])  # fmt: skip


def library(rng, size, genres, longer=1.0, new=0.0):
    """Return rows with titles of log-normal lengths and genres of unequal shares."""
    lengths = np.maximum(1, longer * rng.lognormal(3.2, 0.5, size)).astype(int)
    shares = 1 / np.arange(1, genres + 1)
    drawn = rng.choice(genres, size, p=shares / shares.sum())
    return books(lengths, np.where(rng.random(size) < new, "new", drawn.astype(str)))


@pytest.mark.parametrize(
    ("genres", "sizes"),
    [(12, (50, 50)), (30, (100, 100)), (30, (200, 200)), (30, (1165, 100)), (1, (50, 50))],
)
def test_without_drift_hardly_any_comparison_warns(genres, sizes):
    assert warnings(lambda rng: [library(rng, size, genres) for size in sizes]) <= 0.05


@pytest.mark.parametrize("change", [{"longer": 2.0}, {"new": 0.3}])
def test_longer_titles_and_a_new_genre_still_warn(change):
    def draw(rng):
        return library(rng, 100, 12), library(rng, 100, 12, **change)

    assert warnings(draw, 40) >= 0.95
