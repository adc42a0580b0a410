"""Identifiers of sample books."""

from hypothesis import given
from hypothesis import strategies as st
from stdnum import isbn

from dustjacket.records.isbn import isbn13_of as read_isbn
from dustjacket.sample.isbn import asin_of, isbn13_of

ROWS, DRAWN = st.integers(0, 20_000_000), st.integers(0, 10**10 - 1)


@given(ROWS, DRAWN)
def test_an_identifier_is_a_valid_isbn_of_nobody_or_none(row, drawn):
    asin = asin_of(row, drawn)
    number = isbn13_of(asin)
    assert len(asin) == 10
    if drawn < 10**9:
        assert asin.startswith("0")
        assert number is None
        assert read_isbn(asin) is None
        assert read_isbn(asin.lstrip("0")) is None
    else:
        assert isbn.is_valid(asin)
        assert isbn.to_isbn13(asin) == number == read_isbn(asin)
        assert number.startswith(("97866", "97867", "97868", "97869"))


@given(st.lists(ROWS, min_size=2, unique=True))
def test_two_rows_have_different_isbns(rows):
    assert len({asin_of(row, 10**9) for row in rows}) == len(rows)
