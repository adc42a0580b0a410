"""Titles: what all spellings of one have in common, and what only those of one book have."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.identity.titles import coarse_title, fold_editions, strict_title, title_key


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Harry Potter & the Philosophers Stone (Book 1)", "harrypotterthephilosophersstone"),
        ("Harry Potter and the Philosopher\u2019s Stone", "harrypotterthephilosophersstone"),
        ("Dune Messiah (Dune Chronicles, #2)", "dunemessiah"),
        ("Dune Messiah (Dune (Chronicles), #2", "dunemessiah"),
        ("Dune Messiah, Dune Chronicles #2", "dunemessiah"),
        ("The Road (Vintage (International))", "road"),
        ("Flu: The Story of the Great Influenza Pandemic", "flu"),
        ("Flu \u2013 The Story", "flu"),
        ("Catcher in the Rye, The", "catcherintherye"),
        ("The Trial: A Novel", "trial"),
        ("Trial, The: A Novel", "trial"),
        ("L\u2019Étranger", "etranger"),
        ("Étranger, L'", "etranger"),
        ("L' Étranger", "etranger"),
        ("Der Prozess", "prozess"),
        ("Prozess, Der", "prozess"),
        ("Il nome della rosa", "nomedellarosa"),
        ("De ontdekking van de hemel", "ontdekkingvandehemel"),
        ("M*A*S*H", "mash"),
        ("The A.B.C. Murders", "abcmurders"),
        ("Ulysses, 2nd Edition", "ulysses"),
        ("Ulysses Second Revised Edition", "ulysses"),
        ("Ulysses: Unabridged", "ulysses"),
        ("Ulysses, a novel", "ulysses"),
        ("Frankenstein; or, The Modern Prometheus", "frankenstein"),
        ("FRANKENSTEIN or the modern Prometheus", "frankenstein"),
        ("Hunger Games, Book 1", "hungergames"),
        ("\u96ea\u56fd\uff08\u65b0\u6f6e\u6587\u5eab\uff09", "雪国"),
        ("(Untitled)", "untitled"),
        ("A", "a"),
        ("The The", "the"),
        ("E-Commerce", "ecommerce"),
        ("!!!", "!!!"),
        ("", ""),
    ],
)
def test_the_coarse_title_leaves_out_what_spellings_differ_in(title, expected):
    assert coarse_title(title) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Emma (Large Print)", "EMMA"),
        ("Emma: 200th Anniversary Edition", "Emma"),
        ("Ulysses, 2nd Edition", "Ulysses"),
        ("Ulysses: Unabridged", "Ulysses"),
        ("Hobbit, The", "The Hobbit"),
        ("Sense & Sensibility", "Sense and Sensibility"),
        ("Philosopher's Stone", "Philosophers Stone"),
        ("Chéri", "Cheri"),
        ("Em\u00adma", "Emma"),
        ("Oklahoma!", "Oklahoma"),
    ],
)
def test_spellings_and_editions_share_the_strict_title(one, other):
    assert strict_title(one) == strict_title(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Emma, Volume 2", "Emma, Volume 1"),
        ("Emma (Vol. 2)", "Emma"),
        ("C++ Primer Plus", "C Primer Plus"),
        ("Beginning C#", "Beginning C"),
        ("F#", "F"),
        ("A+ Certification", "A Certification"),
        ("Google+", "Google"),
        ("Notepad++", "Notepad+"),
        ("Learn .NET", "Learn Net"),
        ("50%", "50"),
        ("B\u266d", "B"),
        ("Math (Part 1)", "Math (Part 2)"),
        ("Math I", "Math II"),
        ("Algebra: Teacher's Edition", "Algebra"),
        ("V", "I"),
        ("ガラス", "カラス"),
        ("दिन", "दान"),
        ("Мой", "Мои"),
        ("เสือ", "เสื้อ"),
        ("!!!", "???"),
    ],
)
def test_different_books_do_not_share_the_strict_title(one, other):
    assert strict_title(one) != strict_title(other)


@given(st.text(max_size=300))
def test_keys_of_titles_are_the_same_of_themselves(text):
    assert title_key(title_key(text)) == title_key(title_key(title_key(text)))
    assert bool(coarse_title(text)) == bool(text.strip())


WORDS = st.lists(st.text("abcdefgh", min_size=3, max_size=6), min_size=1, max_size=5)


VARIATIONS = [
    "The {}", "{}, The", "{}: A Novel", "{} (Cycle, #3)", "{}, 2nd ed.", "{} [Audio CD]",
    "{} \u2014 Tales", "\u00ab{}\u00bb", "{}!",
]  # fmt: skip


@given(WORDS, st.sampled_from(VARIATIONS))
def test_a_coarse_title_is_the_same_in_every_variation(words, variation):
    title = " ".join(words).title()
    assert coarse_title(variation.format(title)) == coarse_title(title)


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
    assert strict_title(title) == strict_title("Emma")


@pytest.mark.parametrize(
    "title",
    ["Naruto (Vol. 2)", "Naruto (Book 1, Audio CD)", "Naruto (The Movie)", "Naruto 2"],
)
def test_volumes_and_other_brackets_are_another_book(title):
    assert fold_editions(title) == title
    assert strict_title(title) != strict_title("Naruto")


def test_a_title_that_is_only_an_edition_keeps_its_words():
    assert strict_title("(Deluxe Edition)") != strict_title("(Illustrated Classics)")


@pytest.mark.parametrize("word", [", the ", " first ", "1999 ", "a (", "[a ", "a, ", "edition "])
@pytest.mark.parametrize("end", ["", ")", "9", " abridged", " edition"])
def test_a_hostile_title_takes_no_longer_than_its_length_explains(word, end):
    title = (word * 20_000)[:65_000] + end
    began = time.process_time()
    for key in (strict_title, coarse_title):
        assert key(title)
    assert time.process_time() - began < 2, "by the square of its length it would be a minute"
