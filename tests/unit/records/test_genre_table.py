"""The genre of a book's subjects: by a user's table, by heading, by code, in a fixed order."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dustjacket.errors import BadInputError
from dustjacket.records.column_names import DEFAULT_SCHEMES
from dustjacket.records.genre_table import (
    MAX_BYTES,
    NO_TABLE,
    ranked_genres,
    read_genre_table,
)
from dustjacket.records.subjects import Subject

ROMANCE = Subject("bisac", "FIC027000", "FICTION / Romance / General", main=True)


def genres(*subjects, own=(), schemes=DEFAULT_SCHEMES, depth=1, table=NO_TABLE):
    return ranked_genres(own, subjects, schemes, depth, table)


@pytest.mark.parametrize(
    ("subject", "depth", "genre"),
    [
        (ROMANCE, 1, "FICTION"),
        (ROMANCE, 2, "FICTION / Romance"),
        (ROMANCE, 8, "FICTION / Romance / General"),
        (Subject("bisac", "FIC027000", ""), 1, "FIC"),
        (Subject("bisac", "FIC027000", ""), 3, "FIC"),
        (Subject("thema", "FBAN", ""), 1, "F"),
        (Subject("thema", "FBAN", ""), 2, "FB"),
        (Subject("thema", "FB", "General fiction"), 2, "General fiction"),
        (Subject("thema", "FBA", "Modern fiction"), 1, "F"),
        (Subject("thema", "", "Belletristik"), 1, "Belletristik"),
        (Subject("nur", "301", ""), 2, "30"),
        (Subject("clil", "3435", ""), 1, "3"),
        (Subject("wgs", "1112", ""), 1, "1"),  # the first digit is the form of the book
        (Subject("wgs", "2112", ""), 3, "112"),
        (Subject("bic", "FA", ""), 1, "F"),
    ],
)
def test_a_subject_gives_a_genre_at_a_depth(subject, depth, genre):
    assert genres(subject, depth=depth) == (genre,)


@pytest.mark.parametrize("scheme", ["lcsh", "keywords", "fast", "thema_qualifier", "9"])
def test_other_schemes_give_a_genre_through_a_table_only(scheme):
    assert genres(Subject(scheme, "1A", "Love stories")) == ()


def test_a_scheme_of_headings_gives_a_genre_where_a_user_lists_it():
    subject = Subject("lcsh", "sh85037260", "Detective and mystery stories -- England")
    assert genres(subject, schemes=("lcsh",)) == ("Detective and mystery stories",)
    assert genres(subject, schemes=("lcsh",), depth=2) == (
        "Detective and mystery stories / England",
    )


def test_the_order_is_main_subject_then_scheme_then_place():
    thema, second = Subject("thema", "FR", "", main=True), Subject("bisac", "HIS000000", "")
    assert genres(second, thema, ROMANCE) == ("FICTION", "F", "HIS")
    assert genres(second, thema, ROMANCE, schemes=("thema", "bisac")) == ("F", "FICTION", "HIS")
    assert genres(second, thema, ROMANCE, schemes=("thema",)) == ("F",)
    assert genres(thema, own=("Love",)) == ("Love", "F")
    assert genres(thema, own=("Love",), schemes=("thema", "own")) == ("F", "Love")


def test_a_table_maps_codes_by_their_longest_prefix_and_headings_by_their_key():
    table = read_genre_table(
        "\ufeffscheme;code;genre\nBISAC;FIC;Novels\nbisac;FIC027;Love stories\n"
        "lcsh;Science fiction;SF\nown;Belletristik;Novels\n".encode(),
        "t.csv",
    )
    assert genres(ROMANCE, table=table) == ("Love stories",)
    assert genres(Subject("bisac", "FIC000000", "FICTION / General"), table=table) == ("Novels",)
    assert genres(Subject("bisac", "HIS000000", ""), table=table) == ("HIS",)
    assert genres(Subject("lcsh", "", "Science fiction -- History"), table=table) == ("SF",)
    assert genres(own=("BELLETRISTIK",), table=table) == ("Novels",)
    assert genres(own=("Poetry",), table=table) == ("Poetry",)


def test_a_users_list_of_names_names_codes():
    table = read_genre_table(
        b"scheme,code,name\nthema,F,Fiction\nthema,FB,General fiction\n", "t.csv"
    )
    assert genres(Subject("thema", "FBA", ""), table=table) == ("Fiction",)
    assert genres(Subject("thema", "FBA", ""), depth=2, table=table) == ("General fiction",)
    assert genres(Subject("thema", "Y", ""), table=table) == ("Y",)


@pytest.mark.parametrize(
    "body", [b"", b"code,genre\nFIC,Novels\n", b"scheme,code,genre\n,,\n", b"\0" * 99]
)
def test_a_table_without_a_usable_row_is_refused(body):
    with pytest.raises(BadInputError, match=r"genre_mapping 't\.csv'") as raised:
        read_genre_table(body, "t.csv")
    assert "\n" not in str(raised.value)


def test_a_table_that_is_too_large_is_refused():
    with pytest.raises(BadInputError, match="larger than"):
        read_genre_table(b"x" * (MAX_BYTES + 1), "t.csv")


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_are_a_table_or_are_refused(body):
    with suppress(BadInputError):
        table = read_genre_table(body, "t.csv")
        assert table.genres or table.names
