"""MARC as text: the same books as in the exchange format, and faults cost single records."""

import io

from hypothesis import given
from hypothesis import strategies as st

from dustjacket.sources.csv import WHOLE
from dustjacket.sources.marc import marc_text
from dustjacket.sources.marc.marc21 import read_marc21
from dustjacket.sources.marc.marc_text import MARC_TEXT
from dustjacket.sources.marc.values import values_of
from dustjacket.sources.tables import ReadOptions
from tests.support.marc import marc_record
from tests.support.rows import rows_of

RECORD = marc_record(
    "020 ## $a9780000000019",
    "100 1# $aStern, Ada,$eauthor.",
    "245 14 $aThe red key & tower :$ba novel /$cAda Stern.",
    "520 ## $aA tale of {keys} worth 5$ a piece.".replace("5$", "5{dollar}"),
    "650 #0 $aKeys$vFiction.",
)
TEXT = str(RECORD).encode()
"""As pymarc writes it: blanks of indicators are backslashes."""


def test_a_record_is_the_same_book_as_in_the_exchange_format():
    expected = values_of(read_marc21(RECORD.as_marc().rstrip(b"\x1d")))
    expected["description"] = expected["description"].replace("{dollar}", "$")
    for body in (TEXT, TEXT.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + TEXT):
        (row,) = rows_of(MARC_TEXT, body)
        assert row.values == expected
    assert expected["title"] == "The red key & tower"


def test_records_end_at_blank_lines_and_at_leaders():
    rows = rows_of(MARC_TEXT, TEXT + TEXT.rstrip() + b"\n\n\n" + TEXT)
    assert [row.values["title"] for row in rows] == ["The red key & tower"] * 3
    body = TEXT + TEXT
    assert [body[row.offset : row.offset + 4] for row in rows_of(MARC_TEXT, body)] == [b"=LDR"] * 2


def test_a_line_that_begins_no_field_goes_on_with_the_one_before():
    body = TEXT.replace(b"A tale of", b"A tale\nof")
    (row,) = rows_of(MARC_TEXT, body)
    assert row.values["description"].startswith("A tale of {keys}")


def test_a_broken_record_costs_itself_only(monkeypatch):
    monkeypatch.setattr(marc_text, "MAX_MARC_RECORD", 2000)
    endless = b"=LDR  00000nam a2200000 a 4500\n" + b"=500  \\\\$ax\n" * 400 + b"\n"
    body = TEXT + b"\n=245  10$aNo leader\n\n=LDR  00000nam a2200000 a 4500\n\n" + endless + TEXT
    found = [row.reason or row.values["title"] for row in rows_of(MARC_TEXT, body)]
    assert found == [
        "The red key & tower", "broken_leader", "no_marc_fields", "record_too_long",
        "The red key & tower",
    ]  # fmt: skip


@given(st.binary(max_size=300))
def test_any_bytes_give_rows(body):
    shape = MARC_TEXT.shape(io.BytesIO(body), ReadOptions("x"))
    rows = list(MARC_TEXT.rows(io.BytesIO(TEXT + body), shape, WHOLE))
    assert [row.position for row in rows] == list(range(len(rows)))
