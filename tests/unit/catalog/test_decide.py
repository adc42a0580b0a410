"""Decisions over a whole listing: no row is lost, and the order of rows decides nothing."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.catalog.decide import DECIDED, ROWS, decide
from dustjacket.splits import coarse_key, split_of, strict_key


def row(position, title="Emma", author="Jane Austen", genre="Fiction", **others):
    return {
        "file": "a.csv", "position": position, "content": position, "genre": genre,
        "strict": strict_key(title, author), "coarse": coarse_key(title, author),
        "has_author": bool(author), **others,
    }  # fmt: skip


def decided(rows, min_rows_per_genre=1):
    table = decide(pa.Table.from_pylist(rows, ROWS), min_rows_per_genre)
    assert table.schema == DECIDED
    return table.to_pylist()


def reasons(rows, min_rows_per_genre=1):
    return [one["reason"] for one in decided(rows, min_rows_per_genre)]


def of_genres(*genres):
    """Return rows of one book that differ in something beside the genre."""
    return [row(number, genre=genre) for number, genre in enumerate(genres)]


def test_a_listing_without_rows_has_no_decisions():
    assert decided([]) == []


def test_the_first_of_equal_rows_is_kept():
    entry, again = row(3, content=77), row(9, content=77)
    elsewhere = {**entry, "file": "b.csv", "position": 0}
    assert reasons([elsewhere, again, entry]) == ["exact_duplicate", "exact_duplicate", None]


def test_another_edition_of_the_same_genre_is_a_near_duplicate():
    assert reasons(of_genres("Art", "Art")) == [None, "near_duplicate"]


def test_the_most_frequent_genre_wins_and_all_are_counted():
    found = decided(of_genres("Law", "Art", "Art", "Pets"))
    assert [one["reason"] for one in found] == [
        "genre_outvoted", None, "near_duplicate", "genre_outvoted"
    ]  # fmt: skip
    assert [one["genres"] for one in found] == [
        None,
        [{"genre": "Art", "rows": 2}, {"genre": "Law", "rows": 1}, {"genre": "Pets", "rows": 1}],
        None,
        None,
    ]


def test_without_a_majority_all_rows_are_rejected_and_are_one_book():
    found = decided(of_genres("Law", "Art"))
    assert [one["reason"] for one in found] == ["genre_tied", "genre_tied"]
    assert len({one["book"] for one in found}) == 1


def test_copies_of_a_row_have_no_second_vote():
    copies = [row(0, genre="Law", content=1), row(1, genre="Law", content=1)]
    assert reasons([*copies, row(2, genre="Art")]) == [
        "genre_tied",
        "exact_duplicate",
        "genre_tied",
    ]


def test_spellings_of_a_genre_are_one_and_the_most_frequent_is_published():
    rows = [
        row(0, "Dune", "Frank Herbert", "science fiction"),
        row(1, "Dune", "Frank Herbert", "Science Fiction"),
        row(2, "Ubik", "Philip K. Dick", "Science Fiction"),
        row(3, "Valis", "Philip K. Dick", "SCIENCE-FICTION"),
    ]
    found = decided(rows, min_rows_per_genre=3)
    assert [one["reason"] for one in found] == [None, "near_duplicate", None, None]
    assert {one["genre"] for one in found} == {"Science Fiction"}
    assert found[0]["genres"] == [{"genre": "Science Fiction", "rows": 2}]


def test_a_genre_of_few_rows_left_is_rare():
    rows = [row(0, "Emma"), row(1, "Emma"), row(2, "Dune", "Frank Herbert", "Space")]
    assert reasons([*rows, row(3, "Persuasion")], 2) == [
        None, "near_duplicate", "rare_genre", None
    ]  # fmt: skip


def test_the_last_record_of_an_id_counts_and_a_deletion_removes():
    rows = [
        row(0, record_id="1", notification="new"),
        row(1, record_id="2", notification="new"),
        row(2, "Emma, revised", record_id="1", notification="update"),
        row(3, "Persuasion", record_id="2", notification="delete"),
        row(4, "Walden", record_id="3"),
        {**row(0, "Walden", record_id="3", notification="delete"), "file": "0.csv"},
    ]
    found = decided(rows)
    assert [one["reason"] for one in found] == [
        "replaced", "deleted", None, "delete_notice", None, "delete_notice"
    ]  # fmt: skip
    assert [one["group"] is None for one in found] == [True, True, False, True, False, True]


def test_equal_titles_without_authors_are_kept_on_one_side_unless_an_isbn_is_equal():
    rows = [
        row(0, "Calculus", None, "Science", isbn13="9780000000019"),
        row(1, "Calculus", None, "Textbooks", isbn13="9780000000026"),
        row(2, "Calculus", None, "Science", isbn13="9780000000019"),
        row(3, "Calculus", None, "Science"),
    ]
    found = decided(rows)
    assert [one["reason"] for one in found] == [None, None, "near_duplicate", None]
    assert len({one["group"] for one in found}) == 1


TITLES = ["Emma", "Dune", "Calculus", "Emma: A Novel", "Dune (Dune, #1)"]
ROW = st.fixed_dictionaries(
    {
        "title": st.sampled_from(TITLES),
        "author": st.sampled_from([None, "Jane Austen", "Austen, Jane", "Frank Herbert"]),
        "genre": st.sampled_from(["Law", "law", "Art"]),
        "isbn13": st.sampled_from([None, None, "9780000000019", "9780000000026"]),
        "work_id": st.sampled_from([None, None, "ol:1", "ol:2"]),
        "record_id": st.sampled_from([None, None, "1", "2"]),
        "notification": st.sampled_from([None, "update", "delete"]),
        "content": st.integers(0, 3),
    }
)


@given(st.lists(ROW, max_size=14), st.randoms(use_true_random=False))
def test_no_row_is_lost_and_neither_order_nor_chance_decides(contents, random):
    rows = [
        row(at, **{**one, "content": hash((*one.values(),))}) for at, one in enumerate(contents)
    ]
    found = decided(rows)
    assert [(one["file"], one["position"]) for one in found] == [
        (one["file"], one["position"]) for one in rows
    ]
    order = random.sample(range(len(rows)), len(rows))
    shuffled = decided([rows[at] for at in order])
    unnumbered = [{**one, "book": None} for one in found]
    assert [{**one, "book": None} for one in shuffled] == [unnumbered[at] for at in order]
    for key in ("isbn13", "work_id"):
        sides = {}
        for given_row, one in zip(rows, found, strict=True):
            if given_row.get(key) and one["group"]:
                sides.setdefault(given_row[key], set()).add(one["group"])
        assert all(len(groups) == 1 for groups in sides.values())
    for one in found:
        assert (one["genres"] is None) == (one["reason"] is not None)
        assert one["split"] == (split_of(one["group"]) if one["group"] else None)
    kept = [one["book"] for one in found if one["reason"] is None]
    assert len(kept) == len(set(kept))


def test_of_one_book_many_times_the_first_is_kept():
    assert reasons([row(at) for at in range(5000)]).count(None) == 1
