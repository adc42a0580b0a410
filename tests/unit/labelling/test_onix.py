import re
from pathlib import Path

import pytest
from onixcheck import validate

from dustjacket.labelling.label_file import label_file
from dustjacket.labelling.source import LabelOptions
from dustjacket.sample.onix import write_onix
from tests.support.labelled import VERSION, word_labeller
from tests.support.onix import descriptive, message, rows_of, titled

BOOKS = [
    {"title": "The long road", "isbn": "9780000000002", "language": "eng", "subjects": [
        {"scheme": "own", "code": "", "heading": "Old & worn", "main": False}]},
    {"title": "A star & a <cell>", "isbn": "9780000000019", "contributors": [
        {"name": "Ann Ö. Lee", "role": "aut"}]},
    {"title": "unsure", "description": "Text", "isbn": "9780000000026"},
]  # fmt: skip


def given_back(tmp_path: Path, body: bytes, scheme: str = "Our list") -> bytes:
    path = tmp_path / "feed.xml"
    path.write_bytes(body)
    return label_file(path, None, word_labeller(), LabelOptions(scheme=scheme)).out.read_bytes()


def own_subjects(body: bytes) -> list[list[str]]:
    return [
        [one["heading"] for one in row.values.get("subjects", ()) if one["scheme"] == "own"]
        for row in rows_of(body)
    ]


@pytest.mark.parametrize("release", ["3.0", "3.1"])
@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "utf-16"])
def test_a_labelled_message_is_valid_and_all_else_stays(tmp_path, release, short, encoding):
    file = tmp_path / "sample.xml"
    write_onix(file, BOOKS, release=release, short=short, encoding=encoding)
    body = file.read_bytes()
    written = given_back(tmp_path, body)
    assert own_subjects(written) == [["Old & worn", "Travel"], ["Science & Poésie"], []]
    (tmp_path / "labelled.xml").write_bytes(written)
    assert validate(str(tmp_path / "sample.xml")) == []
    assert validate(str(tmp_path / "labelled.xml")) == []
    name = "subject" if short else "Subject"
    added = rf'<{name} sourcename="Dustjacket {VERSION}, probability 0.90">.*?</{name}>'
    text, before = written.decode(encoding), body.decode(encoding)
    assert len(re.findall(added, text)) == 2
    assert re.sub(added, "", text) == before
    assert "Our list" in text
    assert given_back(tmp_path, written) == written
    other = given_back(tmp_path, written, "Another").decode(encoding)
    assert re.sub(added, "", other) == before


def test_a_subject_stands_where_the_schema_wants_it(tmp_path):
    code = "<AudienceCodeType>01</AudienceCodeType><AudienceCodeValue>01</AudienceCodeValue>"
    audience = f"<Audience>{code}</Audience>"
    form = "<ProductComposition>00</ProductComposition><ProductForm>BB</ProductForm>"
    block = f"\n {form}\n <!-- <Audience> -->\n {titled('Rice')}\n {audience}\n"
    body = message(
        descriptive(block),
        header="<Sender><SenderName>x</SenderName></Sender><SentDateTime>20260101</SentDateTime>",
    )
    body = body.replace(
        "<ONIXMessage", '<ONIXMessage xmlns="http://ns.editeur.org/onix/3.0/reference"'
    )
    written = given_back(tmp_path, body.encode())
    assert re.search(
        rb"</TitleDetail>\n <Subject [^\n]*Cooking[^\n]*</Subject>\n <Audience>", written
    )
    (tmp_path / "labelled.xml").write_bytes(written)
    assert validate(str(tmp_path / "labelled.xml")) == []


def test_products_that_cannot_be_labelled_stay_as_they_are(tmp_path):
    deleted = "<RecordReference>r.2</RecordReference><NotificationType>05</NotificationType>"
    broken = descriptive(titled("Rice")).replace("</TitleText>", "")
    body = message(deleted, broken, descriptive(titled("caf&eacute; star"))).encode()
    path = tmp_path / "feed.xml"
    path.write_bytes(body)
    labelled = label_file(path, None, word_labeller(), LabelOptions())
    assert labelled.rejected == {"delete_notice": 1, "malformed_xml": 1}
    written = labelled.out.read_bytes()
    assert written.startswith(body[: body.index(b"&eacute;")])
    assert b"&eacute; star" in written
    assert written.count(b"<Subject ") == 1
