"""Records cut out of XML: each by itself, whatever is wrong with another or with the file."""

import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.errors import BadInputError
from dustjacket.sources import xml
from dustjacket.sources.xml import check_declarations, parse_document, read_records, text_of

GOOD = b"<r><t>good</t></r>"


def read(body, content=None, names=("r",)):
    return [
        (record.reason or text_of(record.element))
        for record in read_records(io.BytesIO(body), names, content)
    ]


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (b"<r><t>a & b</t></r>", "a & b"),
        (b"<r><t>a &eacute; &#233; &lt;i&gt; &nonsense; b</t></r>", "a é é <i> &nonsense; b"),
        (b"<r><t>a \xe9 b</t></r>", "a é b"),
        (b"<r><t>a\x01&#1;b</t></r>", "a\ufffdb"),
        (b"<r><t>a < b</t></r>", "malformed_xml"),
        (b"<r><t>a</r>", "malformed_xml"),
        (b"<r><t>a</t></q></r>", "malformed_xml"),
        (b"<r><t>a</t>", "unclosed_element"),
        (b"<r a='1' a='2'/>", "malformed_xml"),
        (b"<r>" + b"<a>" * 400 + b"</a>" * 400 + b"</r>", "malformed_xml"),
        (b"<r><t><![CDATA[a </r> <r> b]]></t></r>", "a </r> <r> b"),
        (b"<r><t>a<!-- </r> <r> -->b</t></r>", "ab"),
    ],
)
def test_a_bad_record_costs_itself_only(bad, expected):
    assert read(b"<c>" + GOOD + bad + GOOD + b"</c>") == ["good", expected, "good"]


def test_a_commented_record_is_none():
    assert read(b"<c><!-- " + GOOD + b" -->" + GOOD + b"</c>") == ["good"]


def test_a_file_that_ends_within_a_record_has_the_records_before():
    assert read(b"<c>" + GOOD + b"<r><t>b") == ["good", "truncated_record"]


def test_prefixes_are_those_of_the_file():
    body = b'<x:c xmlns:x="urn:x" xmlns:y="urn:y"><x:r><y:t y:a="1">good</y:t></x:r></x:c>'
    assert read(body) == ["good"]


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        ('<?xml version="1.0" encoding="ISO-8859-1"?><c><r>Grün</r></c>', "latin-1"),
        ('<?xml version="1.0" encoding="windows-1252"?><c><r>Grün</r></c>', "cp1252"),
        ('<?xml version="1.0" encoding="UTF-16"?><c><r>Grün</r></c>', "utf-16"),
        ('<?xml version="1.0" encoding="utf8"?><c><r>Grün</r></c>', "utf-8-sig"),
        ("<c><r>Grün</r></c>", "utf-8"),
    ],
)
def test_the_declared_encoding_is_used(body, encoding):
    assert read(body.encode(encoding)) == ["Grün"]


def test_an_unknown_encoding_is_named():
    with pytest.raises(BadInputError, match="'klingon'"):
        check_declarations(
            io.BytesIO(b'<?xml version="1.0" encoding="klingon"?><c><r/></c>'), "books.xml"
        )


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE c [<!ENTITY x 'y'>]><c><r>&x;</r></c>",
        b"<!DOCTYPE c [<!ENTITY x '<r>y</r>'>]><c>&x;</c>",
    ],
)
def test_declared_entities_are_refused(body):
    with pytest.raises(BadInputError, match=r"'books\.xml' declares XML entities"):
        check_declarations(io.BytesIO(body), "books.xml")
    with pytest.raises(BadInputError, match="entities"):
        parse_document(body)


def test_a_text_about_entities_declares_none():
    body = b"<c><r><![CDATA[<!ENTITY]]></r></c>"
    check_declarations(io.BytesIO(body), "books.xml")
    assert read(body) == ["<!ENTITY"]


def test_an_external_dtd_is_not_read(tmp_path):
    (tmp_path / "d.dtd").write_text("<!ENTITY x 'secret'>")
    body = f"<!DOCTYPE c SYSTEM '{tmp_path}/d.dtd'><c><r>&x;</r></c>".encode()
    assert read(body) == ["&x;"]


def test_a_wrapper_of_the_same_name_is_no_record():
    answer = b"<l><r><h/><m><r><t>a</t></r></m></r><r><m><r><t>b</t></r></m></r></l>"
    assert read(answer, "t") == ["a", "b"]


def test_a_broken_record_is_no_wrapper():
    assert read(b"<c><r><t>a</t><r><t>b</t></r></c>", "t") == ["unclosed_element", "b"]


def test_offsets_and_raw_bytes_are_those_of_the_file():
    body = b"\xef\xbb\xbf<c>\n" + GOOD + b"\n<r><t>x</q></r>" + GOOD + b"</c>"
    for record in read_records(io.BytesIO(body), ("r",)):
        assert body[record.offset : record.offset + len(record.raw)] == record.raw


@pytest.mark.parametrize("endless", [b"<r><t>", b"<r ", b"<!-- ", b"x"])
def test_one_endless_record_takes_bounded_memory(monkeypatch, endless):
    monkeypatch.setattr(xml, "MAX_XML_RECORD", 1 << 20)

    class Endless(io.RawIOBase):
        left = 200

        def read(self, _size=-1):
            self.left -= 1
            return b"y" * (1 << 18) if self.left > 0 else b""

    stream = Endless()
    chunks = [b"<c>" + GOOD + endless]
    original = stream.read
    stream.read = lambda _size=-1: chunks.pop() if chunks else original()
    tracemalloc.start()
    rows = list(read_records(stream, ("r",)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows[0].element is not None
    assert {row.reason for row in rows[1:]} <= {"record_too_long"}
    assert peak < 16 << 20


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]))),
    st.integers(1, 40),
)
def test_records_are_the_same_wherever_chunks_end(texts, size):
    from html import escape

    body = ("<c>" + "".join(f"<r>{escape(text)}</r>" for text in texts) + "</c>").encode()

    class Small(io.BytesIO):
        def read(self, _size=-1):
            return super().read(size)

    found = [text_of(r.element) for r in read_records(Small(body), ("r",))]
    assert found == [" ".join(text.split()) for text in texts]


@given(st.binary(max_size=300))
def test_any_bytes_end_in_rows_or_one_error(body):
    for record in read_records(io.BytesIO(b"<c>" + GOOD + body), ("r",)):
        assert (record.reason is None) == (record.element is not None)
