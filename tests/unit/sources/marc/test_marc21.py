"""Records of ISO 2709: broken ones cost themselves only."""

import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymarc import Field, Indicators, Subfield

from dustjacket.sources.csv import MAX_RECORD, WHOLE
from dustjacket.sources.marc import marc21
from dustjacket.sources.marc.marc21 import MARC21
from dustjacket.sources.tables import ReadOptions
from tests.support.marc import marc_record

GOOD = marc_record("245 10 $aGood /$cA.", "520 ## $aText.").as_marc()


def rows(body):
    stream = io.BytesIO(body)
    return list(MARC21.rows(stream, MARC21.shape(stream, ReadOptions()), WHOLE))


def read(body):
    return [row.reason or row.values.get("title") for row in rows(body)]


def with_length(body, length):
    return length + body[5:]


# Longer than a leader can say: pymarc writes six digits for its length and for some offsets.
LONG = marc_record("245 10 $aLong", *[f"520 ## $a{'x' * 9000}"] * 15).as_marc()


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (GOOD[: len(GOOD) // 2], ["truncated_record"]),
        (with_length(GOOD, b"00100"), ["Good"]),
        (with_length(GOOD, b"99999"), ["Good"]),
        (with_length(GOOD, b"     "), ["Good"]),
        (GOOD.replace(b"22", b"22", 1).replace(GOOD[12:17], b"00000", 1), ["Good"]),
        (GOOD[:27] + b"9999" + GOOD[31:], ["Good"]),
        (GOOD[:24] + b"245x" + GOOD[28:], ["broken_directory"]),
        (GOOD[:24] + GOOD[36:], ["Good"]),
        (GOOD[:24] + GOOD[30:], ["broken_directory"]),
        (b"garbage\x1d", ["broken_leader"]),
        (b"\r\n", []),
        (b"\r\n\0", []),
        (LONG, ["Long"]),
    ],
    ids=range(13),
)
def test_a_bad_record_costs_itself_only(bad, expected):
    assert read(GOOD + bad + GOOD) == ["Good", *expected, "Good"]


def test_a_field_without_indicators_or_codes_is_read():
    body = GOOD.replace(b"10\x1faGood", b"\x1fa\x1f\x1fbGood")
    assert read(body)[0] in {"Good", "Good /"}


def test_offsets_are_those_of_the_file():
    body = GOOD + b"\n" + GOOD[:100] + GOOD
    for row in rows(body):
        assert body[row.offset : row.offset + len(row.raw)] == row.raw
    assert [row.position for row in rows(body)] == [0, 1, 2]


@pytest.mark.parametrize("chunk", [7, 100, 1 << 18])
def test_records_are_the_same_wherever_chunks_end(monkeypatch, chunk):
    monkeypatch.setattr(marc21, "_CHUNK", chunk)
    body = GOOD * 3 + GOOD[:50] + LONG + GOOD
    assert read(body) == ["Good"] * 3 + ["truncated_record", "Long", "Good"]


@pytest.mark.parametrize("size", [1, 300, 2000, 1 << 20])
def test_the_rows_of_all_parts_are_those_of_the_file(size):
    body = GOOD * 4 + b"\n" + GOOD[:60] + GOOD + LONG + b"x\x1d" + GOOD + GOOD[:40]
    shape = MARC21.shape(io.BytesIO(body), ReadOptions())
    found = []
    parts = list(MARC21.split(io.BytesIO(body), shape, size))
    for part in parts:
        stream = io.BytesIO(body)
        stream.seek(part.offset)
        found += MARC21.rows(stream, shape, part)
    assert found == rows(body)
    assert size > 300 or len(parts) > 3


def test_an_endless_record_takes_bounded_memory_and_the_next_is_read(monkeypatch):
    monkeypatch.setattr(marc21, "MAX_MARC_RECORD", 1 << 20)
    body = GOOD + b"x" * (20 << 20) + b"\x1d" + GOOD
    stream = io.BytesIO(body)
    tracemalloc.start()
    found = list(MARC21.rows(stream, MARC21.shape(stream, ReadOptions()), WHOLE))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [row.reason for row in found] == [None, "record_too_long", None]
    assert found[2].offset == len(body) - len(GOOD)
    assert peak < 8 << 20
    assert all(len(row.raw) <= MAX_RECORD for row in found)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (GOOD, True),
        (b"\r\n" + GOOD, True),
        (b"x" * 30 + b"\x1d" + GOOD, True),
        (b"title,author\n12345,2\n", False),
        (b"<collection/>", False),
        (bytes(range(256)) * 9, False),
    ],
)
def test_the_format_is_found_by_its_leader(head, expected):
    assert MARC21.matches(head, "x.dat") is expected


@given(st.binary(max_size=400), st.integers(0, 500))
def test_any_bytes_end_in_rows(noise, cut):
    for row in rows(GOOD[:cut] + noise + GOOD):
        assert (row.reason is None) == bool(row.values)


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1)


@given(TEXTS, TEXTS)
def test_what_pymarc_writes_is_read(first, last):
    record = marc_record("245 10 $ax")
    texts = [f"y{text}y" for text in (first, last)]
    record.add_field(Field("653", Indicators(" ", " "), [Subfield("a", text) for text in texts]))
    (row,) = rows(record.as_marc())
    assert [subject["heading"] for subject in row.values["subjects"]] == texts
