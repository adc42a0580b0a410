"""Fields of a book from package files of EPUB 2 and 3, and of a whole publisher's list."""

import json

import pytest

from dustjacket.sources.epub.opf import read_package
from dustjacket.sources.epub.package import cover_path, safe_path, values_of
from dustjacket.sources.xml import parse_document
from tests.conftest import ROOT
from tests.support.epub import opf

STANDARD_EBOOKS = ROOT.parent / "shared/data/standard-ebooks"


def values(metadata, *args, **named):
    return values_of(parse_document(opf(metadata, *args, **named)))


def test_epub_3_refines_its_terms():
    found = values(
        '<dc:identifier id="uid">urn:uuid:1</dc:identifier>'
        '<dc:identifier id="i">9780000000019</dc:identifier>'
        '<meta refines="#i" property="identifier-type" scheme="onix:codelist5">15</meta>'
        '<dc:title id="s">A novel</dc:title>'
        '<meta refines="#s" property="title-type">subtitle</meta>'
        '<dc:title id="e">The Key: A novel</dc:title>'
        '<meta refines="#e" property="title-type">expanded</meta>'
        '<dc:title id="t">The Key</dc:title><meta refines="#t" property="title-type">main</meta>'
        '<dc:creator id="c">Ada Stern</dc:creator>'
        '<meta refines="#c" property="role" scheme="marc:relators">aut</meta>'
        '<meta refines="#c" property="role" scheme="marc:relators">ill</meta>'
        "<dc:creator>Nils Birch</dc:creator>"
        '<dc:contributor id="d">Olga Quill</dc:contributor>'
        '<meta refines="#d" property="role">http://id.loc.gov/vocabulary/relators/trl</meta>'
        '<dc:subject id="b">FICTION / Mystery</dc:subject>'
        '<meta refines="#b" property="authority">BISAC</meta>'
        '<meta refines="#b" property="term">FIC022000</meta>'
        '<dc:subject id="h">FBA</dc:subject>'
        '<meta refines="#h" property="authority">https://ns.editeur.org/thema/</meta>'
        "<dc:subject>Keys</dc:subject><dc:subject>FIC027000</dc:subject>"
        "<dc:language>en-GB</dc:language><dc:date>1996-03-15T00:00:00Z</dc:date>"
        "<dc:description>&lt;p&gt;A tale.&lt;/p&gt;</dc:description>"
        "<dc:publisher>Penguin</dc:publisher><dc:rights>CC0</dc:rights>"
        '<meta property="belongs-to-collection">Saga</meta>'
        '<meta property="tdm:reservation">1</meta>',
        '<item id="x" href="img/c.jpg" media-type="image/jpeg" properties="cover-image"/>',
    )
    assert found == {
        "title": "The Key",
        "subtitle": "A novel",
        "contributors": [
            {"name": "Ada Stern", "role": "aut"},
            {"name": "Ada Stern", "role": "ill"},
            {"name": "Nils Birch", "role": "aut"},
            {"name": "Olga Quill", "role": "trl"},
        ],
        "subjects": [
            {"scheme": "bisac", "code": "FIC022000", "heading": "FICTION / Mystery", "main": False},
            {"scheme": "thema", "code": None, "heading": "FBA", "main": False},
            {"scheme": "own", "code": None, "heading": "Keys", "main": False},
            {"scheme": "bisac", "code": "FIC027000", "heading": None, "main": False},
        ],
        "isbn": ["9780000000019"],
        "record_id": "urn:uuid:1",
        "language": "en-GB",
        "published": "1996-03-15",
        "description": "<p>A tale.</p>",
        "publisher": "Penguin",
        "rights": "CC0",
        "collections": ["Saga"],
        "text_and_data_mining": "reserved",
        "image": "img/c.jpg",
    }


def test_epub_2_has_attributes_instead():
    found = values(
        '<dc:identifier id="uid" opf:scheme="ISBN">978-0-00-000001-9</dc:identifier>'
        "<dc:title>The Key</dc:title><dc:title>Le titre</dc:title>"
        '<dc:creator opf:role="aut" opf:file-as="Stern, Ada">Ada Stern</dc:creator>'
        '<dc:creator opf:role="ill">Nils Birch</dc:creator><dc:contributor>X</dc:contributor>'
        '<dc:date opf:event="creation">2001</dc:date>'
        '<dc:date opf:event="publication">1999-05</dc:date>'
        '<meta name="cover" content="c"/><meta name="tdm:reservation" content="0"/>',
        '<item id="c" href="c.jpg" media-type="image/jpeg"/>',
        version="2.0",
    )
    assert found["title"] == "The Key"
    assert "subtitle" not in found
    assert [c["role"] for c in found["contributors"]] == ["aut", "ill", "ctb"]
    assert found["isbn"] == ["978-0-00-000001-9"]
    assert found["published"] == "1999-05"
    assert found["image"] == "c.jpg"
    assert found["text_and_data_mining"] == "allowed"


