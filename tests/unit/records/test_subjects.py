"""Subjects keep their scheme, code, heading and rank, from feeds and from columns."""

from dustjacket.records.columns import columns_of
from dustjacket.records.subjects import Subject, subjects_in, subjects_of_columns

MISSING = frozenset({"null"})


def test_the_subjects_of_a_feed():
    found = subjects_in(
        [
            {"scheme": "BISAC", "code": "FIC027000", "heading": "Fiction / Romance", "main": True},
            {"scheme": "keywords", "heading": "love &amp; war"},
            {"scheme": "thema", "code": None},
            "no object",
        ],
        MISSING,
    )
    assert found == [
        Subject("bisac", "FIC027000", "Fiction / Romance", main=True),
        Subject("keywords", "", "love & war"),
    ]


def test_the_subjects_in_columns_of_a_spreadsheet():
    values = {
        "thema 1": "FBA", "thema 2": "null", "thema 3": "FRD",
        "bisac": "FIC027000 - FICTION / Romance; FICTION / Horror",
        "nur": 301.0, "keywords": "love; war",
    }  # fmt: skip
    assert subjects_of_columns(values, columns_of(tuple(values), required=()), MISSING) == [
        Subject("bisac", "FIC027000", "FICTION / Romance", main=True),
        Subject("bisac", "", "FICTION / Horror"),
        Subject("thema", "FBA", "", main=True),
        Subject("thema", "FRD", ""),
        Subject("nur", "301", "", main=True),
        Subject("keywords", "", "love"),
        Subject("keywords", "", "war"),
    ]


def test_words_in_a_column_of_codes_are_headings():
    columns = columns_of(("thema",), required=())
    assert subjects_of_columns({"thema": "Belletristik"}, columns, MISSING) == [
        Subject("thema", "", "Belletristik", main=True)
    ]
