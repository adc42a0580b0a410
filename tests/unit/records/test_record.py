"""A row of any source is one book's fields."""

import csv
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dustjacket.records.columns import columns_of
from dustjacket.records.contributors import Contributor
from dustjacket.records.genre_table import read_genre_table
from dustjacket.records.options import DEFAULT_OPTIONS
from dustjacket.records.record import CANONICAL, record_of, restored
from dustjacket.records.subjects import Subject
from dustjacket.sources.tables import LISTING, key_of
from tests.support.covers_run import run
from tests.support.images import drawn, saved
from tests.support.listings import ingest, store_in
from tests.unit.records.test_values import JSON_VALUES

ONIX = {
    "title": "Emma",
    "subtitle": "A Novel",
    "contributors": [
        {"name": "Jane Austen", "role": "aut"},
        {"name": "Gillian Beer", "role": "edt"},
        {"name": "A. Zeichner", "role": "ill"},
    ],
    "subjects": [
        {"scheme": "thema", "code": "FBC", "heading": None, "main": True},
        {"scheme": "bisac", "code": "FIC004000", "heading": "FICTION / Classics", "main": False},
        {"scheme": "keywords", "code": None, "heading": "matchmaking", "main": False},
    ],
    "description": "<p>Handsome, clever &amp; rich.</p><p>Second.</p>",
    "isbn": ["978-0-14-143958-7"],
    "work_id": "oclc:1",
    "record_id": "com.x.1",
    "notification": "new",
    "language": "eng",
    "published": "20030506",
    "image": "https://a/1.jpg",
    "text_and_data_mining": "reserved",
    "publisher": "Penguin",
}


def test_a_record_of_a_trade_format():
    record = record_of(ONIX, CANONICAL)
    assert (record.title, record.subtitle, record.author) == ("Emma", "A Novel", "Jane Austen")
    assert record.contributors[1:] == (
        Contributor("Gillian Beer", "edt"), Contributor("A. Zeichner", "ill"),
    )  # fmt: skip
    assert record.subjects[0] == Subject("thema", "FBC", "", main=True)
    assert record.genres == ("F", "FICTION")
    assert record.description == "Handsome, clever & rich.\n\nSecond."
    assert (record.isbn13, record.identifier) == ("9780141439587", "9780141439587")
    assert (record.work_id, record.record_id, record.notification) == ("oclc:1", "com.x.1", "new")
    assert (record.language, record.published) == ("en", "2003-05-06")
    assert (record.image, record.publisher) == ("https://a/1.jpg", "Penguin")
    assert record.unread == ()


def test_a_reservation_of_text_and_data_mining_keeps_the_book_from_training():
    assert not record_of(ONIX, CANONICAL).training
    lifted = replace(DEFAULT_OPTIONS, train_on_reserved=True)
    assert record_of(ONIX, CANONICAL, lifted).training
    assert record_of(ONIX, CANONICAL, lifted).text_and_data_mining == "reserved"
    assert record_of(ONIX | {"text_and_data_mining": "allowed"}, CANONICAL).training
    assert record_of(ONIX | {"text_and_data_mining": None}, CANONICAL).training


@pytest.mark.parametrize(
    ("value", "training"),
    [("1", False), ("reserved", False), (1.0, False), ("0", True), ("", True)],
)
def test_a_column_may_reserve_too(value, training):
    columns = columns_of(("title", "tdm_reservation"))
    assert record_of({"title": "Emma", "tdm_reservation": value}, columns).training is training


def read(options=DEFAULT_OPTIONS, **values):
    return record_of(values, columns_of(tuple(values)), options)


def test_words_for_missing_are_missing_but_in_titles():
    record = read(title="NULL", author="nan", genre="N/A", description="None", isbn="\\N")
    assert record.title == "NULL"
    assert (record.author, record.genre, record.description, record.isbn13) == ("", "", "", None)
    kept = replace(DEFAULT_OPTIONS, missing=frozenset())
    assert read(kept, title="x", author="Nan").author == "Nan"


def test_numbers_are_written_without_a_point():
    record = read(title=1984.0, author=float("nan"), isbn13=9.780141439587e12, year=1949.0)
    assert (record.title, record.author, record.isbn13) == ("1984", "", "9780141439587")
    assert record.published == "1949"


