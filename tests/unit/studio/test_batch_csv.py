"""CSV files of titles: rows, or the reason why there are none."""

from contextlib import suppress
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dustjacket.errors import BadInputError
from dustjacket.studio.batch_csv import MAX_ROWS, read_titles
from tests.support.studio_case import assert_problem


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"", "empty"), (b"colour,shape\nred,round\n", "name the column of titles"),
        (b"PK\x03\x04....", "ZIP"),
        (b"title\n", "header"), (b"title\n" + b"x\n" * (MAX_ROWS + 1), "parts"),
    ],
)  # fmt: skip
def test_a_file_without_titles_is_refused_with_the_cure(studio, body, word):
    assert_problem(studio.post("/genre/batch", content=body), 422, word)


def test_too_many_blank_lines_are_refused_before_they_are_parsed(studio):
    with mock.patch("dustjacket.studio.batch_csv.format_of", side_effect=AssertionError):
        body = b"title\n" + b"\n" * 19_000_000
        assert_problem(studio.post("/genre/batch", content=body), 422, "lines", "parts")


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda t: f"title\n{t}".encode()))
@settings(max_examples=200, deadline=None)
def test_any_file_has_rows_or_an_error(body):
    rows = []
    with suppress(BadInputError):
        rows = read_titles(body)
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    assert all((row.book is None) != (row.reason is None) for row in rows)


def test_columns_and_text_are_read_as_a_listing_s_are():
    (row,) = read_titles(b"Titel,Verfasser\nDune &amp; more,nan\n")
    assert (row.book.title, row.book.author) == ("Dune & more", None)
