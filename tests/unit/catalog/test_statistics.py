"""Statistics of a listing, and changes between versions."""

import pytest

from dustjacket.catalog.statistics import CatalogStatistics, changes, mix_shift
from dustjacket.catalog.step import CatalogParameters


def profile(**genres):
    total = sum(genres.values())
    return CatalogStatistics(
        rows_read=total, rows_accepted=total, rejected_by_reason={}, genres=genres
    )


LIMITS = CatalogParameters(max_row_drop=0.1, max_genre_drop=0.5, max_mix_shift=0.1)


def test_a_version_like_the_one_before_may_follow_it():
    assert changes(profile(Art=500, Law=500), profile(Art=480, Law=520), LIMITS) == []
    assert changes(profile(Art=500, Law=500), profile(Art=900, Law=900), LIMITS) == []


@pytest.mark.parametrize(
    ("now", "message"),
    [
        (profile(Art=400, Law=400), "800 books against 1,000, 20% fewer (max_row_drop 10%)"),
        (profile(Art=960, Law=200), "200 books of 'Law' against 500 (max_genre_drop 50%)"),
        (profile(Art=1000, Pets=500), "0 books of 'Law' against 500"),
        (profile(Art=700, Law=400), "14% of books moved between genres (max_mix_shift 10%)"),
    ],
)
def test_each_change_beyond_a_limit_is_named(now, message):
    assert any(message in one for one in changes(profile(Art=500, Law=500), now, LIMITS))


def test_a_genre_of_few_books_may_vanish():
    assert changes(profile(Art=1000, Pets=19), profile(Art=1000), LIMITS) == []


def test_a_mix_moves_by_the_share_that_changed_genre():
    assert mix_shift({"a": 5, "b": 5}, {"a": 50, "b": 50}) == 0
    assert mix_shift({"a": 1}, {"b": 1}) == 1
    assert mix_shift({"a": 6, "b": 4}, {"a": 4, "b": 6}) == pytest.approx(0.2)


def test_another_spelling_of_a_genre_is_no_change():
    before = profile(**{"Children's Books": 500, "Law": 500})
    now = profile(**{"childrens books": 500, "LAW": 500})
    assert mix_shift(before.genres, now.genres) == 0
    assert changes(before, now, LIMITS) == []
    both = profile(Law=300, law=300, Art=400)
    assert changes(both, profile(LAW=600, Art=400), LIMITS) == []
