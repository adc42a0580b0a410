"""Tables of every format are read row by row, each with its origin and raw bytes."""

import bz2
import csv
import gzip
import io
import json
import lzma
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dustjacket.errors import BadInputError
from dustjacket.sources import formats
from dustjacket.sources.csv import MAX_RECORD, WHOLE
from dustjacket.sources.files import SourceFile
from dustjacket.sources.formats import FORMATS, is_table_name, read_rows, shape_of, split_rows
from dustjacket.sources.streams import corrupt_as_bad_input, decompressed
from dustjacket.sources.tables import LISTING, Format, ReadOptions, Shape, TableRow
from tests.support.memory import peak_growth_mib

LISTED = b'"1","1.jpg","http://a/1.jpg","Emma","Jane Austen","1","Fiction"\n'


def shape_in(data, name="books.csv"):
    return shape_of(io.BytesIO(data), ReadOptions(name))


def read(data, name="books.csv"):
    shape = shape_in(data, name)
    return [row.reason or dict(row.values) for row in read_rows(io.BytesIO(data), shape)]


@pytest.mark.parametrize(
    ("name", "is_table"),
    [
        ("a/b.csv", True),
        ("LISTING.CSV.GZ", True),
        ("x.tsv.zst", True),
        ("books.jsonl", True),
        ("part-0.parquet", True),
        ("photo.jpg", False),
        ("archive.gz", False),
        ("csv", False),
    ],
)
def test_the_ending_hints_at_a_table(name, is_table):
    assert is_table_name(name) == is_table


def test_a_format_is_one_entry_of_the_table_of_formats(monkeypatch):
    def rows(stream, shape, part):
        for number, line in enumerate(stream.read().splitlines()):
            yield TableRow(number, number, line, {"title": line.decode()})

    def shape(stream, options):
        return Shape("toy", ("title",))

    toy = Format("toy", (".toy",), lambda _, name: name.endswith(".toy"), shape, rows)
    monkeypatch.setattr(formats, "FORMATS", {"toy": toy, **FORMATS})
    assert is_table_name("books.toy.gz")
    assert read(b"Emma\nPersuasion", "a.toy") == [{"title": "Emma"}, {"title": "Persuasion"}]
    found = shape_in(b"Emma", "a.toy")
    assert list(split_rows(io.BytesIO(b"Emma"), found, 1)) == [WHOLE], "it is read as a whole"


def test_a_header_names_the_columns_and_is_no_row():
    assert read(b"\xef\xbb\xbfCategory, Title \nArt,Emma\n", "books.csv") == [
        {"category": "Art", "title": "Emma"}
    ]


def test_a_listing_has_no_header_but_known_columns():
    shape = shape_in(LISTED, "books.csv")
    assert shape.columns == LISTING
    (row,) = read(LISTED, "books.csv")
    assert (row["title"], row["author"], row["category"]) == ("Emma", "Jane Austen", "Fiction")


def test_a_listing_with_a_header_in_brackets_is_read_by_it():
    header = ",".join(f'"[{name.upper()}]"' for name in LISTING).encode() + b"\n"
    assert read(header + LISTED, "books.csv") == read(LISTED, "books.csv")


def test_tabs_separate_a_tsv():
    assert read(b"title\tgenre\nEmma, again\tArt\n", "books.tsv") == [
        {"title": "Emma, again", "genre": "Art"}
    ]


def test_json_lines_are_rows_and_what_is_no_object_is_rejected():
    data = (
        b'{"Title": "Emma", "authors": ["A", "B"], "year": 1815}\n[1]\n{"title"\n\n{"title":null}'
    )
    assert read(data, "books.jsonl") == [
        {"title": "Emma", "authors": ["A", "B"], "year": 1815},
        "malformed_json",
        "malformed_json",
        {"title": None},
    ]


def test_json_too_deep_or_too_long_is_rejected_and_the_next_line_read():
    deep = b"[" * 50_000 + b"\n"
    long = b'{"title": "' + b"x" * 200_000 + b'"}\n'
    assert read(b'{"title": "a"}\n' + deep + long + b'{"title": "b"}', "books.jsonl") == [
        {"title": "a"},
        "malformed_json",
        "record_too_long",
        {"title": "b"},
    ]


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["title", "genre"]), st.text(max_size=8), min_size=1),
        min_size=1,
    ),
    st.integers(1, 60),
)
def test_json_lines_read_in_parts_are_the_same_rows(rows, size):
    data = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    shape = shape_in(data, "books.jsonl")
    whole = list(read_rows(io.BytesIO(data), shape))
    parts = list(split_rows(io.BytesIO(data), shape, size))
    assert whole == [
        row for part in parts for row in read_rows(io.BytesIO(data[part.offset :]), shape, part)
    ]
    assert [dict(row.values) for row in whole] == rows


