"""Folding is the same twice, keeps what makes another word, and drops what nobody sees."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dustjacket.identity.text import fold_letters, normalise, without_accents

TEXTS = st.text(max_size=200) | st.text("aC+#'\u2019\u02bc\u0149 -_1\u00df", max_size=12)


@given(TEXTS)
@example("a\u02bc'b")
@example("\u0149")
def test_normalising_twice_changes_nothing_more(text):
    assert normalise(normalise(text)) == normalise(text)
    assert without_accents(without_accents(text)) == without_accents(text)


def test_normalising_any_letter_twice_changes_nothing_more():
    text = " ".join(f"a{chr(code)}b" for code in range(0x20000))
    once = normalise(text)
    assert normalise(once) == once


@given(TEXTS, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_normal_forms_of_a_text_are_equal(text, form):
    assert normalise(unicodedata.normalize(form, text)) == normalise(text)


@given(TEXTS, st.integers(0, 200), st.sampled_from("\u00ad\u200b\u200d\u2060\ufeff\ufe0f\u034f"))
def test_an_invisible_character_anywhere_does_not_count(text, at, invisible):
    assert normalise(text[:at] + invisible + text[at:]) == normalise(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C++ & C# for A+ students", "c++ c# for a+ students"),
        ("Google+ #1: 2+2", "google 1 2 2"),
        ("'Quoted' rock'n'roll ''twice''", "quoted rocknroll twice"),
        ("O\u2018Neill \u02bcs", "oneill s"),
        ("\u039b\u03cc\u03b3\u03bf\u03c2 \u1f00\u03c1\u03c7\u1fc7", "λογοσ αρχη"),
        ("Ｆｕｌｌ　Ｗｉｄｔｈ", "full width"),  # noqa: RUF001
        ("\u1112\u1161\u11ab\uae00", "한글"),
    ],
)
def test_a_text_is_folded_to_its_words(text, expected):
    assert normalise(text) == normalise(expected) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ガラス", "カラス"),
        ("ぱぱ", "はは"),
        ("दिन", "दान"),
        ("কাল", "কল"),
        ("பல்", "பால்"),
        ("เสือ", "เสื้อ"),
        ("Мой", "Мои"),
        ("C", "C#"),
        ("A", "A+"),
    ],
)
def test_a_mark_that_makes_another_word_stays(one, other):
    assert normalise(one) != normalise(other)
    assert normalise(unicodedata.normalize("NFD", one)) == normalise(one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Tromsø", "Tromso"),
        ("Łódź", "Lodz"),
        ("Đorđe", "Dorde"),
        ("Æsop", "Aesop"),
        ("Müller", "Mueller"),
        ("Goethe", "Göthe"),
        ("Ålesund", "Aalesund"),
        ("Straße", "Strasse"),
        ("Đorđević", "Djordjevic"),
    ],
)
def test_letters_that_some_write_otherwise_are_folded(one, other):
    assert fold_letters(normalise(one)) == fold_letters(normalise(other))
