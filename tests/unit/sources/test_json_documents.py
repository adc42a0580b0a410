"""JSON is read object by object, whatever its layout; a broken object costs itself only."""

import io
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.errors import BadInputError
from dustjacket.sources.files import SourceFile
from dustjacket.sources.formats import read_rows, shape_of
from dustjacket.sources.streams import corrupt_as_bad_input
from dustjacket.sources.tables import ReadOptions

BOOKS = [
    {"title": "Emma", "images": [{"large": "a.jpg"}]},
    {"title": "Café", "author": {"name": "A"}, "rating": None},
]
LAYOUTS = {
    "lines": lambda rows: "\n".join(map(json.dumps, rows)),
    "array": json.dumps,
    "array of lines": lambda rows: "[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n",
    "pretty array": lambda rows: json.dumps(rows, indent=2),
    "in an object": lambda rows: json.dumps({"meta": {"rows": len(rows)}, "books": rows}),
    "in a pretty object": lambda rows: json.dumps({"data": {"books": rows}, "n": 1}, indent=1),
    "pretty objects": lambda rows: "\n".join(json.dumps(row, indent=1) for row in rows),
    "objects in a row": lambda rows: "".join(map(json.dumps, rows)),
}


def read(data, name="books.csv", **options):
    with corrupt_as_bad_input(SourceFile(name, "", "")):
        shape = shape_of(io.BytesIO(data), ReadOptions(name, **options))
        rows = [row.reason or dict(row.values) for row in read_rows(io.BytesIO(data), shape)]
    return shape, rows


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_objects_are_rows_in_every_layout(layout, mark):
    shape, rows = read((mark + LAYOUTS[layout](BOOKS)).encode())
    assert rows == BOOKS
    assert shape.keys == ("title", "images", "author", "rating")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "cp1252"])
def test_json_may_have_any_encoding(encoding):
    text = json.dumps(BOOKS, ensure_ascii=False)
    assert read(text.encode(encoding))[1] == BOOKS


def test_one_record_with_a_list_of_objects_is_one_row():
    assert read(json.dumps(BOOKS[0]).encode())[1] == BOOKS[:1]
    assert read(json.dumps(BOOKS[0], indent=1).encode())[1] == BOOKS[:1]


def test_a_column_that_the_user_names_shows_where_the_records_are():
    data = json.dumps({"n": [{"x": 1}], "list": [{"titel": "Emma"}]}).encode()
    assert read(data, columns=frozenset({"titel"}))[1] == [{"titel": "Emma"}]


@pytest.mark.parametrize("first", [b"[1]", b'{"title": nope}', b'{"x": {}}', b'"text"'])
@pytest.mark.parametrize("layout", ["lines", "array"])
def test_the_first_record_decides_nothing(layout, first):
    rest = [json.dumps(row).encode() for row in BOOKS * 2]
    data = b"\n".join([first, *rest])
    if layout == "array":
        data = b"[" + b",".join([rest[0], first, *rest[1:]]) + b"]"
    shape, rows = read(data)
    assert [row for row in rows if "title" in row] == BOOKS * 2
    assert len(rows) == 5
    assert "title" in shape.keys


def test_not_a_number_is_a_value_as_in_json_lines():
    (row,) = read(b'[{"title": "a", "n": NaN}]')[1]
    assert math.isnan(row["n"])


def test_halves_of_characters_are_replaced():
    assert read(b'[{"title": "a \\ud83d b"}]')[1] == [{"title": "a \ufffd b"}]


@pytest.mark.parametrize("layout", ["lines", "array"])
def test_an_object_that_is_too_long_costs_itself(layout):
    rows = [{"title": "x" * 70_000}, {"title": "y" * (17 << 20)}, {"title": "Emma"}] * 2
    found = read(LAYOUTS[layout](rows).encode())[1]
    assert found == ["record_too_long", "record_too_long", {"title": "Emma"}] * 2


@pytest.mark.parametrize("layout", ["lines", "array"])
def test_columns_that_are_not_used_do_not_count(layout):
    from dataclasses import replace

    data = LAYOUTS[layout]([{"title": "Emma", "blob": "x" * 500_000}] * 2).encode()
    shape = replace(read(data)[0], used=frozenset({"title"}))
    rows = list(read_rows(io.BytesIO(data), shape))
    assert [dict(row.values) for row in rows] == [{"title": "Emma"}] * 2
    assert max(len(row.raw) for row in rows) <= 1 << 16


