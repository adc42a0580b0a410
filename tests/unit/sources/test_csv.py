"""Records are split on bytes: no input stops the reader, and no record is lost."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dustjacket.sources.csv import COMMAS, MAX_RECORD, Dialect, read_records, split_records

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


def rows(data, columns=None, dialect=COMMAS):
    records = read_records(io.BytesIO(data), columns, dialect=dialect)
    return [record.fields or record.reason for record in records]


@given(
    st.integers(1, 5).flatmap(
        lambda columns: st.lists(st.lists(TEXT, min_size=columns, max_size=columns), min_size=1)
    ),
    st.sampled_from(["\n", "\r\n"]),
)
def test_whatever_a_csv_writer_quotes_is_read_back(written, line_break):
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator=line_break).writerows(written)
    assert rows(text.getvalue().encode(), len(written[0])) == [tuple(row) for row in written]


MESSY = st.lists(
    st.sampled_from([b'"', b'""', b",", b"\n", b"\r\n", b"\r", b"a", b" ", b"\0", b"\xe9", b"\xef"])
    | st.binary(max_size=5)
).map(b"".join)


@given(MESSY, st.integers(1, 3))
@example(b'\xef\xbb\xbf"a","b\n"c","d"\n', 2)
def test_every_byte_but_blank_lines_is_in_exactly_one_record(data, columns):
    reached = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    for position, record in enumerate(read_records(io.BytesIO(data), columns)):
        assert record.position == position
        assert not data[reached : record.offset].strip()
        assert data[record.offset :].startswith(record.raw)
        assert (len(record.fields) == columns) == (record.reason is None)
        reached = record.offset + len(record.raw)
    assert not data[reached:].strip()


@given(MESSY, st.none() | st.integers(1, 3), st.integers(1, 8))
@example(b'"a\nb","c"\n"d","e"\n', 2, 1)
@example(b'\xef\xbb\xbf"a","b\n"c","d"\n', 2, 1)
def test_read_in_parts_a_file_has_the_same_records(data, columns, size):
    whole = list(read_records(io.BytesIO(data), columns))
    known = columns or next((len(one.fields) for one in whole if one.fields), None)
    parts = list(split_records(io.BytesIO(data), size, columns))
    assert [one.offset for one in parts[1:]] == [one.end for one in parts[:-1]]
    read = [
        record
        for part in parts
        for record in read_records(io.BytesIO(data[part.offset :]), known, part=part)
    ]
    assert read == whole


def test_fields_are_separated_by_the_given_separator():
    assert rows(b'a\tb,c\n"d\te"\t\n', dialect=Dialect("\t")) == [("a", "b,c"), ("d\te", "")]


def test_a_field_with_a_line_break_is_one_record():
    assert rows(b'"a\nb","c"\r\n"d","e\r\nf"\r\n') == [("a\nb", "c"), ("d", "e\r\nf")]


def test_doubled_quotes_are_one_quote():
    assert rows(b'"say ""hi""",""""\n') == [('say "hi"', '"')]


def test_a_byte_order_mark_is_no_part_of_the_first_field():
    assert rows(b'\xef\xbb\xbf"a","b"\n') == [("a", "b")]


def test_unquoted_and_empty_fields_are_read():
    assert rows(b'a,,"c"\n,,\n') == [("a", "", "c"), ("", "", "")]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"caf\xc3\xa9", "café"),
        (b"caf\xe9", "café"),
        (b"caf\xe9 caf\xc3\xa9 \x93x\x94", "café café “x”"),
        (b"1890\x81E1975", "1890�E1975"),
    ],
)
def test_bytes_that_are_not_utf8_are_windows_1252(written, read):
    assert rows(b'"' + written + b'"\n') == [(read,)]


def test_an_unclosed_quote_costs_its_own_line_only():
    data = b'"a","b\n"c","d"\n"e","f"\n'
    assert rows(data, 2) == ["unclosed_quote", ("c", "d"), ("e", "f")]


def test_an_unclosed_quote_on_the_last_line_is_rejected():
    assert rows(b'"a","b"\n"c","d', 2) == [("a", "b"), "unclosed_quote"]


def test_an_unclosed_quote_does_not_swallow_a_long_file():
    tail = b'"c","d"\n' * (MAX_RECORD // 4)
    found = rows(b'"a","b\n' + tail, 2)
    assert found[0] == "unclosed_quote"
    assert found[1:] == [("c", "d")] * (MAX_RECORD // 4)


def test_an_unclosed_quote_before_unquoted_lines_costs_its_own_line_only():
    assert rows(b'a,"b\n' + b"c,d\n" * 50_000, 2) == ["unclosed_quote"] + [("c", "d")] * 50_000


def test_a_quote_inside_a_field_is_rejected():
    assert rows(b'"a "b" c","d"\n"e","f"\n', 2) == ["malformed_quotes", ("e", "f")]


def test_a_row_with_too_few_or_too_many_columns_is_rejected():
    assert rows(b"a,b\nc\nd,e,f\n") == [("a", "b"), "wrong_column_count", "wrong_column_count"]


def test_a_nul_byte_rejects_its_record():
    assert rows(b'"a","b\0"\n"c","d"\n', 2) == ["nul_byte", ("c", "d")]


@pytest.mark.parametrize("line", [b"x" * (3 * MAX_RECORD), b'"' + b"x\n" * MAX_RECORD + b'"'])
def test_a_record_too_long_is_rejected_and_cut(line):
    records = list(read_records(io.BytesIO(line + b'\n"c","d"\n'), 2))
    assert records[0].reason in {"record_too_long", "unclosed_quote"}
    assert max(len(record.raw) for record in records) <= MAX_RECORD
    assert records[-1].fields == ("c", "d")
