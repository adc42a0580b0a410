"""Groups of a whole table: what joins them, what does not, and their names."""

import time

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.identity.groups import MAX_SPELLINGS, MAX_TITLES, component_labels, groups_of
from dustjacket.splits import book_group, coarse_key, strict_key


def table(books):
    """Return the keys of ``(title, author, isbn13, work_id)``; the identifiers may be left out."""
    filled = [(*book, None, None)[:4] for book in books]
    return pa.table(
        {
            "strict": pa.array([strict_key(*book[:2]) for book in filled], pa.string()),
            "coarse": pa.array([coarse_key(*book[:2]) for book in filled], pa.string()),
            "isbn13": pa.array([book[2] for book in filled], pa.string()),
            "work_id": pa.array([book[3] for book in filled], pa.string()),
        }
    )


def groups(*books):
    return groups_of(table(books)).to_pylist()


def are_together(*books):
    return len(set(groups(*books))) == 1


def test_nodes_that_edges_connect_directly_or_not_share_a_label():
    labels = component_labels(5, np.array([0, 1]), np.array([1, 4]))
    assert labels[0] == labels[1] == labels[4]
    assert len(set(labels[[0, 2, 3]])) == 3


def test_a_table_without_rows_has_no_groups():
    assert groups() == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Harry Potter and the Philosopher's Stone", "J.K. Rowling"),
         ("Harry Potter & the Philosophers Stone (Book 1)", "Rowling, J. K.")),
        (("The Silmarillion", "J.R.R. Tolkien"), ("Silmarillion", "JRR Tolkien")),
        (("Good Omens", "Terry Pratchett & Neil Gaiman"),
         ("Good Omens", "Neil Gaiman and Terry Pratchett")),
        (("Mort", "Terry Pratchett"), ("Mort", "T. Pratchett")),
        (("Dune", "Frank Herbert"), ("Dune", None)),
        (("Dune", "Frank Herbert"), ("Dune", "Unknown")),
        (("Dune Messiah", "Herbert"), ("Dune Messiah (Dune Chronicles, #2)", "Frank Herbert")),
        (("The Road", "Cormac McCarthy"), ("The Road (Vintage International)", "Cormac McCarthy")),
        (("Flu", "Gina Kolata"), ("Flu: The Story of the Great Influenza Pandemic", "Gina Kolata")),
        (("The Trial", "Franz Kafka"), ("Trial, The", "Kafka, Franz, 1883-1924")),
        (("Der Prozess", "Franz Kafka"), ("Prozess, Der", "Kafka")),
        (("Alice in Wonderland", "Lewis Carroll"),
         ("Alice in Wonderland", "Carroll, Lewis, 1832-1898")),
        (("The Alchemist", "Paulo Coelho"), ("The Alchemist", "Paulo Coelho, Alan R. Clarke")),
        (("The Alchemist", "Paulo Coelho"), ("The Alchemist", "Alan R. Clarke; Paulo Coelho")),
        (("Walden (Penguin Classics)", "Henry D. Thoreau"), ("Walden", "Henry David Thoreau")),
        (("Ulysses", "James Joyce"), ("Ulysses, 2nd Edition", "James Joyce")),
        (("PMP: Exam Guide", "Kim Heldman"), ("PMP Exam Guide", "Kim Heldman")),
        (("M*A*S*H", "Richard Hooker"), ("MASH", "Richard Hooker")),
        (("Lyrikk", "Tor Jonsson Ås"), ("Lyrikk", "Tor Jonsson Aas")),
        (("Øen", "Bjørn Łoś"), ("Oen", "Bjorn Los")),
        (("The Colour of Magic", "A", "978055212475"), ("The Color of Magic", "B", "978055212475")),
        (("La Peste", "Camus", None, "ol:1"), ("The Plague", "Camus", None, "ol:1")),
    ],
)  # fmt: skip
def test_variations_of_a_book_are_one_group(one, other):
    assert are_together(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Poems", "John Keats"), ("Poems", "John Donne")),
        (("Emma", "Jane Austen"), ("Persuasion", "Jane Austen")),
        (("Naruto, Vol. 1", "Masashi Kishimoto"), ("Naruto, Vol. 2", "Masashi Kishimoto")),
        (("C Primer Plus", "Stephen Prata"), ("C++ Primer Plus", "Stephen Prata")),
        (("ガラス", "山田"), ("カラス", "山田")),
    ],
)
def test_other_books_are_other_groups(one, other):
    assert not are_together(one, other)