def test_nested_values_give_names_and_are_never_published_as_text():
    record = read(
        title="Dune",
        author={"avatar": "x", "name": "Frank Herbert", "about": ["b"]},
        genre={"x": []},
    )
    assert (record.author, record.genre) == ("Frank Herbert", "")
    assert record.unread == ("genre",)
    assert read(title={"a": 1}, genre="x").unread == ("title",)


def test_translators_and_illustrators_are_kept_and_are_no_authors():
    record = read(title="Ilias", author="Homer", translator="Emily Wilson", illustrator="N. N.")
    assert record.author == "Homer"
    assert [person.role for person in record.contributors] == ["aut", "trl", "ill"]
    assert read(title="Ilias", translator="Emily Wilson").author == ""


def test_people_in_numbered_columns_are_all_read():
    row = {
        "Title": "Good Omens",
        "Author 2": "Neil Gaiman",
        "Author 1": "Terry Pratchett",
        "Author 3": "",
    }
    assert read(**row).author == "Terry Pratchett, Neil Gaiman"
    row = {
        "Title": "Ilias", "Contributor 1": "Emily Wilson", "Contributor 1 Role": "Translator",
        "Contributor 2 Name": "Homer", "Contributor 2 Role Code": "aut",
    }  # fmt: skip
    record = read(**row)
    assert record.author == "Homer"
    assert record.contributors == (Contributor("Emily Wilson", "trl"), Contributor("Homer", "aut"))
    assert read(Title="x", Author="Ann", **{"Author 1": "", "Author 2": ""}).author == "Ann"


def test_objects_of_people_and_subjects_in_a_table_are_read():
    record = read(
        title="The Red House Mystery",
        author="A. A. Milne",
        contributors=[
            {"name": "A. A. Milne", "roles": ["aut", "dto"]},
            {"name": "P. van Os", "roles": ["art"]},
        ],
        subjects=[{"term": "Detective stories", "scheme": "LCSH", "code": "sh85037260"}],
        genre="Mystery",
    )
    assert record.author == "A. A. Milne"
    assert record.contributors == (
        Contributor("A. A. Milne", "aut"),
        Contributor("P. van Os", "art"),
    )
    assert record.subjects == (Subject("lcsh", "sh85037260", "Detective stories"),)
    assert record.genres == ("Mystery",)
    assert read(title="x", subjects="Love; War").genres == ("Love", "War")


def test_the_next_identifier_counts_where_one_is_damaged():
    row = {"title": "Dune", "isbn13": "9.78043902348e+12", "isbn": "439023483", "book_id": "17"}
    assert read(**row).identifier == "0439023483"
    assert read(**row | {"isbn": ""}).identifier == "17"
    assert read(title="Dune", isbn13="9.78043902348e+12").identifier == ""
    assert read(title="Dune", isbn="9780439023482").identifier == ""
    assert read(title="Dune", asin="B000ABC").identifier == "B000ABC"
    assert read(title="Dune", asin="0441013597").isbn13 == "9780441013593"
    assert read(title="Dune", book_id="0441013597").isbn13 is None
    assert read(title="Dune", book_id="439023483").identifier == "439023483"


@pytest.mark.parametrize(
    ("asin", "filename", "identifier"),
    [
        ("60750715", "0060750715.jpg", "0060750715"),
        ("0060750715", "0060750715.jpg", "0060750715"),
        ("B000ABC", "other.jpg", "B000ABC"),
        ("", "0060750715.jpg", "0060750715"),
        ("60750711", "", "60750711"),
    ],
)
def test_an_identifier_gets_its_leading_zeros_back(asin, filename, identifier):
    assert restored(asin, filename) == identifier
    row = dict(zip(map(key_of, LISTING), (asin, filename, "u", "Emma", "", "1", "x"), strict=True))
    assert record_of(row, columns_of(tuple(row))).identifier == identifier


def test_the_genre_of_a_list_is_the_first_or_the_last_or_the_first_accepted():
    assert read(title="x", genre=["Fantasy", "Humor"]).genre == "Fantasy"
    last = replace(DEFAULT_OPTIONS, list_genre="last")
    assert read(last, title="x", genre=["Fantasy", "Humor"]).genre == "Humor"
    accepted = replace(DEFAULT_OPTIONS, accepted_genres=frozenset({"humor"}))
    assert read(accepted, title="x", genre=["Fantasy", "Humor"]).genres == ("Humor", "Fantasy")


