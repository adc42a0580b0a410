"""How a text table is written is found in its content."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.errors import BadInputError
from dustjacket.sources.formats import read_rows, shape_of, split_rows
from dustjacket.sources.tables import LISTING, ReadOptions

SEPARATORS = [",", ";", "\t", "|"]
BOOKS = [("Emma, again", "12,50", "Romance"), ("Dune; or not", "9,99", "Fiction")]


def shape_in(data, name="books.csv", **options):
    return shape_of(io.BytesIO(data), ReadOptions(name, **options))


def read(data, name="books.csv", **options):
    shape = shape_in(data, name, **options)
    return [row.reason or dict(row.values) for row in read_rows(io.BytesIO(data), shape)]


def written(rows, separator, **style):
    text = io.StringIO()
    csv.writer(text, delimiter=separator, **style).writerows(rows)
    return text.getvalue()


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.txt", "a"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("separator", SEPARATORS)
def test_the_separator_is_found_whatever_the_ending(name, quoting, separator):
    data = written([("title", "price", "genre"), *BOOKS], separator, quoting=quoting).encode()
    assert [tuple(row.values()) for row in read(data, name)] == BOOKS


def test_decimal_commas_and_commas_in_titles_do_not_mislead():
    data = "title;price\n" + "".join(f"Love, Medicine {row};{row},50\n" for row in range(50))
    assert shape_in(data.encode()).columns == ("title", "price")


def test_a_list_of_genres_inside_a_field_is_no_separator():
    data = b"title,genres\n" + b"Emma,Romance|Classics\n" * 9
    assert shape_in(data).dialect.separator == ","


def test_the_separator_of_the_user_wins():
    data = b"title|a;genre\nEmma|x;Romance\n"
    assert shape_in(data, separator=";").columns == ("title|a", "genre")
    assert shape_in(data, separator="|").columns == ("title", "a;genre")


def test_where_no_separator_fits_the_first_line_and_what_was_tried_are_shown():
    with pytest.raises(BadInputError) as raised:
        shape_in(b"title\xc2\xa0,genre\nEmma,a,b,c\nDune,a,b,c\n")
    assert "2 fields" in str(raised.value)
    assert "comma, semicolon, tab, pipe" in str(raised.value)
    assert r"'title\xa0,genre'" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_backslashes_escape_quotes_where_the_file_has_no_doubled_ones():
    data = b'"title";"genre"\n"The \\"Testament\\"; or";"F"\n"Plain \\\\";"F"\n'
    assert read(data) == [
        {"title": 'The "Testament"; or', "genre": "F"},
        {"title": "Plain \\", "genre": "F"},
    ]


def test_backslashes_are_letters_where_quotes_are_doubled():
    data = b'title,genre\n"say ""hi""",F\n"a \\"b\\" c",F\nEmma,F\n'
    assert read(data) == [
        {"title": 'say "hi"', "genre": "F"}, "malformed_quotes", {"title": "Emma", "genre": "F"}
    ]  # fmt: skip


def test_quotes_are_letters_in_a_file_that_does_not_quote():
    data = b'title\tgenre\n"Emma" again\tF\n5" disks\tF\n"Alone\tF\nSo "it" is\tF\n'
    titles = [row["title"] for row in read(data, "a.tsv")]
    assert titles == ['"Emma" again', '5" disks', '"Alone', 'So "it" is']