@pytest.mark.parametrize("cut", [3, 5, 25])
@pytest.mark.parametrize("layout", ["array", "pretty array", "in an object"])
def test_a_cut_document_is_damaged(layout, cut):
    data = LAYOUTS[layout](BOOKS * 3).encode()
    with pytest.raises(BadInputError, match=r"damaged.*after record"):
        read(data[:-cut])


@pytest.mark.parametrize("text", ["[]", "[[1, 2]]", "{}"])
def test_json_without_objects_is_refused_with_the_cure(text):
    with pytest.raises(BadInputError, match="JSON"):
        read(text.encode(), "books.json")


def test_the_first_of_names_that_are_equal_counts():
    assert read(b'[{"Title": "Emma", "title ": "x"}]')[1] == [{"title": "Emma"}]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab"), inner, max_size=2),
    max_leaves=4,
)


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["b", "c", "d"]), VALUES).map(
            lambda row: {"title": 1} | row
        ),
        min_size=2,
        max_size=5,
    ),
    st.sampled_from(sorted(LAYOUTS)),
    st.booleans(),
)
def test_any_objects_are_read_as_they_were_written(rows, layout, is_ascii):
    data = LAYOUTS[layout](rows)
    if not is_ascii:
        data = json.dumps(rows, ensure_ascii=False)
    assert read(data.encode())[1] == rows


@pytest.mark.parametrize("sign", ["\x85", "\u2028", "\u2029"])
def test_a_line_end_of_unicode_inside_a_string_is_a_character(sign):
    rows = [{"title": f"One{sign}two"}]
    assert read(json.dumps(rows, ensure_ascii=False).encode())[1] == rows


@pytest.mark.parametrize("layout", ["lines", "array"])
def test_an_object_with_two_values_of_one_name_is_rejected(layout):
    objects = [
        '{"title": "A", "title": "B"}', '{"title": "C", "title": "C"}',
        '{"title": "D", "note": "say \\"title\\": E"}', '{"title": "F", "by": {"n": 1, "n": 2}}',
        '{"title" : "G", "url": "http://x/a"}', '{"a":{"title":"H"},"title":"I","b":{"title":"J"}}',
    ]  # fmt: skip
    text = "\n".join(objects) if layout == "lines" else f"[{','.join(objects)}]"
    _, rows = read(text.encode())
    found = [row if isinstance(row, str) else row["title"] for row in rows]
    assert found == ["repeated_name", "C", "D", "repeated_name", "G", "I"]


def paged(rows):
    return {"n": {"a": 1}, "books": rows, "more": [[], {"x": 1}, {"y": 2}]}


@pytest.mark.parametrize("between", ["", "\n", "\n\n"])
@pytest.mark.parametrize(("wrap", "indent"), [(list, None), (list, 1), (paged, 1)])
def test_the_records_of_all_documents_of_a_file_are_read(between, wrap, indent):
    pages = [[{"title": f"{page}.{n}"} for n in range(3)] for page in range(3)]
    text = between.join(json.dumps(wrap(page), indent=indent) for page in pages)
    _, rows = read(text.encode())
    assert [row["title"] for row in rows] == [book["title"] for page in pages for book in page]


def test_a_document_of_another_form_after_others_is_rejected():
    pages = [{"books": [{"title": "A"}, {"title": "B"}]}, {"error": "too many requests"}]
    _, rows = read("\n".join(json.dumps(page, indent=1) for page in pages).encode())
    assert rows == [{"title": "A"}, {"title": "B"}, "malformed_json"]


@pytest.mark.parametrize("length", [2 << 20, 12 << 20, 17 << 20])
@pytest.mark.parametrize("separator", ["\n", ",\n"])
def test_a_first_record_longer_than_the_first_bytes_costs_itself_only(length, separator):
    rows = [{"title": "A", "notes": "x" * length}, {"title": "B"}, {"title": "C"}]
    text = separator.join(map(json.dumps, rows))
    _, read_rows_ = read((f"[{text}]" if separator == ",\n" else text).encode())
    assert read_rows_[1:] == rows[1:]
    assert read_rows_[0] == "record_too_long"
