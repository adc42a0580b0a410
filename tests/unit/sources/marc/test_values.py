# ruff: noqa: RUF001
"""Fields of a book from MARC 21: what stands where, in which form, and what is left out."""

import io

import pytest

from dustjacket.sources.marc.marc21 import read_marc21
from dustjacket.sources.marc.values import values_of
from tests.support.marc import marc_record


def values(*lines, **named):
    return values_of(read_marc21(marc_record(*lines, **named).as_marc()[:-1]))


@pytest.mark.parametrize(
    ("line", "title", "subtitle"),
    [
        ("245 10 $aThe red key :$ba novel /$cAda Stern.", "The red key", "a novel"),
        ("245 14 $aThe red key /$cAda Stern.", "The red key", None),
        ("245 10 $aThe red key.", "The red key", None),
        ("245 10 $aWhatever happened to Dr. J.R.", "Whatever happened to Dr. J.R.", None),
        ("245 10 $aWaiting ... ", "Waiting ...", None),
        ("245 10 $aWho stole it? /$cAda Stern.", "Who stole it?", None),
        ("245 10 $aSaga.$nPart 2,$pThe tower /$cAda Stern.", "Saga. Part 2, The tower", None),
        ("245 10 $aSaga.$pThe tower :$ba tale.", "Saga. The tower", "a tale"),
        ("245 10 $aDer Turm =$bThe tower.", "Der Turm", None),
        ("245 10 $aDer Turm :$bRoman = The tower : a novel.", "Der Turm", "Roman"),
        ("245 10 $aEmma ;$bPersuasion /$cJane Austen.", "Emma", None),
        ("245 10 $aHamlet$h[electronic resource] /$cX.", "Hamlet", None),
        ("245 04 $a\x98The\x9c Tower", "The Tower", None),
        ("245 10 $bonly a subtitle", "only a subtitle", None),
        ("245 10 $a1984.", "1984", None),
        ("245 10 $aC++ :$bthe language.", "C++", "the language"),
    ],
)
def test_a_title_has_its_parts_and_no_isbd_punctuation(line, title, subtitle):
    found = values(line)
    assert (found.get("title"), found.get("subtitle")) == (title, subtitle)


def test_the_title_is_in_the_script_of_the_book_and_the_other_is_kept():
    found = values(
        "100 1# $6880-01$aBulgakov, Mikhail,$eauthor.",
        "245 10 $6880-02$aMaster i Margarita :$broman.",
        "880 1# $6100-01/(N$aБулгаков, Михаил,$eauthor.",
        "880 10 $6245-02/(N$aМастер и Маргарита :$bроман.",
    )
    assert found["title"] == "Мастер и Маргарита"
    assert found["subtitle"] == "роман"
    assert found["other_title"] == "Master i Margarita"
    assert found["contributors"] == [{"name": "Михаил Булгаков", "role": "aut"}]


def test_a_linked_name_without_indicators_has_those_of_its_field():
    found = values(
        "100 1# $6880-01$aDubnow, Simon,$d1860-1941.",
        "245 10 $aX",
        "880 ## $6100-01 /(2/r$aדובנאוו, שמעון.",
    )
    assert found["contributors"] == [{"name": "שמעון דובנאוו", "role": "aut"}]


def test_a_romanised_link_does_not_displace_the_title():
    found = values("245 10 $6880-02$a雪国", "880 10 $6245-02$aYukiguni")
    assert (found["title"], found["other_title"]) == ("雪国", "Yukiguni")


def test_an_unlinked_880_is_the_title_where_there_is_no_other():
    assert values("880 10 $6245-00/$1$a雪国")["title"] == "雪国"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["100 1# $aTolkien, J. R. R.$q(John)$d1892-1973,"], [("J. R. R. Tolkien", "aut")]),
        (["100 1# $aCarroll, Lewis,$d1832-1898,$eauthor."], [("Lewis Carroll", "aut")]),
        (["100 0# $aHomer."], [("Homer", "aut")]),
        (["100 0# $aElizabeth$bII,$cQueen"], [("Elizabeth II", "aut")]),
        (["100 1# $aKing, Martin Luther,$cJr."], [("Martin Luther King, Jr.", "aut")]),
        (["110 2# $aUnited Nations.$bLibrary."], [("United Nations. Library", "aut")]),
        (
            ["100 1# $aA, B.", "700 1# $aC, D.,$etranslator.", "700 1# $aE, F.$4ill"],
            [("B. A", "aut"), ("D. C", "trl"), ("F. E", "ill")],
        ),
        (["700 1# $aA, B.", "700 1# $aC, D."], [("B. A", "aut"), ("D. C", "aut")]),
        (["100 1# $aA, B.", "700 1# $aC, D."], [("B. A", "aut"), ("D. C", "ctb")]),
        (["100 1# $aA, B.", "700 12 $aC, D.$tHis other work"], [("B. A", "aut")]),
        (
            ["700 1# $aA, B.$4http://id.loc.gov/vocabulary/relators/edt$4trl"],
            [("B. A", "edt"), ("B. A", "trl")],
        ),
        (["700 1# $aA, B.,$eÜbersetzer$eVerfasser"], [("B. A", "trl"), ("B. A", "aut")]),
    ],
)
def test_names_are_in_the_order_of_words_with_roles(lines, expected):
    found = [(entry["name"], entry["role"]) for entry in values(*lines)["contributors"]]
    assert found == expected