def test_oeb_1_with_capitals_is_read():
    body = (
        b'<package unique-identifier="x"><metadata><dc-metadata '
        b'xmlns:dc="http://purl.org/dc/elements/1.0/"><dc:Title>Key</dc:Title>'
        b'<dc:Identifier id="x">urn:isbn:9780000000019</dc:Identifier></dc-metadata></metadata>'
        b"</package>"
    )
    found = read_package(body)
    assert found == {
        "title": "Key", "isbn": ["9780000000019"], "record_id": "urn:isbn:9780000000019"
    }  # fmt: skip


def test_declared_order_decides_between_titles():
    found = values(
        '<dc:title id="a">Second</dc:title><meta refines="#a" property="display-seq">2</meta>'
        '<dc:title id="b">First</dc:title><meta refines="#b" property="display-seq">1</meta>'
    )
    assert found["title"] == "First"


@pytest.mark.parametrize(
    ("metadata", "manifest", "rest", "expected"),
    [
        ("", '<item id="a" href="a.png" media-type="image/png" properties="nav cover-image"/>', "",
         "a.png"),
        ('<meta name="cover" content="a"/>', '<item id="a" href="a.png"/>', "", "a.png"),
        ('<meta content="a.png" name="cover"/>', '<item id="z" href="a.png"/>', "", "a.png"),
        ('<meta name="cover" content="a"/>',
         '<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/>', "", ""),
        ("", '<item id="cover" href="a.jpg" media-type="image/jpeg"/>', "", "a.jpg"),
        ("", '<item id="z" href="a.jpg" media-type="image/jpeg"/>',
         '<guide><reference type="cover" href="a.jpg"/></guide>', "a.jpg"),
        ("", '<item id="cover" href="../../a.jpg" media-type="image/jpeg"/>', "", ""),
        ("", '<item id="cover" href="http://x/a.jpg" media-type="image/jpeg"/>', "", ""),
        ("", '<item id="cover" href="/etc/a.jpg" media-type="image/jpeg"/>', "", ""),
        ("", '<item id="cover" href="the%20a.jpg" media-type="image/jpeg"/>', "", "the a.jpg"),
        ("", "", "", ""),
    ],
)  # fmt: skip
def test_a_cover_is_found_in_each_usual_way_and_never_outside(metadata, manifest, rest, expected):
    assert cover_path(parse_document(opf(metadata, manifest, rest))) == expected


@pytest.mark.parametrize("address", ["", "#x", "..", "a/../../b", "%2e%2e/b", "//h/a", "http://[a"])
def test_no_path_leads_outside(address):
    assert safe_path(address) == ""


def roles(contributors, role):
    return [entry["name"] for entry in contributors if entry["role"] == role]


@pytest.mark.skipif(not STANDARD_EBOOKS.exists(), reason=f"{STANDARD_EBOOKS} is absent")
def test_a_publishers_package_files_give_its_catalogue():
    wrong = []
    files = {file.stem: file for file in (STANDARD_EBOOKS / "opf").glob("*.opf")}
    for line in (STANDARD_EBOOKS / "catalog.jsonl").read_text().splitlines():
        book = json.loads(line)
        # A file's name is cut where its book's is long.
        stem = max((stem for stem in files if book["id"].startswith(stem)), key=len)
        file = files[stem]
        found = read_package(file.read_bytes())
        authors = " and ".join(roles(found["contributors"], "aut"))
        subjects = [(s["scheme"], s["code"], s["heading"]) for s in found.get("subjects", [])]
        expected = [
            (s["scheme"].lower(), None if s["code"] == "unknown" else s["code"], s["term"])
            for s in book["subjects"]
        ]
        pairs = {
            "title": (found["title"], book["title"]),
            "subtitle": (found.get("subtitle"), book["subtitle"]),
            "author": (authors, book["author"] or "Anonymous"),
            "subjects": (subjects, expected),
            "genres": (sorted(found.get("genre", [])) if book["genres"] else [], book["genres"]),
            "language": (found["language"], book["language"]),
        }
        wrong += [(book["id"], name, *pair) for name, pair in pairs.items() if pair[0] != pair[1]]
    assert wrong == []