def test_subjects_in_columns_give_the_genre_of_a_file_without_a_genre_column():
    table = read_genre_table(b"scheme,code,genre\nthema,FR,Romance\n", "t.csv")
    options = replace(DEFAULT_OPTIONS, table=table)
    row = {"Titel": "Emma", "Thema 1": "FRD", "Thema 2": "FB"}
    assert record_of(row, columns_of(tuple(row)), options).genres == ("Romance", "F")


def test_an_image_is_left_as_it_is_but_for_its_ends():
    assert read(title="x", image=" a  b.jpg\u200b").image == "a  b.jpg"
    assert read(title="x", image={"bytes": b"1"}).image == {"bytes": b"1"}
    assert read(title="x", image="nan").image is None
    assert (
        record_of(
            {"title": "x", "image_url": "", "image": "b.jpg"},
            columns_of(("title", "image_url", "image")),
        ).image
        == "b.jpg"
    )


FIELDS = st.sampled_from(
    [
        "title",
        "author",
        "genre",
        "description",
        "isbn",
        "language",
        "published",
        "subjects",
        "contributors",
        "image",
        "work_id",
    ]
)


@settings(deadline=None)
@given(st.dictionaries(FIELDS, JSON_VALUES))
def test_any_values_are_a_record_that_can_be_stored(values):
    for columns in (CANONICAL, columns_of(tuple(values), required=())):
        record = record_of(values, columns)
        for text in (
            record.title,
            record.author,
            record.description,
            record.identifier,
            *record.genres,
        ):
            assert text.encode() is not None
        assert all(person.name for person in record.contributors)


@settings(deadline=None)
@given(st.characters())
def test_a_character_of_any_class_costs_no_more_than_its_row(char):
    record = read(
        title=f"Em{char}ma", author=char, genre=f"{char}x", description=char, isbn=char, image=char
    )
    for text in (record.title, record.author, record.genre, record.description, record.image or ""):
        assert text.encode() is not None


@pytest.mark.parametrize("char", ["\ud83d", "\ufffe", "\ue000", "\x00", "\U0010ffff"])
def test_surrogates_and_characters_of_no_use_can_be_stored(char):
    record = read(title=f"Em{char}ma", author=f"A{char}", genre=f"G{char}", description=f"D{char}")
    assert "".join((record.title, record.author, record.genre, record.description)).encode()


# Rows whose text, names and genres need all that cleaning does.
HARD_ROWS = [
    ("Emma &amp; Co", "Austen, Jane", "Children&#39;s Books", "9780141439587"),
    ("Les MisÃ©rables", "Victor Hugo", "childrens books", ""),
    ("Du\u200bne", "nan", "Science Fiction", ""),
    ("<i>Ubik</i>", "['Philip K. Dick', 'A. Other']", "Science-Fiction", "014143958X"),
    ("Cafe\u0301 Noir", "Gaiman, Neil; Pratchett, Terry", "Cooking &amp; Food", "="),
    ("C++ Primer", "NULL", "Cooking and Food", '="0439023483"'),
]


def test_a_listing_and_a_table_of_covers_give_the_same_books(tmp_path):
    source = tmp_path / "set"
    source.mkdir()
    for number in range(len(HARD_ROWS)):
        (source / f"{number}.png").write_bytes(saved(drawn(number), "PNG"))
    with (source / "books.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [("title", "author", "genre", "isbn", "image")]
            + [(*row, f"{number}.png") for number, row in enumerate(HARD_ROWS)]
        )
    listed = ingest(
        source / "books.csv", store_in(tmp_path / "listing"), min_rows_per_genre=1
    ).books
    covers = run(None, source, tmp_path / "covers").index
    assert len(listed) == len(covers) == len(HARD_ROWS)
    for book, cover in zip(listed, covers.to_dict("records"), strict=True):
        assert book["title"] == cover["title"]
        assert book["author"] == cover["author"]
        assert book["genre"] == cover["category"]
        assert book["isbn13"] == cover["isbn13"]
        assert (book["group"], book["split"]) == (cover["group"], cover["split"])
