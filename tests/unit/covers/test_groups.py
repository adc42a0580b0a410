"""Connected components of near-duplicates: groups of books and of covers."""

import pandas as pd
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.covers.groups import book_groups, near_duplicate_groups
from dustjacket.splits import book_group, split_of

BOOKS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=30)


@given(BOOKS)
def test_linked_books_have_the_smallest_one_as_their_group(links):
    names = [book_group(f"book {n}", None) for n in range(13)]
    table = pa.table(
        {
            "book": pa.array([names[a] for a, _ in links], pa.string()),
            "other_book": pa.array([names[b] for _, b in links], pa.string()),
        }
    )
    parent = {name: name for name in names}

    def root(name):
        while parent[name] != name:
            name = parent[name]
        return name

    for a, b in links:
        first, second = sorted((root(names[a]), root(names[b])))
        parent[second] = first
    rows = book_groups(table).to_pylist()
    assert {row["book"] for row in rows} == {names[n] for link in links for n in link}
    for row in rows:
        assert row["group"] == root(row["book"])
        assert row["split"] == split_of(row["group"])


def test_linked_near_duplicates_share_a_group_number_and_others_do_not():
    keys = pd.Series(list("abcdef"))
    pairs = pd.DataFrame({"key": ["c", "f"], "other_key": ["a", "c"]})
    a, b, c, d, e, f = near_duplicate_groups(keys, pairs)
    assert a == c == f
    assert len({a, b, d, e}) == 4


def test_without_pairs_each_cover_is_its_own_group():
    pairs = pd.DataFrame({"key": [], "other_key": []})
    assert len(set(near_duplicate_groups(pd.Series(["a", "b"]), pairs))) == 2
