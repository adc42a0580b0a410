"""Columns are found by their usual names in ten languages; what is not certain is refused."""

import pytest

from dustjacket.errors import BadInputError
from dustjacket.records.column_names import COLUMN_NAMES
from dustjacket.records.columns import column_key, columns_of


def found(*names, **overrides):
    columns = columns_of(names, overrides, ())
    return {field: columns.first(field) for field in columns.fields}


@pytest.mark.parametrize(
    "names",
    [
        ("Title", "Author", "Genre", "Description", "Language", "Publisher"),
        ("Titel", "Autor", "Kategorie", "Beschreibung", "Sprache", "Verlag"),
        ("Titre", "Auteur", "Genre", "Description", "Langue", "Éditeur"),
        ("Título", "Autor", "Género", "Descripción", "Idioma", "Editorial"),
        ("Titolo", "Autore", "Genere", "Descrizione", "Lingua", "Editore"),
        ("Titel", "Auteur", "Genre", "Omschrijving", "Taal", "Uitgever"),
        ("Título", "Autor", "Gênero", "Descrição", "Língua", "Editora"),
        ("书名", "作者", "类别", "简介", "语言", "出版社"),
        ("書名", "作者", "類別", "簡介", "語言", "出版社"),
        ("タイトル", "著者", "ジャンル", "内容紹介", "言語", "出版社"),
    ],
)
def test_the_usual_names_of_ten_languages(names):
    fields = ("title", "author", "genre", "description", "language", "publisher")
    assert found(*names) == dict(zip(fields, names, strict=True))


@pytest.mark.parametrize(
    "written", ["Book-Title", "book_title", " BOOK TITLE ", "bookTitle", "Book\u00adTitle\ufeff"]
)
def test_case_blanks_punctuation_and_invisible_characters_do_not_count(written):
    assert found(written)["title"] == written


def test_title_comes_before_name_which_is_then_the_author():
    assert found("Name", "Title") == {"title": "Title", "author": "Name"}
    assert found("name", "title", "author")["author"] == "author"
    assert found("name", "author") == {"title": "name", "author": "author"}
    assert found("name") == {"title": "name"}


def test_the_columns_of_a_goodreads_export():
    fields = found(
        "Book Id", "Title", "Author", "Author l-f", "Additional Authors", "ISBN", "ISBN13",
        "Publisher", "Year Published", "Original Publication Year", "Bookshelves",
        "Bookshelves with positions", "Exclusive Shelf", "My Review",
    )  # fmt: skip
    assert fields["genre"] == "Bookshelves"
    assert (fields["title"], fields["author"], fields["isbn"]) == ("Title", "Author", "ISBN13")
    assert fields["published"] == "Year Published"


def test_an_exclusive_shelf_is_no_genre():
    assert "genre" not in found("Title", "Author", "Exclusive Shelf", "Bookshelves with positions")


def test_the_columns_of_other_exports_and_data_sets():
    librarything = found("Book Id", "Title", "Primary Author", "ISBN", "ISBNs", "Work id", "Tags")
    assert librarything["author"] == "Primary Author"
    assert librarything["work_id"] == "Work id"
    calibre = found(
        "author_sort", "authors", "comments", "cover", "isbn", "tags", "title", "title_sort"
    )
    assert calibre == {
        "title": "title", "author": "authors", "description": "comments", "image": "cover",
        "isbn": "isbn", "identifier": "isbn", "genre": "tags",
    }  # fmt: skip
    crossing = found(
        "ISBN",
        "Book-Title",
        "Book-Author",
        "Year-Of-Publication",
        "Publisher",
        "Image-URL-S",
        "Image-URL-L",
    )
    assert crossing["image"] == "Image-URL-L"
    assert crossing["published"] == "Year-Of-Publication"
    kaggle = found("Title", "description", "authors", "image", "publishedDate", "categories")
    assert kaggle["published"] == "publishedDate"
    assert kaggle["genre"] == "categories"


def test_columns_of_subjects_are_those_of_their_scheme_in_order():
    columns = columns_of(
        ("Title", "Thema 1", "Thema 2", "BISAC Code", "Main BISAC Subject", "Thema Qualifier 1")
    )
    assert columns.fields["subject:thema"] == ("Thema 1", "Thema 2")
    assert columns.fields["subject:bisac"] == ("BISAC Code", "Main BISAC Subject")
    assert columns.has_genre


def test_a_name_given_by_the_user_wins():
    assert found("Was", "title", title=" was ")["title"] == "Was"


@pytest.mark.parametrize(
    ("names", "overrides", "message"),
    [
        (
            ("title", "author"),
            {},
            "has no genre column, but 2 columns (title, author): set genre_column",
        ),
        (("a", "b"), {}, "has no title column"),
        (
            ("title", "genre"),
            {"author": "who"},
            "has no column 'who', but 2 columns (title, genre)",
        ),
        (
            ("title", "genre", "category"),
            {},
            "2 columns that may hold the genre (genre, category): set genre_column",
        ),
        (("Titel", "Titre", "genre"), {}, "may hold the title (Titel, Titre): set title_column"),
        (("ti\u200btel x", "genre"), {}, "ti\\u200btel x"),
    ],
)
def test_a_file_whose_columns_are_not_certain_is_refused_with_the_parameter_to_set(
    names, overrides, message
):
    with pytest.raises(BadInputError) as raised:
        columns_of(names, overrides, ("title", "genre"), where="listing 'b.csv'")
    assert str(raised.value).startswith("listing 'b.csv' has ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_two_good_columns_are_settled_by_naming_one():
    columns = columns_of(("title", "genre", "category"), {"genre": "category"})
    assert columns.first("genre") == "category"


def test_a_parameter_of_another_name_is_the_one_to_set():
    with pytest.raises(BadInputError, match="set category_column"):
        columns_of(("title",), {}, ("genre",), parameters={"genre": "category_column"})


def test_columns_that_later_rows_have_are_found_too():
    columns = columns_of(("title", "genre"), {}, ("title", "genre"))
    assert "author" not in columns
    assert columns.covering({"title", "Author", "isbn"}).first("author") == "Author"
    assert columns.covering({"title"}) is columns


def test_a_sample_shows_whether_a_genre_column_holds_lists():
    rows = [{"genre": "Fantasy, Humor"}, {"genre": "Fantasy, Horror"}, {"genre": "Humor"}]
    assert columns_of(("title", "genre"), sample=rows).genre_column.commas
    assert not columns_of(("title", "genre"), sample=rows[:1]).genre_column.commas


def test_no_name_of_a_field_has_two_ranks():
    for field, tiers in COLUMN_NAMES.items():
        keys = [key for tier in tiers for key in set(map(column_key, tier))]
        assert len(keys) == len(set(keys)), field
