"""A row of a listing is a book, or is rejected by the first rule that it breaks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.catalog.cleaning import RULES, clean
from dustjacket.catalog.columns import listing_columns
from dustjacket.catalog.step import CatalogParameters
from dustjacket.errors import BadInputError
from dustjacket.identity.text import normalise
from dustjacket.records.options import DEFAULT_OPTIONS, options_of
from dustjacket.records.record import CANONICAL, BookRecord
from dustjacket.sources.tables import LISTING, Shape, key_of
from tests.support.bucket import store_in_memory

KEYS = tuple(map(key_of, LISTING))
COLUMNS = listing_columns("a.csv", Shape("csv", LISTING, header=False), CatalogParameters(), [])
ROW = ("60750715", "0060750715.jpg", "http://a/1.jpg", "Emma", "Jane Austen", "1", "Fiction")
STORE = store_in_memory()


def listed(**changed):
    return dict(zip(KEYS, ROW, strict=True)) | changed


def cleaned(parameters=None, **changed):
    parameters = parameters or CatalogParameters()
    options = options_of(parameters, parameters.genres, STORE)
    return clean(listed(**changed), COLUMNS, parameters, options)


def test_a_sound_row_is_a_book():
    book = cleaned()
    assert (book.identifier, book.title, book.author, book.genre) == (
        "0060750715",
        "Emma",
        "Jane Austen",
        "Fiction",
    )
    assert (book.description, book.image) == ("", "http://a/1.jpg")


def test_a_missing_author_is_no_reason_to_reject():
    assert cleaned(author="  ").author == ""


@pytest.mark.parametrize(
    ("reason", "changed"),
    [
        ("no_title", {"title": " \n "}),
        ("punctuation_title", {"title": "?! … --"}),
        ("no_genre", {"category": ""}),
        ("genre_too_long", {"category": "x" * 201}),
        ("title_too_long", {"title": "word " * 300}),
        ("author_too_long", {"author": "name " * 300}),
        ("control_characters", {"title": "Em\x07ma"}),
        ("control_characters", {"author": "Jane\x1bAusten"}),
    ],
)
def test_each_rule_rejects_with_its_own_name(reason, changed):
    assert reason in {rule.__name__ for rule in RULES}
    assert cleaned(**changed) == reason


def test_genres_can_be_configured_and_others_are_unknown():
    known = CatalogParameters(genres=("Fiction", "Law"))
    assert isinstance(cleaned(known), BookRecord)
    assert cleaned(known, category="Laws") == "unknown_genre"


@pytest.mark.parametrize("column", KEYS)
def test_the_papers_cleaning_drops_a_row_with_any_empty_field_and_no_other(column):
    paper = CatalogParameters(clean="paper")
    assert cleaned(paper, **{column: " "}) == "empty_field"
    assert isinstance(cleaned(paper, title="..."), BookRecord)


@given(st.text(), st.text(), st.text())
def test_any_row_is_a_book_or_has_a_reason(title, author, genre):
    found = cleaned(title=title, author=author, category=genre)
    if isinstance(found, str):
        assert found in {rule.__name__ for rule in RULES}
    else:
        assert found.title == " ".join(found.title.split())
        assert normalise(found.title)
        assert found.genre


def test_a_notice_that_deletes_a_record_breaks_no_rule():
    notice = {"record_id": "a:1", "notification": "delete"}
    found = clean(notice, CANONICAL, CatalogParameters(), DEFAULT_OPTIONS)
    assert (found.record_id, found.notification) == ("a:1", "delete")
    assert (
        clean({"record_id": "a:1"}, CANONICAL, CatalogParameters(), DEFAULT_OPTIONS) == "no_title"
    )


def shape(*columns):
    return Shape("csv", columns, header=True)


BOOKS = CatalogParameters()


def test_columns_can_be_named():
    parameters = CatalogParameters(
        title_column=" Was ", genre_column="ART", description_column="text"
    )
    found = listing_columns("b.csv", shape("was", "Art", "Text", "title"), parameters, [])
    fields = ("title", "genre", "description")
    assert [found.first(field) for field in fields] == ["was", "art", "text"]


@pytest.mark.parametrize(
    ("columns", "parameters", "message"),
    [
        (("title", "author"), BOOKS, "no genre column, but 2 columns (title, author)"),
        (("a", "b"), BOOKS, "no title column"),
        (("title", "genre"), CatalogParameters(author_column="who"), "no column 'who'"),
    ],
)
def test_the_error_of_a_missing_column_lists_the_columns(columns, parameters, message):
    with pytest.raises(BadInputError) as raised:
        listing_columns("b.csv", shape(*columns), parameters, [])
    assert message in str(raised.value)
    assert "_column" in str(raised.value)
    assert "\n" not in str(raised.value)
