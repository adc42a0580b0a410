import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.identity.titles import title_key
from dustjacket.retrieval.words import TitleWords

TITLES = ["The Time Machine", "The War of the Worlds", "Émile (Large Print)", "The Sea, the Sea"]
AUTHORS = ["H. G. Wells", "H. G. Wells", None, "Iris Murdoch"]
WORDS = TitleWords(TITLES, AUTHORS)


@pytest.mark.parametrize(
    ("text", "book"),
    [
        ("the time machine", 0),
        ("The War of the Worlds by H.G. Wells", 1),
        ("EMILE", 2),
        ("Émile (Kindle Edition)", 2),
        ("the sea the sea", 3),
    ],
)
def test_a_books_name_has_cosine_1_with_that_book_alone(text, book):
    if book == 1:
        text = text.replace("H.G.", "H. G.")
    found = WORDS.cosines(text)
    assert found[book] == pytest.approx(1, abs=1e-6)
    assert sorted(found)[-2] < 0.99


def test_without_common_words_there_are_no_cosines():
    assert WORDS.cosines("dragons") is None
    assert WORDS.cosines("") is None
    assert WORDS.cosines("?!") is None


def test_an_unknown_word_lowers_all_cosines():
    assert WORDS.cosines("time machine dragons").max() < WORDS.cosines("time machine").max()


def test_a_rare_word_weighs_more_than_a_frequent_one():
    found = WORDS.cosines("the machine")
    assert found.argmax() == 0
    assert 0 < found[1] < found[0]


@given(st.text(max_size=60))
def test_any_text_has_cosines_from_0_to_1(text):
    found = WORDS.cosines(text)
    assert (found is None) or (found.min() >= 0 and found.max() <= 1 + 1e-5)
    if found is None:
        assert not set(title_key(text).split()) & {"the", "time", "machine", "wells", "sea"}


def test_a_job_that_makes_an_index_does_not_load_scikit_learn():
    code = "import sys, dustjacket.retrieval.words; print('sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