def test_rows_are_joined_through_others():
    chain = [("Emma", "Austen", "1"), ("Emma Woodhouse", "A", "1", "w"), ("Emma II", "B", "2", "w")]
    assert are_together(*chain)
    assert not are_together(chain[0], chain[2])


def test_an_isbn_of_many_titles_is_a_placeholder():
    few = [(f"Book {n}", "A", "9780000000002") for n in range(MAX_TITLES["isbn13"])]
    assert are_together(*few)
    many = [*few, ("Another", "B", "9780000000002")]
    assert len(set(groups(*many))) == len(many)


def test_a_title_that_many_wrote_is_not_joined_by_a_book_without_an_author():
    many = [("Poems", f"Poet N{chr(97 + n)}") for n in range(12)]
    assert len(set(groups(*many, ("Poems", None), ("Poems", None)))) == 13


def test_titles_of_a_brand_are_told_apart_and_few_spellings_are_not():
    places = [f"Town {n}" for n in range(MAX_SPELLINGS + 1)]
    brand = [(f"Lonely Planet: {place}", "Lonely Planet") for place in places]
    assert are_together(*brand[:-1])
    assert len(set(groups(*brand))) == len(brand)
    assert are_together(*brand[-1:], ("Lonely Planet: Town 20 (Paperback)", None))


def test_look_alike_covers_are_joined():
    keys = table([("Emma", "Austen"), ("Dune", "Herbert"), ("Ubik", "Dick")])
    names = groups_of(keys, (np.array([0]), np.array([2]))).to_pylist()
    assert names[0] == names[2] != names[1]


TITLES = ["Emma", "Emma: A Novel", "Dune", "Poems", "The Poems (Oxford)", "Ubik"]
BOOK = st.tuples(
    st.sampled_from(TITLES),
    st.sampled_from([None, "Jane Austen", "Austen, Jane & Herbert, Frank", "Frank Herbert"]),
    st.sampled_from([None, None, "9780000000002", "9780000000019"]),
    st.sampled_from([None, None, None, "ol:1"]),
)


@given(st.lists(BOOK, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_rows_decides_nothing_and_a_group_is_named_by_one_of_its_books(books, random):
    found = groups(*books)
    order = random.sample(range(len(books)), len(books))
    assert groups(*(books[at] for at in order)) == [found[at] for at in order]
    own = {}
    for book, group in zip(books, found, strict=True):
        own.setdefault(group, []).append(book_group(*book[:2]))
    assert all(group == min(names) for group, names in own.items())


@given(st.lists(BOOK, min_size=1, max_size=12), BOOK)
def test_a_book_that_is_added_parts_no_others(books, added):
    before, after = groups(*books), groups(*books, added)
    assert len({*zip(before, after[:-1], strict=True)}) == len({*before})


def test_two_hundred_thousand_rows_take_seconds():
    n = 200_000
    random = np.random.default_rng(0)
    titles = [f"{number:012x}" for number in random.integers(0, n, n).tolist()]
    persons = [f"{number:04x}" for number in random.integers(0, 5000, n).tolist()]
    keys = pa.table(
        {
            "strict": [f"{a}.{b}{a[:8]}" for a, b in zip(titles, persons, strict=True)],
            "coarse": [f"{a}.{b}" for a, b in zip(titles, persons, strict=True)],
            "isbn13": pa.array([None] * n, pa.string()),
            "work_id": pa.array(titles[::-1], pa.string()),
        }
    )
    began = time.process_time()
    assert len(groups_of(keys)) == n
    assert time.process_time() - began < 10
