"""Known words: those of two training books, looked up exactly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.genres.known_words import KnownWords, known_out_of_fold

TITLES = ["Rice and bread", "Rice, rice!", "The road", "Bread of the road"]


@pytest.mark.parametrize(
    ("title", "known"),
    [
        ("RICE", True),
        ("Brèad?", True),
        ("and", False),  # of one book
        ("ric", False),
        ("三体", False),
        ("x", False),
        ("!!!", False),
        ("", False),
        ("三体 the x", True),
    ],
)
def test_a_word_is_known_from_two_books(title, known):
    assert list(KnownWords.of(TITLES, None).occur_in([title])) == [known]


def test_words_of_descriptions_count_if_they_are_read():
    words = KnownWords.of(["a", "b"], ["a mouse", "the mouse"])
    assert list(words.occur_in(["x", "mouse"], ["Of a MOUSE", None])) == [True, True]
    assert list(words.occur_in(["x"])) == [False]


def test_a_book_is_no_evidence_on_itself():
    folds = np.array([0, 1, 1, 0])
    # "rice" and "bread" are in one other fold's book each; "the" and "road" too.
    assert not known_out_of_fold(TITLES, None, folds).any()
    assert list(known_out_of_fold([*TITLES, *TITLES], None, np.array([0] * 4 + [1] * 4))) == [
        True, True, True, True,
    ] * 2  # fmt: skip


@given(st.lists(st.text(max_size=12), max_size=8), st.text(max_size=12))
def test_any_text_is_looked_up_as_python_would(titles, title):
    from collections import Counter

    from dustjacket.genres.terms import plain_words

    books = Counter(word for text in titles for word in set(plain_words(text).split(" ")) - {""})
    known = any(books[word] > 1 for word in plain_words(title).split(" ") if word)
    assert list(KnownWords.of(titles, None).occur_in([title])) == [known]
