"""A book has one strict key, its variations share a coarse one, and a group has one side."""

from collections import Counter

import pytest

from dustjacket.splits import book_group, coarse_key, split_of, strict_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            ("Moby-Dick; or, The Whale", "Herman Melville"),
            ("MOBY DICK or the whale", "herman melville"),
        ),
        (("Les Misérables", "Hugo"), ("Les Miserables", "HUGO")),
        (("  Emma ", "Jane  Austen"), ("Emma", "Jane Austen")),
        (("Philosopher\u2019s Stone", "J.K. Rowling"), ("Philosophers Stone", "Rowling, J. K.")),
        (("The Hobbit", "JRR Tolkien"), ("Hobbit, The", "Tolkien, J. R. R., 1892-1973")),
        (("The Hobbit: 75th Anniversary Edition", "Tolkien"), ("The Hobbit", "Tolkien")),
        (("Algorithms, Third Edition", "Tardos"), ("Algorithms", "Tardos")),
        (("Chéri \u2014 The Revised and Updated Edition", "Colette"), ("Cheri", "Colette")),
        (("Les Pieds", "García Márquez, Gabriel"), ("Les Pieds", "Gabriel Garcia Marquez")),
        (("Omens", "Gaiman, Neil; Pratchett, Terry"), ("Omens", "Terry Pratchett & Neil Gaiman")),
        (("Awakenings", "Oliver Sacks, M.D."), ("Awakenings", "Oliver Sacks M. D.")),
        (("Tigger", "Disney, Inc."), ("Tigger", "Disney Inc")),
    ],
)
def test_records_of_the_same_book_share_the_strict_key_and_the_coarse_one(one, other):
    assert strict_key(*one) == strict_key(*other)
    title, *persons = coarse_key(*one).split(".")
    other_title, *other_persons = coarse_key(*other).split(".")
    assert (title, {*persons}) == (other_title, {*other_persons})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Programming in C", "Kay"), ("Programming in C++", "Kay")),
        (("Programming in C++", "Kay"), ("Programming in C#", "Kay")),
        (("C++11", "Kay"), ("C11", "Kay")),
        (("A+ Certification", "Kay"), ("A Certification", "Kay")),
        (("Algebra: Teacher's Edition", "Kay"), ("Algebra", "Kay")),
        (("Horses: The Trivia Edition", "Kay"), ("Horses", "Kay")),
        (("First Edition", "Kay"), ("Second Edition", "Kay")),
        (("Emma, Volume 2, Second Edition", "Kay"), ("Emma, Second Edition", "Kay")),
        (("ガラス", "山田"), ("カラス", "山田")),
        (("दिन", "लेखक"), ("दान", "लेखक")),
        (("Мой", "Автор"), ("Мои", "Автор")),
        (("Omens", "Neil Gaiman, Terry Pratchett"), ("Omens", "Terry Pratchett")),
        (("Poems", "James Henry"), ("Poems", "Henry James")),
        (("Emma Jane", "Austen"), ("Emma", "Jane Austen")),
    ],
)
def test_different_books_do_not_share_the_strict_key(one, other):
    assert strict_key(*one) != strict_key(*other)


def test_a_book_without_an_author_has_keys_that_end_in_their_title():
    assert strict_key("Emma", None) == strict_key("Emma", "Unknown") == "f4aa0655cdb8."
    assert coarse_key("Emma", None) == "f4aa0655cdb8" == book_group("Emma", "")


def test_a_key_is_the_same_in_every_release():
    assert strict_key("The Time Machine", "H. G. Wells") == "c43f3151830a.873062ad7371"
    assert coarse_key("The Time Machine", "H. G. Wells") == "0a4bb7387e06.dda9"
    assert book_group("The Time Machine (Penguin Classics)", "H. G. Wells") == "0a4bb7387e06dda9"


def test_a_lone_surrogate_has_a_key():
    assert strict_key("\ud83d", "\ud83d") != strict_key("\ud83e", "\ud83d")


def test_the_split_is_70_15_15_and_never_changes():
    groups = [book_group(f"title {number}", None) for number in range(20_000)]
    shares = Counter(map(split_of, groups))
    assert shares["train"] / 20_000 == pytest.approx(0.70, abs=0.015)
    assert shares["validation"] / 20_000 == pytest.approx(0.15, abs=0.015)
    known = {"0123456789ab": "train", "0123456789abcdef": "validation"}
    assert {group: split_of(group) for group in known} == known
