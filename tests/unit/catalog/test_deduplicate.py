"""Rules over the whole listing: duplicates, genre by majority, and changes between versions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.catalog.deduplicate import BookRow, deduplicate_book
from dustjacket.catalog.statistics import CatalogStatistics, changes, mix_shift
from dustjacket.catalog.step import CatalogParameters


def rows(*genres):
    """Return rows of one book that differ in something beside the genre."""
    return [BookRow(number, number, genre) for number, genre in enumerate(genres)]


def reasons(entries):
    found, _ = deduplicate_book(entries)
    return [found.get(entry) for entry in entries]


def test_the_first_of_equal_rows_is_kept():
    entry, again, elsewhere = (BookRow(place, 77, "Art") for place in (3, 9, 20))
    assert reasons([elsewhere, again, entry]) == ["exact_duplicate", "exact_duplicate", None]


def test_another_edition_of_the_same_genre_is_a_near_duplicate():
    assert reasons(rows("Art", "Art")) == [None, "near_duplicate"]


def test_the_most_frequent_genre_wins_and_all_are_recorded():
    entries = rows("Law", "Art", "Art", "Pets")
    assert reasons(entries) == ["genre_outvoted", None, "near_duplicate", "genre_outvoted"]
    assert deduplicate_book(entries)[1] == {"Art": 2, "Law": 1, "Pets": 1}


def test_without_a_majority_all_rows_are_rejected():
    assert reasons(rows("Law", "Art")) == ["genre_tied", "genre_tied"]


def test_copies_of_a_row_have_no_second_vote():
    entries = [BookRow(0, 1, "Law"), BookRow(1, 1, "Law"), BookRow(2, 2, "Art")]
    assert reasons(entries) == ["genre_tied", "exact_duplicate", "genre_tied"]


@given(
    st.lists(st.tuples(st.integers(0, 4), st.sampled_from("abc")), min_size=1, max_size=12),
    st.randoms(),
)
def test_at_most_one_row_of_a_book_is_kept_whatever_the_order(contents, random):
    # Rows of equal content name the same genre.
    entries = [
        BookRow(at, hash((content, genre)), genre) for at, (content, genre) in enumerate(contents)
    ]
    found, genres = deduplicate_book(entries)
    kept = [entry for entry in entries if entry not in found]
    assert len(kept) <= 1
    assert bool(kept) != ("genre_tied" in found.values())
    if kept:
        assert genres[kept[0].genre] == max(genres.values())
    shuffled = random.sample(entries, len(entries))
    assert deduplicate_book(shuffled)[0] == found


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
