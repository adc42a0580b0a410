"""Spreadsheets are read as a stream: the sheet with a table, its header, and typed cells."""

import datetime as dt
import io
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dustjacket.errors import BadInputError
from dustjacket.sources.files import SourceFile
from dustjacket.sources.formats import read_rows, shape_of
from dustjacket.sources.streams import corrupt_as_bad_input
from dustjacket.sources.tables import ReadOptions
from tests.support.memory import peak_growth_mib
from tests.support.spreadsheets import ods, ods_of, ods_rows, xlsx

WRITERS = {"xlsx": xlsx, "ods": ods}
BOOKS = [["title", "isbn", "genre"], ["Emma", 9780141439587, "Romance"], ["Dune", None, "SF"]]


def shape_in(data, name="books", **options):
    with corrupt_as_bad_input(SourceFile(name, "", "")):
        return shape_of(io.BytesIO(data), ReadOptions(name, **options))


def read(data, **options):
    shape = shape_in(data, **options)
    with corrupt_as_bad_input(SourceFile("books", "", "")):
        return [row.reason or dict(row.values) for row in read_rows(io.BytesIO(data), shape)]


@pytest.fixture(params=WRITERS)
def write(request):
    return WRITERS[request.param]


def test_a_spreadsheet_is_a_table_whatever_its_name(write):
    assert read(write({"Sheet1": BOOKS})) == [
        {"title": "Emma", "isbn": 9780141439587, "genre": "Romance"},
        {"title": "Dune", "isbn": None, "genre": "SF"},
    ]


def test_rows_have_the_position_of_the_sheet(write):
    data = write({"a": [["My books"], [], *BOOKS[:2], [], BOOKS[2]]})
    rows = read_rows(io.BytesIO(data), shape_in(data))
    assert [(row.position, row.values["title"]) for row in rows] == [(3, "Emma"), (5, "Dune")]


def test_titles_above_the_header_are_no_rows(write):
    data = write({"a": [["Autumn list"], [None, "as of", dt.date(2026, 9, 1)], [], *BOOKS]})
    assert shape_in(data).columns == ("title", "isbn", "genre")
    assert [row["title"] for row in read(data)] == ["Emma", "Dune"]


def test_cells_keep_their_types(write):
    day = dt.date(2020, 2, 29)
    data = write({"a": [["title", "n", "x", "day", "b"], ["1984", 1984, 12.5, day, True]]})
    assert read(data) == [{"title": "1984", "n": 1984, "x": 12.5, "day": "2020-02-29", "b": True}]


def test_an_error_cell_is_missing():
    data = xlsx({"a": [["title", "genre"], ["Emma", "#N/A"], ["Dune", "#REF!"]]})
    assert [row["genre"] for row in read(data)] == [None, None]


def test_merged_cells_count_for_all_their_rows():
    rows = [["title", "genre"], ["Emma", "Romance"], ["Persuasion"], ["Dune", "SF"]]
    data = xlsx({"a": rows}, merged=["B2:B3"])
    assert [row["genre"] for row in read(data)] == ["Romance", "Romance", "SF"]


def test_the_first_visible_sheet_with_a_table_is_read_and_others_are_named(write):
    data = write({"old": BOOKS[:2], "cover": [], "books": BOOKS, "more": BOOKS}, hidden=["old"])
    shape = shape_in(data)
    assert shape.place == "books"
    assert len(shape.warnings) == 1
    assert "'more'" in shape.warnings[0]


def test_the_sheet_with_a_column_that_the_user_names_is_read(write):
    data = write({"a": BOOKS, "b": [["titel", "gattung"], ["Emma", "Roman"]]})
    assert shape_in(data, columns=frozenset({"titel"})).place == "b"


def test_the_first_of_columns_of_one_name_is_read(write):
    data = write({"a": [["title", "Title ", "genre", None], ["Emma", "x", "F", "note"]]})
    assert read(data) == [{"title": "Emma", "genre": "F"}]
    assert "1, 2" in shape_in(data).warnings[0]


def test_a_spreadsheet_without_rows_is_refused(write):
    with pytest.raises(BadInputError, match="without a table"):
        shape_in(write({"a": []}))


def test_a_cell_that_is_too_long_costs_its_row(write):
    rows = [["title", "a", "b"], ["x" * 999, *["y" * 32_700] * 2], ["Dune", "a", "b"]]
    assert read(write({"a": rows})) == [
        "record_too_long", {"title": "Dune", "a": "a", "b": "b"}
    ]  # fmt: skip


