"""Parquet of any type gives the values that a person expects; only columns in use are read."""

import datetime as dt
import io
import json
from dataclasses import replace
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dustjacket.sources.formats import read_rows, shape_of
from dustjacket.sources.tables import ReadOptions
from tests.support.memory import peak_growth_mib


def parquet(columns, names=None):
    body = io.BytesIO()
    pq.write_table(pa.table(columns, names=names), body)
    return body.getvalue()


def read(data, used=None):
    shape = shape_of(io.BytesIO(data), ReadOptions("books"))
    shape = replace(shape, used=used and frozenset(used))
    return list(read_rows(io.BytesIO(data), shape))


@pytest.mark.parametrize(
    ("array", "values"),
    [
        (pa.array(["Emma", None]), ["Emma", None]),
        (pa.array(["Emma"], pa.large_string()), ["Emma"]),
        (pa.array(["Emma"], pa.string_view()), ["Emma"]),
        (pa.array([b"Emma", "é".encode(), b"caf\xe9"]), ["Emma", "é", "café"]),
        (pa.array([b"Emma"], pa.large_binary()), ["Emma"]),
        (pa.array([b"Emm"], pa.binary(3)), ["Emm"]),
        (pa.array(["a", "b", None, "a"]).dictionary_encode(), ["a", "b", None, "a"]),
        (pa.array([b"a", b"a"]).dictionary_encode(), ["a", "a"]),
        (pa.array([1, None], pa.int32()), [1, None]),
        (pa.array([Decimal("12.50"), Decimal("3.00")]), [12.5, 3]),
        (pa.array([dt.date(2020, 2, 29)]), ["2020-02-29"]),
        (pa.array([3_600_000_000_000]).cast(pa.timestamp("ns")), ["1970-01-01T01:00:00"]),
        (pa.array([True]), [True]),
        (pa.array([1.5], pa.float32()), [1.5]),
        (pa.array([["a", None]]), [["a", None]]),
        (pa.array([{"name": "A", "role": b"x"}]), [{"name": "A", "role": "x"}]),
        (pa.nulls(1), [None]),
    ],
)
def test_every_type_gives_what_a_person_expects(array, values):
    rows = read(parquet({"title": array}))
    assert [row.values["title"] for row in rows] == values
    assert json.loads(rows[0].raw) == {"title": values[0]}


IMAGE = b"\xff\xd8\xff\xe0\0\x10JFIF\0" + b"x" * 200_000


@pytest.mark.parametrize("cell", [IMAGE, {"bytes": IMAGE, "path": "a.jpg"}])
def test_an_image_stays_bytes_and_is_not_in_the_text_of_the_row(cell):
    (row,) = read(parquet({"title": ["Emma"], "image": [cell]}))
    assert row.values["image"] == cell
    assert b"200011 bytes" in row.raw


def test_columns_that_are_not_used_are_not_read_and_do_not_count():
    data = parquet({"title": ["Emma"], "blob": ["x" * 200_000]})
    assert read(data)[0].reason == "record_too_long"
    assert [dict(row.values) for row in read(data, {"title"})] == [{"title": "Emma"}]


def test_the_first_of_columns_of_one_name_is_read_with_a_warning():
    data = parquet([pa.array(["Emma"]), pa.array(["x"])], names=["title", "Title "])
    assert [dict(row.values) for row in read(data)] == [{"title": "Emma"}]
    assert "1, 2" in shape_of(io.BytesIO(data), ReadOptions("books")).warnings[0]


def test_columns_of_exactly_one_name_are_read():
    data = parquet([pa.array(["Emma"]), pa.array(["x"])], names=["title", "title"])
    assert [dict(row.values) for row in read(data)] == [{"title": "Emma"}]


def test_large_images_are_read_a_few_at_a_time():
    image = IMAGE * 5
    data = parquet({"title": ["a"] * 300, "image": [image + b"%d" % n for n in range(300)]})

    def read_all():
        shape = shape_of(io.BytesIO(data), ReadOptions("books"))
        for _ in read_rows(io.BytesIO(data), shape):
            pass

    assert peak_growth_mib(read_all) < 350
