"""The sample in the formats of the trade keeps to their standards."""

import random

import pytest
from onixcheck import validate
from pymarc import MARCReader, parse_xml_to_array

from dustjacket.sample.covers import cover_values
from dustjacket.sample.listing import listed_books
from dustjacket.sample.marc import write_marc, write_marcxml
from dustjacket.sample.onix import write_onix

ROWS = 300


def listed():
    return [book.values for book in listed_books(ROWS, random.Random(5))]


@pytest.fixture(params=["listing", "covers"])
def books(request):
    """Return the books of the listing, with all its faults, or those of the table of covers."""
    return listed() if request.param == "listing" else list(cover_values(40, random.Random(5)))


@pytest.mark.parametrize("release", ["3.0", "3.1"])
@pytest.mark.parametrize("short", [False, True])
def test_the_message_is_valid_by_the_schemas_of_onix(tmp_path, books, release, short):
    file = tmp_path / "listing.xml"
    write_onix(file, books, release=release, short=short)
    # The short tags of 3.1 have no RELAX NG schema.
    assert validate(str(file), ("xsd",) if short else ("xsd", "rng")) == []


@pytest.mark.parametrize(("language", "code"), [("de", "ger"), ("pt-BR", "por"), ("zh", "chi")])
def test_languages_have_their_bibliographic_codes(tmp_path, language, code):
    book = {"title": "Emma", "isbn": "9780000000002", "language": language}
    write_onix(tmp_path / "one.xml", [book])
    assert f"<LanguageCode>{code}</LanguageCode>" in (tmp_path / "one.xml").read_text()
    assert validate(str(tmp_path / "one.xml")) == []
    write_marc(tmp_path / "one.mrc", [book | {"record_id": "1", "isbn": [book["isbn"]]}])
    (record,) = MARCReader((tmp_path / "one.mrc").read_bytes())
    assert record["008"].data[35:38] == code


def records_of(file):
    reader = MARCReader(file.read_bytes(), utf8_handling="strict")
    records = list(reader)
    assert all(records), "a record that pymarc cannot read is None"
    return records


def test_every_record_is_whole_marc_21(tmp_path, books):
    file = tmp_path / "listing.mrc"
    write_marc(file, books)
    records = records_of(file)
    assert b"".join(record.as_marc() for record in records) == file.read_bytes()
    assert len({record["001"].data for record in records}) == len(records) == len(books)
    for record in records:
        leader, fixed = str(record.leader), record["008"].data
        assert (leader[5:12], leader[17:]) == ("nam a22", " c 4500")
        assert int(leader[:5]) == len(record.as_marc())
        assert (len(fixed), fixed[35:38]) == (40, "eng")
        assert len(record.get_fields("100")) <= 1
        for title in record.get_fields("245"):
            assert title.indicator1 == ("1" if record.get_fields("100") else "0")
            skipped = int(title.indicator2)
            assert title["a"][:skipped].lower() in ("", "a ", "an ", "the ")
            assert not title["a"][skipped:].lower().startswith(("a ", "an ", "the "))
        for field in record.get_fields():
            assert field.control_field or all(mark in " 0123456789" for mark in field.indicators)
    write_marcxml(tmp_path / "listing.xml", books)
    parsed = parse_xml_to_array(str(tmp_path / "listing.xml"), strict=True)
    assert [record.as_marc() for record in parsed] == [record.as_marc() for record in records]
