"""What all covers together show: copies, placeholders, look-alikes, and one side of the split."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.covers.groups import linked_groups
from dustjacket.splits import book_group, split_of

BOOKS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=30)


@given(BOOKS)
def test_books_that_hang_together_have_the_smallest_as_their_group(links):
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
    found = linked_groups(table).to_pylist()
    assert {row["book"] for row in found} == {names[n] for link in links for n in link}
    for row in found:
        assert row["group"] == root(row["book"])
        assert row["split"] == split_of(row["group"])
