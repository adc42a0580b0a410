"""Rows of Project Gutenberg's catalogue."""

import time

import pytest

from dustjacket.sources.datasets.gutenberg import GUTENBERG, contributor_of
from tests.support.rows import rows_of

HEADER = "Text#,Type,Issued,Title,Language,Authors,Subjects,LoCC,Bookshelves\n"
BODY = (
    HEADER
    + '1,Text,1971-12-01,"The Key\n\nA Novel",en; fr,'
    + '"Stern, Ada, 1843-1926; Birch, Nils, 1861-1946 [Translator]",'
    + '"Keys -- Fiction; Towers","PS; PZ","Browsing: Fiction; Category: Novels; Best Books"\n'
    + "2,Sound,1999-01-01,A Reading,en,,,,\n"
    + "3,Text,1999-01-01,Plain,en,,,,Poetry\n"
).encode()


def test_a_text_is_a_book_with_its_people_and_shelves():
    first, second, third = (row for row in rows_of(GUTENBERG, BODY))
    assert first.values == {
        "title": "The Key",
        "subtitle": "A Novel",
        "contributors": [
            {"name": "Ada Stern", "role": "aut"},
            {"name": "Nils Birch", "role": "trl"},
        ],
        "genre": ["Fiction", "Novels"],
        "subjects": [
            {"scheme": "lcsh", "code": None, "heading": "Keys -- Fiction", "main": False},
            {"scheme": "lcsh", "code": None, "heading": "Towers", "main": False},
            {"scheme": "lcc", "code": "PS", "heading": None, "main": False},
            {"scheme": "lcc", "code": "PZ", "heading": None, "main": False},
        ],
        "language": "en",
        "published": "1971-12-01",
        "record_id": "gutenberg:1",
    }
    assert (second.reason, dict(second.values)) == ("not_a_book", {})
    assert third.values["genre"] == ["Poetry"]


@pytest.mark.parametrize(
    ("text", "name", "role"),
    [
        ("Homer, 751? BCE-651? BCE", "Homer", "aut"),
        ("Various", "Various", "aut"),
        ("Dumas, Alexandre, 1802-1870", "Alexandre Dumas", "aut"),
        ("King, Martin Luther, Jr., 1929-1968", "King, Martin Luther, Jr.", "aut"),
        ("Doré, Gustave, 1832-1883 [Illustrator]", "Gustave Doré", "ill"),
        ("X [Unknown role]", "X", "ctb"),
    ],
)
def test_names_are_in_the_order_of_words(text, name, role):
    assert contributor_of(text) == {"name": name, "role": role}


@pytest.mark.parametrize("noise", ["1", "1,", "[", " ", "[1] "])
def test_long_noise_takes_little_time(noise):
    started = time.monotonic()
    contributor_of("a, " + noise * 30_000 + ",")
    assert time.monotonic() - started < 5


def test_other_tables_are_not_this_catalogue():
    assert not GUTENBERG.matches(b"Title,Type,Issued\n", "pg_catalog.csv")
