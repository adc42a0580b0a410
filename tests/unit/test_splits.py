"""A book is one group, and a group always stays on one side of the split."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.splits import book_group, normalise, split_of


@given(st.text(max_size=200))
def test_normalising_twice_changes_nothing_more(text):
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            ("Moby-Dick; or, The Whale", "Herman Melville"),
            ("MOBY DICK or the whale", "herman melville"),
        ),
        (("Les Misérables", None), ("Les Miserables", "")),
        (("  Emma ", "Jane  Austen"), ("Emma", "Jane Austen")),
    ],
)
def test_spellings_of_one_book_share_a_group(one, other):
    assert book_group(*one) == book_group(*other)


def test_a_title_and_an_author_do_not_run_into_each_other():
    assert book_group("Emma Jane", "Austen") != book_group("Emma", "Jane Austen")


def test_the_split_is_70_15_15_and_never_changes():
    groups = [book_group(f"title {number}", None) for number in range(20_000)]
    shares = Counter(map(split_of, groups))
    assert shares["train"] / 20_000 == pytest.approx(0.70, abs=0.015)
    assert shares["validation"] / 20_000 == pytest.approx(0.15, abs=0.015)
    known = {"Walden": "train", "Emma": "validation", "Dracula": "test"}
    assert {title: split_of(book_group(title, None)) for title in known} == known