def test_isbns_are_without_qualifiers_and_wrong_ones():
    found = values(
        "020 ## $a9780000000019 (hbk.) :$c$20",
        "020 ## $a0000000019 :$c9.99",
        "020 ## $z9780000000026",
        "024 3# $a9780000000033",
        "024 7# $a9780000000040$2doi",
    )
    assert found["isbn"] == ["9780000000019", "0000000019", "9780000000033"]


def test_subjects_have_scheme_code_and_heading():
    found = values(
        "072 #7 $aFIC$x027000$2bisacsh",
        "072 #7 $aFBA$2thema",
        "650 10 $aDetectives$zEngland$vFiction.$0http://id.loc.gov/authorities/subjects/sh1",
        "650 #7 $aDetectives.$2fast$0(OCoLC)fst0089",
        "650 #7 $aFICTION / Mystery.$2bisacsh",
        "655 #7 $aNovels.$2lcgft",
        "650 #1 $aDetectives.",
        "650 #4 $aCrime",
        "600 10 $aHolmes, Sherlock$vFiction",
        "653 ## $akey$atower",
    )
    assert [(s["scheme"], s["code"], s["heading"], s["main"]) for s in found["subjects"]] == [
        ("bisac", "FIC027000", None, False),
        ("thema", "FBA", None, False),
        ("lcsh", "sh1", "Detectives -- England -- Fiction", True),
        ("fast", "fst0089", "Detectives", False),
        ("bisac", None, "FICTION / Mystery", False),
        ("lcgft", None, "Novels", False),
        ("lcshac", None, "Detectives", False),
        ("own", None, "Crime", False),
        ("lcsh", None, "Holmes, Sherlock -- Fiction", False),
        ("keywords", None, "key", False),
        ("keywords", None, "tower", False),
    ]


def test_language_date_publisher_description_and_identity():
    found = values(
        "245 10 $aX",
        "264 #1 $aNew York :$bPenguin,$c[1997?]",
        "520 ## $aA tale.$bOf keys.",
        "520 1# $aA review.",
        "540 ## $aCC0",
    )
    assert found["language"] == "eng"
    assert found["published"] == "1996"
    assert found["publisher"] == "Penguin"
    assert found["description"] == "A tale. Of keys."
    assert found["record_id"] == "DE-101:123"
    assert found["rights"] == "CC0"


@pytest.mark.parametrize(
    ("fixed", "line", "published", "language"),
    [
        ("960101e19960315nyu           000 1 eng d", "264 #1 $c1995", "1996-03-15", "eng"),
        ("960101s19uu    nyu           000 1 und d", "264 #1 $c[1995?]", "1995", "fre"),
        ("", "260 ## $cc1995-1998.", "1995", "fre"),
        ("short", "264 #4 $c©1990", None, "fre"),
    ],
)
def test_a_broken_008_is_completed_by_other_fields(fixed, line, published, language):
    found = values("245 10 $aX", line, "041 1# $afreeng$heng", f008=fixed)
    assert (found.get("published"), found["language"]) == (published, language)


@pytest.mark.parametrize(
    ("line", "image"),
    [
        ("856 42 $3Cover image$uhttp://x.invalid/c.jpg", "http://x.invalid/c.jpg"),
        ("856 42 $3Umschlagbild$uhttps://x.invalid/c", "https://x.invalid/c"),
        ("856 42 $uhttp://x.invalid/c$qimage/jpeg", "http://x.invalid/c"),
        ("856 42 $3Table of contents$uhttp://x.invalid/t.pdf", None),
        ("856 42 $3Publisher description, recover$uhttp://x.invalid/t", None),
        ("856 42 $3Cover$uftp://x.invalid/c.jpg", None),
        ("856 42 $3Cover$udata:image/png;base64,AA", None),
        ("856 42 $3Cover$ucovers/c.jpg", "covers/c.jpg"),
    ],
)
def test_the_cover_is_a_link_that_says_so(line, image):
    assert values("245 10 $aX", line).get("image") == image


@pytest.mark.parametrize(
    ("line", "work"),
    [
        ("240 10 $aEmma$0(DE-588)4", "DE-588:4"),
        ("758 ## $1https://viaf.org/viaf/9", "uri:viaf.org/viaf/9"),
        ("240 10 $aWorks.$kSelections$0(DE-588)4", None),
        ("240 10 $aShort stories$0(DE-588)4", None),
        ("240 10 $aEmma", None),
        ("130 0# $aBible.$0123", None),
    ],
)
def test_a_work_is_known_by_an_identifier_of_one_work(line, work):
    assert values("245 10 $aX", line).get("work_id") == work


@pytest.mark.parametrize(
    ("leader", "lines", "reason"),
    [
        ("00000nz  a2200000 a 4500", ["150 ## $aX"], "not_bibliographic"),
        ("00000njm a2200000 a 4500", ["245 10 $aX"], "not_a_book"),
        ("00000nam a2200000 a 4500", ["200 1# $aLe titre"], "unimarc"),
    ],
)
def test_records_of_other_kinds_are_named(leader, lines, reason):
    assert values(*lines, leader=leader) == reason


def test_a_deleted_record_is_a_deletion():
    found = values("245 10 $aX", leader="00000dam a2200000 a 4500")
    assert (found["notification"], found["record_id"]) == ("delete", "DE-101:123")


def test_nothing_is_written_to_the_terminal(capfd):
    body = io.BytesIO(marc_record("245 10 $aX").as_marc()).read()
    broken = body.replace(b"\x1faX", b"\x1faX\x1b$1!")[:-1]
    assert values_of(read_marc21(broken.replace(b"a2200", b" 2200")))["title"].startswith("X")
    assert capfd.readouterr() == ("", "")