def test_quotes_are_strict_in_a_file_that_quotes():
    data = b'title,genre\nThe "Real" one,F\n"He said ""Hi""",F\n"Unclosed,F\n"A, B",F\n'
    assert read(data) == [
        "malformed_quotes", {"title": 'He said "Hi"', "genre": "F"}, "unclosed_quote",
        {"title": "A, B", "genre": "F"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    "columns",
    [
        ("isbn13", "book_title", "authors", "year", "publisher", "pages", "genres"),
        ("id", "titre", "auteur", "an", "editeur", "pages", "rayon"),
        ("nr", "bild", "link", "titel", "autor", "nummer", "gattung"),
    ],
)
def test_seven_columns_are_not_the_listing(columns):
    data = written([columns, ("1", "Dune", "Herbert", "1965", "Chilton", "500", "SF")], ",")
    assert shape_in(data.encode()).columns == columns


def test_a_header_of_other_names_over_data_like_the_listings_is_a_header():
    columns = ("nr", "bild", "link", "titel", "autor", "nummer", "gattung")
    listed = ("1", "1.jpg", "http://a/1.jpg", "Emma", "Jane Austen", "1", "Fiction")
    shape = shape_in(written([columns, listed, listed], ",").encode())
    assert (shape.columns, shape.start) == (columns, 1)


def test_a_listing_without_a_header_may_begin_with_an_incomplete_record():
    first = ("1", "", "http://a/1.jpg", "Emma", "", "", "Fiction")
    listed = ("2", "2.jpg", "http://a/2.jpg", "Emma", "Jane Austen", "1", "Fiction")
    shape = shape_in(written([first, listed, listed], ",").encode())
    assert (shape.columns, shape.start) == (LISTING, 0)


def test_a_column_that_the_user_names_means_a_header():
    listed = ("1", "1.jpg", "http://a/1.jpg", "Emma", "Jane Austen", "1", "Fiction")
    shape = shape_in(written([listed], ",").encode(), columns=frozenset({"emma"}))
    assert shape.header


def test_the_first_of_columns_of_one_name_is_read_with_a_warning():
    data = b"Title,genre,TITLE ,title\nEmma,F,x,y\n"
    assert read(data) == [{"title": "Emma", "genre": "F"}]
    (warning,) = shape_in(data).warnings
    assert "1, 3, 4" in warning
    assert "'title'" in warning


@pytest.mark.parametrize(
    "name",
    [
        "title\u00a0",
        "\ufeff\ufefftitle",
        " title\u2003",
        "\u200btit\u00adle",
        '"title"',
        "\u2060title",
    ],
)
def test_what_nobody_sees_is_no_part_of_a_name(name):
    assert read(f"{name},genre\nEmma,F\n".encode()) == [{"title": "Emma", "genre": "F"}]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_line_that_names_the_separator_is_obeyed(mark, separator):
    data = f"{mark}sep={separator}\r\ntitle{separator}genre\r\nEmma{separator}F\r\n".encode()
    assert read(data) == [{"title": "Emma", "genre": "F"}]


@pytest.mark.parametrize("head", ["title,genre", "title,genre,"])
def test_a_separator_that_ends_all_rows_makes_no_field(head):
    assert read(f"{head}\nEmma,F,\nDune,F,\n".encode()) == [
        {"title": "Emma", "genre": "F"}, {"title": "Dune", "genre": "F"}
    ]  # fmt: skip


def test_an_empty_last_field_of_a_few_rows_is_a_field():
    assert read(b"title,genre\nEmma,F\nDune,F\nOr, not,\n" + b"Emma,F\n" * 9)[2] == (
        "wrong_column_count"
    )


@pytest.mark.parametrize(
    "end", ["\n", "\r\n", "\r", "\r\r\n", "\n\r", "\u2028", "\u2029", "\x85", "\x1e"]
)
def test_every_line_end_is_recognised(end):
    data = end.join(["title,genre", "Emma,F", '"Dune, or",SF', ""]).encode()
    assert read(data) == [{"title": "Emma", "genre": "F"}, {"title": "Dune, or", "genre": "SF"}]


def test_a_carriage_return_inside_a_field_is_white_space():
    (first, _) = read(b"title,genre\nEmma\rA Novel,F\nDune,F\n")
    assert first["title"].split() == ["Emma", "A", "Novel"]


def test_lines_above_the_header_are_no_rows():
    data = b"My library\n\nexported today\ntitle,author,genre\nEmma,A,F\nDune,H,SF\n"
    assert [row["title"] for row in read(data)] == ["Emma", "Dune"]


def test_a_header_that_comes_again_is_rejected():
    assert read(b"title,genre\nEmma,F\ntitle,genre\n")[1:] == ["repeated_header"]


@pytest.mark.parametrize("field", ['="012"', '"=""012"""'])
def test_a_spreadsheets_guard_is_no_part_of_a_value(field):
    assert read(f"title,isbn\nEmma,{field}\n".encode()) == [{"title": "Emma", "isbn": "012"}]


FIELDS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]) | st.sampled_from('",;|\t\n'),
    max_size=8,
)


@given(
    st.integers(2, 4).flatmap(
        lambda columns: st.lists(st.tuples(*[FIELDS] * columns), min_size=1, max_size=8)
    ),
    st.sampled_from(SEPARATORS),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(1, 60),
)
def test_a_table_is_read_as_it_was_written(rows, separator, quoting, end, size):
    header = tuple(f"column {number}" for number in range(len(rows[0])))
    data = written([header, *rows], separator, quoting=quoting, lineterminator=end).encode()
    shape = shape_in(data, separator=separator)
    found = list(read_rows(io.BytesIO(data), shape))
    blank = [row for row in rows if not "".join(row).strip()]
    if not blank and not any(field.startswith('="') for row in rows for field in row):
        assert [tuple(row.values.values()) for row in found] == rows
    parts = list(split_rows(io.BytesIO(data), shape, size))
    assert found == [
        row for part in parts for row in read_rows(io.BytesIO(data[part.offset :]), shape, part)
    ]


@pytest.mark.parametrize("between", ["", "\ufeff"])
@pytest.mark.parametrize("header", ["title,genre", "Title, GENRE "])
def test_a_header_inside_of_joined_files_is_no_book(header, between):
    rows = read(f"\ufefftitle,genre\nEmma,F\n{between}{header}\nTitles,F\n".encode())
    assert rows[1] == "repeated_header"
    assert [row["title"] for row in (rows[0], rows[2])] == ["Emma", "Titles"]
