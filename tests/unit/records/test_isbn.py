"""ISBNs are checked, repaired where the check digit proves it, and converted to 13 digits."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dustjacket.records.isbn import isbn13_of, isbn_in, unguarded


def with_check_digit(nine):
    total = sum((10 - place) * int(digit) for place, digit in enumerate(nine))
    return nine + "0123456789X"[-total % 11]


TEN = st.integers(0, 999_999_999).map(lambda n: with_check_digit(f"{n:09}"))


@pytest.mark.parametrize(
    ("text", "isbn"),
    [
        ('="0439023483"', "9780439023481"),
        ('=""', None),
        ("439023483", "9780439023481"),
        ("'9780439023481", "9780439023481"),
        ("978-0-439-02348-1", "9780439023481"),
        ("978\u20110\u2011439\u201102348\u20111", "9780439023481"),
        ("978 0 439 02348 1", "9780439023481"),
        ("9780439023481.0", "9780439023481"),
        ("ISBN-13: 978-0-439-02348-1", "9780439023481"),
        ("ISBN 10 0439023483", "9780439023481"),
        ("urn:isbn:9780439023481", "9780439023481"),
        ("9780439023481 (pbk.)", "9780439023481"),
        ("0439023484; 0-439-02348-3", "9780439023481"),
        ("goodreads:2767052, isbn:9780439023481", "9780439023481"),
        ("[0439023483]", "9780439023481"),
        ("080442957x", "9780804429573"),
        ("9.78043902348e+12", None),
        ("9,78044E+12", None),
        ("9780439023482", None),
        ("9790060115615", None),
        ("4006381333931", None),
        ("B000ABCDEF", None),
        ("17", None),
        ("", None),
    ],
)
def test_an_isbn_is_found_or_there_is_none(text, isbn):
    assert isbn13_of(text) == isbn


@settings(deadline=None)
@given(TEN)
def test_both_forms_of_an_isbn_are_one(ten):
    thirteen = isbn13_of(ten)
    assert thirteen is not None
    assert thirteen[3:12] == ten[:9]
    assert isbn13_of(thirteen) == thirteen
    assert isbn_in(f"{ten[0]}-{ten[1:4]}-{ten[4:9]}-{ten[9]}") == ten


@settings(deadline=None)
@given(st.integers(10_000, 999_999_999).map(lambda n: with_check_digit(f"{n:09}")))
def test_lost_zeros_come_back_where_the_check_digit_holds(ten):
    assert isbn_in(ten.lstrip("0")) == ten


@settings(deadline=None)
@given(TEN, st.integers(0, 8), st.integers(1, 9))
def test_one_wrong_digit_is_no_isbn(ten, place, change):
    wrong = ten[:place] + str((int(ten[place]) + change) % 10) + ten[place + 1 :]
    assert isbn13_of(wrong) is None


@settings(deadline=None)
@given(st.text())
def test_any_text_has_a_sound_isbn_or_none(text):
    found = isbn13_of(text)
    assert found is None or (len(found) == 13 and isbn13_of(found) == found)


def test_an_identifier_loses_its_guard_and_its_point():
    assert unguarded('="B000X"') == "B000X"
    assert unguarded("12.0") == "12"
    assert unguarded("1E5") == ""
