import io
from pathlib import Path

import pymarc
import pytest

from dustjacket.labelling.label_file import Labelled, label_file
from dustjacket.labelling.source import LabelOptions
from tests.support.labelled import VERSION, word_labeller
from tests.support.marc import marc_record

OLD = r"650 #7 $81\p$aOld$2fast"
BOOKS = [
    marc_record("245 10 $aThe long road", OLD, "700 1# $aBo", r"883 0# $81\p$aother machine"),
    marc_record("245 10 $aÜber star $300", "100 1# $aAnn"),
    marc_record("245 10 $aunsure"),
]


def label(path: Path, **options: str) -> Labelled:
    out = path.with_name(f"labelled{path.suffix}")
    return label_file(path, out, word_labeller(), LabelOptions(**options))


def lines_of(record: pymarc.Record) -> list[str]:
    return str(record).splitlines()


def written_as(kind: str) -> bytes:
    if kind == "mrc":
        return b"".join(bytes(record.as_marc()) for record in BOOKS)
    if kind == "mrk":
        return "\n".join(f"{record}" for record in BOOKS).encode()
    inner = b"\n".join(pymarc.record_to_xml(record) for record in BOOKS)
    return b'<collection xmlns="http://www.loc.gov/MARC21/slim">\n' + inner + b"\n</collection>\n"


def read_as(kind: str, body: bytes) -> list[pymarc.Record]:
    if kind == "mrc":
        return list(pymarc.MARCReader(body))
    return pymarc.parse_xml_to_array(io.BytesIO(body))


@pytest.mark.parametrize("kind", ["mrc", "xml"])
def test_records_get_a_subject_and_its_origin(tmp_path, kind):
    path = tmp_path / f"books.{kind}"
    body = written_as(kind)
    path.write_bytes(body)
    labelled = label(path, source_code="ourlist")
    assert (labelled.subjects.total(), labelled.not_sure) == (2, 1)
    before, after = (read_as(kind, each) for each in (body, labelled.out.read_bytes()))
    first, second, third = after
    assert [str(field) for field in first.get_fields("650", "883")] == [
        r"=650  \7$81\p$aOld$2fast",
        r"=650  \7$82\p$aTravel$2ourlist",
        r"=883  0\$81\p$aother machine",
        rf"=883  0\$82\p$aDustjacket {VERSION}$c0.90",
    ]
    assert second["650"]["a"] == "Science & Poésie"
    assert [field.tag for field in first.fields][-5:] == ["650", "650", "700", "883", "883"]
    assert lines_of(third)[1:] == lines_of(before[2])[1:]
    assert third.leader[:5] == before[2].leader[:5]
    again = tmp_path / f"again.{kind}"
    again.write_bytes(labelled.out.read_bytes())
    assert label(again, source_code="ourlist").out.read_bytes() == again.read_bytes()
    other = read_as(kind, label(again, marc_tag="655").out.read_bytes())
    assert [field["a"] for field in other[0].get_fields("650", "655")] == ["Old", "Travel"]


def test_records_as_text_get_lines(tmp_path):
    path = tmp_path / "books.mrk"
    body = written_as("mrk").replace(b"\n", b"\r\n").removesuffix(b"\r\n")
    path.write_bytes(body)
    written = label(path).out.read_bytes()
    before, after = body.decode().split("\r\n"), written.decode().split("\r\n")
    added = [
        r"=650  \7$82{bsol}p$aTravel$2local",
        rf"=883  0\$82{{bsol}}p$aDustjacket {VERSION}$c0.90",
        r"=650  \7$81{bsol}p$aScience & Poésie$2local",
        rf"=883  0\$81{{bsol}}p$aDustjacket {VERSION}$c0.90",
    ]
    assert [line for line in after if line not in added] == before
    assert [line for line in after if line in added] == added
    assert after.index(added[0]) == after.index(r"=700  1\$aBo") - 1
    path.write_bytes(written)
    assert label(path).out.read_bytes() == written


def test_a_record_that_has_no_room_or_no_letters_for_it_stays(tmp_path):
    long = bytes(marc_record("245 10 $aRice", *[f"520 ## $a{'x' * 9052}"] * 11).as_marc())
    marc8 = bytearray(marc_record("245 10 $aThe star").as_marc())
    marc8[9:10] = b" "
    path = tmp_path / "books.mrc"
    path.write_bytes(long + marc8)
    labelled = label(path)
    assert labelled.rejected == {"record_too_long": 1, "subject_is_not_in_marc8": 1}
    assert labelled.out.read_bytes() == path.read_bytes()
