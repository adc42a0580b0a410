"""The measures of pictures have the values that are known for simple cases."""

import numpy as np
import pytest

from dustjacket.generation.measures import (
    TitleGallery,
    compare,
    copying,
    diversity,
    kid,
    kid_difference,
    kid_interval,
    measure_precision,
)

TITLES = np.eye(40, dtype=np.float32)
GALLERY = TitleGallery(TITLES, np.arange(40) % 4, np.arange(40))


def test_pictures_that_are_their_titles_are_all_found_and_others_are_found_by_chance():
    right = measure_precision(GALLERY, TITLES[None])
    assert right.all_titles["recall_at_1"].share == 1.0
    assert right.all_titles["recall_at_1"].low < 1.0
    equal = measure_precision(GALLERY, np.ones((2, 40, 40), np.float32))
    assert equal.all_titles["recall_at_10"].share == pytest.approx(10 / 40)
    assert equal.within_genre["recall_at_10"].share == pytest.approx(1.0)
    assert equal.within_genre["recall_at_1"].share == pytest.approx(1 / 10)


def test_any_seed_counts_the_best_and_all_titles_the_mean_of_the_seeds():
    half = np.stack([TITLES, np.roll(TITLES, 1, axis=0)])
    found = measure_precision(GALLERY, half)
    assert found.all_titles["recall_at_1"].share == pytest.approx(0.5, abs=0.02)
    assert found.any_seed["recall_at_1"].share == 1.0


def test_other_editions_of_a_title_do_not_stand_in_its_way():
    twice = TitleGallery(np.repeat(TITLES[:20], 2, axis=0), np.zeros(40, int), np.arange(40) // 2)
    found = measure_precision(twice, twice.titles[None])
    assert found.all_titles["recall_at_1"].share == 1.0
    single = measure_precision(GALLERY, TITLES[None]).all_titles["recall_at_1"]
    assert found.all_titles["recall_at_1"].low < single.low, "20 groups know less than 40"


def test_no_pictures_have_no_figures_and_no_error():
    none = TitleGallery(TITLES[:0], np.empty(0, int), np.empty(0, int))
    found = measure_precision(none, np.empty((2, 0, 40)))
    assert found.all_titles["recall_at_10"].share == 0.0
    assert compare(none, np.empty((1, 0, 40)), np.empty((1, 0, 40)), 10).books == 0
    assert copying(np.empty(0), np.ones(3)) == (0.5, 1.0)


def test_the_distance_is_about_0_between_samples_of_one_distribution_and_grows_with_the_shift():
    rng = np.random.default_rng(3)
    real, same = rng.normal(size=(2, 200, 16))
    shifted, far = same + 0.5, same + 1.0
    low, high = kid_interval(same, real, resamples=200, seed=1)
    assert low <= 0 <= high
    assert abs(kid(same, real)) < kid(shifted, real) < kid(far, real)
    low, high = kid_difference(far, shifted, real, resamples=200, seed=1)
    assert 0 < low < kid(far, real) - kid(shifted, real) < high
    assert kid_difference(far, far, real, resamples=50, seed=1) == (0.0, 0.0)


def test_an_interval_of_the_distance_holds_0_for_equal_distributions_nearly_always():
    rng = np.random.default_rng(5)
    held = 0
    for seed in range(60):
        one, other = rng.normal(size=(2, 80, 8))
        low, high = kid_interval(one, other, resamples=100, seed=seed)
        held += low <= 0 <= high
    assert held >= 50


def test_pictures_vary_if_seeds_give_different_ones():
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(4, 30, 64))
    unit = vectors / np.linalg.norm(vectors, axis=2, keepdims=True)
    assert diversity(np.repeat(unit[:1], 4, axis=0)) == pytest.approx(0.0, abs=1e-6)
    assert diversity(unit) == pytest.approx(1.0, abs=0.1)
    assert diversity(unit[:1]) == 0.0


def test_art_nearer_to_the_training_art_than_held_out_art_is_called_copied():
    rng = np.random.default_rng(2)
    nearer, p = copying(rng.uniform(0.8, 1, 100), rng.uniform(0.4, 0.9, 100))
    assert nearer > 0.8
    assert p < 0.001
    equal, p = copying(rng.uniform(0, 1, 100), rng.uniform(0, 1, 100))
    assert 0.3 < equal < 0.7
    assert p > 0.01
