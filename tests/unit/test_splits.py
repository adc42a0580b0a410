"""A book is one group, and a group always stays on one side of the split."""

from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dustjacket.splits import book_group, fold_editions, normalise, split_of


@given(st.text(max_size=200) | st.text("aC+#'\u2019\u02bc\u0149 -_1\u00df", max_size=12))
@example("a\u02bc'b")
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
        (("Don't Look Now", None), ("Dont Look Now", None)),
        (("Philosopher\u2019s Stone", "J.K. Rowling"), ("Philosophers Stone", "Rowling, J. K.")),
        (("The Hobbit", "J.R.R. Tolkien"), ("The Hobbit", "Tolkien, J. R. R.")),
        (("The Hobbit: 75th Anniversary Edition", "Tolkien"), ("The Hobbit", "Tolkien")),
        (("Algorithms, Third Edition", None), ("Algorithms", None)),
        (("Chéri \u2014 The Revised and Updated Edition", None), ("Cheri", None)),
        (("Les Pieds", "García Márquez, Gabriel"), ("Les Pieds", "Gabriel Garcia Marquez")),
        (("Omens", "Gaiman, Neil; Pratchett, Terry"), ("Omens", "Neil Gaiman & Terry Pratchett")),
        (("Awakenings", "Oliver Sacks, M.D."), ("Awakenings", "Oliver Sacks M. D.")),
        (("Tigger", "Disney, Inc."), ("Tigger", "Disney Inc")),
    ],
)
def test_spellings_of_one_book_share_a_group(one, other):
    assert book_group(*one) == book_group(*other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Programming in C", None), ("Programming in C++", None)),
        (("Programming in C++", None), ("Programming in C#", None)),
        (("C++11", None), ("C11", None)),
        (("A+ Certification", None), ("A Certification", None)),
        (("Algebra: Teacher's Edition", None), ("Algebra", None)),
        (("Horses: The Trivia Edition", None), ("Horses", None)),
        (("First Edition", None), ("Second Edition", None)),
        (("Emma, Volume 2, Second Edition", None), ("Emma, Second Edition", None)),
        (("Omens", "Neil Gaiman, Terry Pratchett"), ("Omens", "Terry Pratchett")),
        (("Poems", "James Henry"), ("Poems", "Henry James")),
    ],
)
def test_different_books_do_not_share_a_group(one, other):
    assert book_group(*one) != book_group(*other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C++ & C# for A+ students", "c++ c# for a+ students"),
        ("Google+ #1: 2+2", "google 1 2 2"),
        ("'Quoted' rock'n'roll ''twice''", "quoted rocknroll twice"),
        ("O\u2018Neill \u02bcs", "oneill s"),
    ],
)
def test_signs_are_punctuation_unless_they_make_the_word(text, expected):
    assert normalise(text) == normalise(expected) == expected


def test_a_plain_title_and_a_name_in_natural_order_keep_the_group_of_earlier_releases():
    assert book_group("The Time Machine (Penguin Classics)", "H. G. Wells") == "970a1fc10c8fd114"


def test_a_title_and_an_author_do_not_run_into_each_other():
    assert book_group("Emma Jane", "Austen") != book_group("Emma", "Jane Austen")


def test_the_split_is_70_15_15_and_never_changes():
    groups = [book_group(f"title {number}", None) for number in range(20_000)]
    shares = Counter(map(split_of, groups))
    assert shares["train"] / 20_000 == pytest.approx(0.70, abs=0.015)
    assert shares["validation"] / 20_000 == pytest.approx(0.15, abs=0.015)
    known = {"Walden": "train", "Emma": "validation", "Dracula": "test"}
    assert {title: split_of(book_group(title, None)) for title in known} == known


@pytest.mark.parametrize(
    "title",
    [
        "Emma (Penguin Classics)",
        "Emma [Large Print]",
        "Emma (2nd Edition)",
        "EMMA (Paperback) [Import]",
        "Emma (Unabridged Audio CD)",
    ],
)
def test_editions_and_formats_in_brackets_are_the_same_book(title):
    assert book_group(title, "Jane Austen") == book_group("Emma", "Jane Austen")


@pytest.mark.parametrize(
    "title",
    ["Naruto (Vol. 2)", "Naruto (Book 1, Audio CD)", "Naruto (The Movie)", "Naruto 2"],
)
def test_volumes_and_other_brackets_are_another_book(title):
    assert fold_editions(title) == title
    assert book_group(title, None) != book_group("Naruto", None)


def test_a_title_that_is_only_an_edition_keeps_its_words():
    assert book_group("(Deluxe Edition)", None) != book_group("(Illustrated Classics)", None)