def test_columns_that_are_not_used_do_not_count(write):
    from dataclasses import replace

    data = write({"a": [["title", "a", "b"], ["Emma", *["y" * 32_000] * 2, "z" * 32_000]]})
    shape = replace(shape_in(data), used=frozenset({"title"}))
    assert [dict(row.values) for row in read_rows(io.BytesIO(data), shape)] == [{"title": "Emma"}]


def test_repeated_rows_and_cells_of_an_ods_are_bounded():
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    row = f"<table:table-row>{cell.format('title')}{cell.format('genre')}</table:table-row>"
    book = (
        '<table:table-row table:number-rows-repeated="2"><table:table-cell '
        'table:number-columns-repeated="2" office:value-type="string"><text:p>a</text:p>'
        '</table:table-cell><table:table-cell table:number-columns-repeated="99999999"/>'
        "</table:table-row>"
    )
    blank = "<table:table-cell/></table:table-row>"
    end = f'<table:table-row table:number-rows-repeated="999999999">{blank}'
    assert read(ods_rows(row + book + end)) == [{"title": "a", "genre": "a"}] * 2
    wide = book.replace('repeated="2" office', 'repeated="99999999" office')
    wide = wide.replace("<table:table-cell ", cell.format("a") + "<table:table-cell ", 1)
    with pytest.raises(BadInputError, match="over 16,384 cells"):
        read(ods_rows(row + wide))


def replaced(data, name, change):
    """Return a ZIP archive with one file changed."""
    body = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(body, "w", 8) as new:
        for info in old.infolist():
            text = old.read(info)
            new.writestr(info, change(text) if info.filename.endswith(name) else text)
    return body.getvalue()


ENTITY = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'


def test_a_document_type_is_refused():
    def declared(text):
        start = text.index(b"?>") + 2 if b"?>" in text[:99] else 0
        return text[:start] + ENTITY + text[start:]

    for data, name in ((xlsx({"a": BOOKS}), "sheet1.xml"), (ods({"a": BOOKS}), "content.xml")):
        with pytest.raises(BadInputError, match="document type"):
            shape_in(replaced(data, name, declared))


def test_a_bomb_and_an_endless_row_are_refused():
    zeros = replaced(xlsx({"a": BOOKS}), "styles.xml", lambda text: text + b" " * (80 << 20))
    with pytest.raises(BadInputError, match="500 times"):
        shape_in(zeros)

    def endless(text):
        return text.replace(b"</row>", b"<c><v>1</v></c>" * 2_000_000 + b"</row>", 1)

    with pytest.raises(BadInputError, match="a row has over 16 MiB"):
        read(replaced(xlsx({"a": BOOKS}), "sheet1.xml", endless))


@pytest.mark.parametrize(("name", "write"), WRITERS.items())
@settings(max_examples=30, deadline=None)
@given(changes=st.lists(st.tuples(st.floats(0, 0.9999), st.binary(max_size=3)), max_size=4))
def test_any_spreadsheet_is_rows_or_a_damaged_file(name, write, changes):
    body = bytearray(write({"a": BOOKS}))
    for place, value in changes:
        start = int(place * len(body))
        body[start : start + 1] = value

    def read_all():
        with suppress(BadInputError):
            read(bytes(body))

    assert peak_growth_mib(read_all) < 200


TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Co", "Cn"]),
    min_size=1,
    max_size=9,
).filter(lambda text: text.strip() and not text.startswith(("=", "#")) and "_x" not in text)
CELL = (
    TEXT
    | st.none()
    | st.integers(-(10**12), 10**12)
    | st.booleans()
    | st.floats(-1e9, 1e9).map(lambda number: round(number, 3)).filter(lambda n: n % 1 != 0)
)


@pytest.mark.parametrize(("name", "write"), WRITERS.items())
@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.tuples(TEXT, CELL, CELL), min_size=1, max_size=6))
def test_a_spreadsheet_is_read_as_it_was_written(name, write, rows):
    data = write({"a": [["column a", "column b", "column c"], *map(list, rows)]})
    assert [tuple(row.values()) for row in read(data)] == rows


def test_an_unclosed_document_is_damaged():
    with pytest.raises(BadInputError, match="damaged"):
        read(ods_of("<office:document-content"))
