"""A row of a listing is a book, or is rejected by the first rule that it breaks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.catalog.cleaning import RULES, CatalogBook, clean, one_line, repaired, restored_asin
from dustjacket.catalog.columns import columns_of
from dustjacket.catalog.step import CatalogParameters
from dustjacket.errors import BadInputError
from dustjacket.sources.tables import LISTING, Shape, key_of
from dustjacket.splits import book_group, fold_editions, normalise

KEYS = tuple(map(key_of, LISTING))
COLUMNS = columns_of("listing.csv", Shape("csv", LISTING, header=False), CatalogParameters())
ROW = ("60750715", "0060750715.jpg", "http://a/1.jpg", "Emma", "Jane Austen", "1", "Fiction")


def listed(**changed):
    return dict(zip(KEYS, ROW, strict=True)) | changed


def cleaned(parameters=None, **changed):
    return clean(listed(**changed), COLUMNS, parameters or CatalogParameters())


def test_a_sound_row_is_a_book():
    book = cleaned()
    assert (book.asin, book.title, book.author, book.genre) == (
        "0060750715",
        "Emma",
        "Jane Austen",
        "Fiction",
    )
    assert book.description is None


def test_a_missing_author_is_no_reason_to_reject():
    assert cleaned(author="  ").author is None


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
    assert isinstance(cleaned(known), CatalogBook)
    assert cleaned(known, category="Laws") == "unknown_genre"


@pytest.mark.parametrize("column", KEYS)
def test_the_papers_cleaning_drops_a_row_with_any_empty_field_and_no_other(column):
    paper = CatalogParameters(clean="paper")
    assert cleaned(paper, **{column: " "}) == "empty_field"
    assert isinstance(cleaned(paper, title="..."), CatalogBook)


@given(st.text(), st.text(), st.text())
def test_any_row_is_a_book_or_has_a_reason(title, author, genre):
    found = cleaned(title=title, author=author, category=genre)
    if isinstance(found, str):
        assert found in {rule.__name__ for rule in RULES}
    else:
        assert found.title == one_line(found.title)
        assert normalise(found.title)
        assert found.genre


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("Les MisÃ©rables", "Les Misérables"),
        ("Itâ€™s a Book", "It\u2019s a Book"),
        ("  two\n lines ", "two lines"),
        ("Ångström", "Ångström"),
        ("Plain", "Plain"),
    ],
)
def test_mojibake_is_repaired(wrong, right):
    assert repaired(wrong) == right


@given(st.text())
def test_repairing_twice_changes_no_sound_text(text):
    sound = text.encode("ascii", "ignore").decode()
    assert repaired(repaired(sound)) == repaired(sound) == one_line(sound)


@pytest.mark.parametrize(
    ("asin", "filename", "restored"),
    [
        ("60750715", "0060750715.jpg", "0060750715"),
        ("0060750715", "0060750715.jpg", "0060750715"),
        ("B000ABC", "other.jpg", "B000ABC"),
        ("", "0060750715.jpg", "0060750715"),
        ("60750715", "", "60750715"),
    ],
)
def test_an_asin_gets_its_leading_zeros_back(asin, filename, restored):
    assert restored_asin(asin, filename) == restored


@pytest.mark.parametrize(
    "title",
    [
        "Emma (Penguin Classics)",
        "Emma [Large Print]",
        "Emma (2nd Edition)",
        "EMMA (Paperback) [Import]",
        "Emma (Unabridged Audio CD)",
    ],
)
def test_editions_and_formats_in_brackets_are_the_same_book(title):
    assert book_group(title, "Jane Austen") == book_group("Emma", "Jane Austen")


@pytest.mark.parametrize(
    "title",
    ["Naruto (Vol. 2)", "Naruto (Book 1, Audio CD)", "Naruto (The Movie)", "Naruto 2"],
)
def test_volumes_and_other_brackets_are_another_book(title):
    assert fold_editions(title) == title
    assert book_group(title, None) != book_group("Naruto", None)


def test_a_title_that_is_only_an_edition_keeps_its_words():
    assert book_group("(Deluxe Edition)", None) != book_group("(Illustrated Classics)", None)


def shape(*columns):
    return Shape("csv", columns, header=True)


def test_known_column_names_are_recognised():
    found = columns_of("b.csv", shape("Book_ID", "Authors", "Original_Title", "Genres"), BOOKS)
    assert found == {
        "title": "original_title",
        "genre": "genres",
        "author": "authors",
        "asin": "book_id",
    }


BOOKS = CatalogParameters()


def test_columns_can_be_named():
    parameters = CatalogParameters(
        title_column=" Was ", genre_column="ART", description_column="text"
    )
    found = columns_of("b.csv", shape("was", "Art", "Text", "title"), parameters)
    assert found == {"title": "was", "genre": "art", "description": "text"}


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
        columns_of("b.csv", shape(*columns), parameters)
    assert message in str(raised.value)
    assert "give a table" in str(raised.value)
    assert "\n" not in str(raised.value)
