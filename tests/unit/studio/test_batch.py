"""Tables of titles: rows with all their cells, or the reason why there are none."""

from contextlib import suppress
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dustjacket.errors import BadInputError
from dustjacket.studio.batch import MAX_ROWS, read_titles
from tests.support.spreadsheets import ods, xlsx
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
    with mock.patch("dustjacket.studio.batch.format_of", side_effect=AssertionError):
        body = b"title\n" + b"\n" * 19_000_000
        assert_problem(studio.post("/genre/batch", content=body), 422, "lines", "parts")


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda t: f"title\n{t}".encode()))
@settings(max_examples=200, deadline=None)
def test_any_file_has_rows_or_an_error(body):
    rows = []
    with suppress(BadInputError):
        rows = read_titles(body).rows
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    assert all((row.book is None) != (row.reason is None) for row in rows)


def test_columns_and_text_are_read_as_a_listing_s_are():
    (row,) = read_titles(b"Titel,Verfasser\nDune &amp; more,nan\n").rows
    assert (row.book.title, row.book.author) == ("Dune & more", None)


SHEET = [["ISBN", "Titel", "Preis"], [9780141439587, "Rice", 12.5], ["0141439580", "Paris", None]]
CELLS = [("9780141439587", "Rice", "12.5"), ("0141439580", "Paris", "")]


def text_of(separator):
    lines = (["" if cell is None else str(cell) for cell in row] for row in SHEET)
    return "\r\n".join(map(separator.join, lines))


@pytest.mark.parametrize(
    "body",
    [
        text_of(";").encode(), text_of("\t").encode(), text_of(",").encode("utf-8-sig"),
        text_of("\t").encode("utf-16"), text_of(";").encode("cp1252"),
        xlsx({"Books": SHEET}), ods({"Books": SHEET}),
    ],
    ids=["semicolon", "tab", "bom", "utf-16", "windows", "xlsx", "ods"],
)  # fmt: skip
def test_whatever_a_spreadsheet_exports_is_read_with_all_columns(body):
    table = read_titles(body)
    assert table.columns == ("ISBN", "Titel", "Preis")
    assert [row.cells for row in table.rows] == CELLS
    assert [row.book.title for row in table.rows] == ["Rice", "Paris"]


def test_the_separator_of_the_file_is_kept():
    assert read_titles(text_of(";").encode()).separator == ";"
    assert read_titles(xlsx({"Books": SHEET})).separator == ","


def test_a_rejected_row_keeps_its_cells():
    table = read_titles(b"title,isbn\nRice,1\nToo,many,cells\n,2\n")
    assert [(row.cells, row.reason) for row in table.rows] == [
        (("Rice", "1"), None),
        (("Too", "many", "cells"), "wrong_column_count"),
        (("", "2"), "no_title"),
    ]


def test_a_damaged_spreadsheet_is_refused_with_the_cure(studio):
    body = xlsx({"Books": SHEET})
    assert_problem(studio.post("/genre/batch", content=body[:-200]), 422, "damaged", "save it")


def test_a_file_of_books_that_is_no_table_is_refused(studio):
    assert_problem(studio.post("/genre/batch", content=b'{"title": "Rice"}\n'), 422, "spreadsheet")