@given(st.lists(st.tuples(st.text('ab\n",', max_size=5), st.text("xy ", max_size=5)), min_size=1))
def test_a_table_with_a_header_read_in_parts_has_the_same_rows(rows):
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows([("title", "genre"), *rows])
    data = written.getvalue().encode()
    shape = shape_in(data, "books.csv")
    parts = list(split_rows(io.BytesIO(data), shape, 20))
    read_again = [
        row for part in parts for row in read_rows(io.BytesIO(data[part.offset :]), shape, part)
    ]
    assert [tuple(row.values.values()) for row in read_again] == rows


def test_parquet_is_read_with_each_row_as_json_beside_it():
    table = io.BytesIO()
    pq.write_table(pa.table({"Title": ["Emma", None], "year": [1815, 1]}), table)
    data = table.getvalue()
    assert read(data, "books.parquet") == [
        {"title": "Emma", "year": 1815},
        {"title": None, "year": 1},
    ]
    shape = shape_in(data, "books.parquet")
    rows = list(read_rows(io.BytesIO(data), shape))
    assert json.loads(rows[0].raw) == {"Title": "Emma", "year": 1815}


def zstd(data):
    return pa.compress(data, codec="zstd", asbytes=True)


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, zstd, bytes])
def test_a_compressed_table_is_read_like_its_content(compress):
    data = compress(LISTED * 1000)
    assert decompressed(io.BufferedReader(io.BytesIO(data))).read() == LISTED * 1000


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, zstd])
@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda data: data[:40] + b"x" * 60])
def test_a_damaged_file_is_named(compress, damage):
    data = damage(compress(LISTED * 5000))
    named = SourceFile("books.csv.gz", "b", "k")
    refused = pytest.raises(BadInputError, match=r"'books.csv.gz' is damaged.*give a whole file")
    with refused, corrupt_as_bad_input(named):
        decompressed(io.BufferedReader(io.BytesIO(data))).read()


def parquet(rows):
    table = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), table, compression="snappy")
    return table.getvalue()


BOOKS = [{"title": f"Book {row}", "genre": "Horror", "pages": row} for row in range(50)]
WHOLE_FILES = {
    ".csv": b"title,genre\n" + b'"Emma, or not",Romance\n' * 20,
    ".jsonl": b'{"title": "Emma \\u00e9", "genre": ["Romance", null]}\n' * 20,
    ".parquet": parquet(BOOKS),
}


def test_a_text_that_rows_of_parquet_share_is_in_memory_once():
    body = parquet([{"title": "x" * 200_000}] * 2000)
    assert len(body) < 20_000
    shape = shape_in(body, "books.parquet")

    def read_all():
        reasons = {row.reason for row in read_rows(io.BytesIO(body), shape)}
        assert reasons == {"record_too_long"}

    assert peak_growth_mib(read_all) < 100


@pytest.mark.parametrize("kind", WHOLE_FILES)
@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=200),
    st.lists(st.tuples(st.floats(0, 0.9999), st.binary(max_size=3)), max_size=4),
)
@example(b'{"title": "\\ud800"}', [])
@example(b'{"title": ' + b"[" * 50_000, [])
@example(b'{"title": ' + b"1" * 5000 + b"}", [])
@example(b'{"title": 1e999, "genre": NaN}', [])
def test_any_bytes_are_rows_or_a_damaged_file(kind, body, changes):
    """Given bytes alone, or a whole file with changed bytes."""
    if changes:
        body = bytearray(WHOLE_FILES[kind])
        for place, value in changes:
            start = int(place * len(body))
            body[start : start + 1] = value
        body = bytes(body)
    found = []

    def read_all():
        with suppress(BadInputError), corrupt_as_bad_input(SourceFile("books", "b", "k")):
            shape = shape_in(body, "books" + kind)
            found.extend(read_rows(io.BytesIO(body), shape))

    assert peak_growth_mib(read_all) < 200
    for row in found:
        assert len(row.raw) <= MAX_RECORD
        json.dumps(row.values, default=str, ensure_ascii=False).encode()  # Arrow holds UTF-8


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (b" \n", "is empty"),
        (bytes(range(256)) * 9, "is binary"),
        (b"PK\x03\x04" + b"x" * 99, "ZIP archive"),
        (b"\xff\xd8\xff\xe0", "an image"),
    ],
)
def test_a_binary_file_is_named_by_its_type(head, message):
    with pytest.raises(BadInputError, match=message):
        shape_in(head)
