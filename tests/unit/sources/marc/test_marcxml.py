"""MARCXML: with and without namespace, alone or wrapped, and the same books as ISO 2709."""

import io

import pytest
from pymarc import record_to_xml

from dustjacket.errors import BadInputError
from dustjacket.sources.csv import WHOLE
from dustjacket.sources.marc.marc21 import read_marc21
from dustjacket.sources.marc.marcxml import MARCXML
from dustjacket.sources.marc.values import values_of
from dustjacket.sources.tables import ReadOptions
from tests.support.marc import marc_record

RECORD = marc_record(
    "020 ## $a9780000000019",
    "100 1# $aStern, Ada,$eauthor.",
    "245 14 $aThe <red> key & tower :$ba novel /$cAda Stern.",
    "520 ## $aA tale.",
    "650 #0 $aKeys$vFiction.",
)
PLAIN = record_to_xml(RECORD, namespace=False)
SPACED = record_to_xml(RECORD, namespace=True)
PREFIXED = (
    PLAIN.replace(b"</", b"</m:").replace(b"<", b"<m:").replace(b"<m:/m:", b"</m:")
    .replace(b"<m:record", b'<m:record xmlns:m="http://www.loc.gov/MARC21/slim"')
)  # fmt: skip


def rows(body):
    assert MARCXML.matches(body[: 1 << 20], "x.xml")
    shape = MARCXML.shape(io.BytesIO(body), ReadOptions())
    return list(MARCXML.rows(io.BytesIO(body), shape, WHOLE))


def read(body):
    return [row.reason or row.values["title"] for row in rows(body)]


@pytest.mark.parametrize(
    "body",
    [
        PLAIN,
        SPACED,
        PREFIXED,
        b"<collection>" + PLAIN + b"</collection>",
        b'<?xml version="1.0"?>\n<collection xmlns="http://www.loc.gov/MARC21/slim">'
        + PLAIN
        + b"</collection>",
        b"<OAI-PMH><ListRecords><record><header><identifier>1</identifier></header><metadata>"
        + SPACED
        + b"</metadata></record></ListRecords></OAI-PMH>",
        b"<s:searchRetrieveResponse xmlns:s='urn:s'><s:records><s:record><s:recordData>"
        + PREFIXED
        + b"</s:recordData></s:record></s:records></s:searchRetrieveResponse>",
        ("<?xml version='1.0' encoding='utf-16'?>" + PLAIN.decode()).encode("utf-16"),
    ],
)
def test_a_record_is_the_same_book_however_it_is_wrapped(body):
    (row,) = rows(body)
    assert row.values == values_of(read_marc21(RECORD.as_marc()[:-1]))
    assert row.values["title"] == "The <red> key & tower"


def test_a_bad_record_costs_itself_only():
    bad = PLAIN.replace(b"</subfield>", b"", 1)
    empty = b"<record><header status='deleted'/></record>"
    body = b"<collection>" + PLAIN + bad + empty + PLAIN + PLAIN[:200]
    good = "The <red> key & tower"
    assert read(body) == [good, "malformed_xml", "no_marc_fields", good, "truncated_record"]


def test_fields_without_attributes_are_passed_over():
    body = PLAIN.replace(b"<record>", b"<record><datafield><subfield>x</subfield></datafield>")
    assert read(body) == ["The <red> key & tower"]


def test_a_file_that_declares_entities_is_refused_by_its_name():
    body = b"<!DOCTYPE c [<!ENTITY a 'b'>]>" + PLAIN
    with pytest.raises(BadInputError, match=r"'b\.xml' declares XML entities"):
        MARCXML.shape(io.BytesIO(body), ReadOptions("b.xml"))


@pytest.mark.parametrize("body", [b"<ONIXMessage/>", b"title,author\n", b"<record>x</record>"])
def test_other_xml_is_not_marcxml(body):
    assert not MARCXML.matches(body, "x.xml")
