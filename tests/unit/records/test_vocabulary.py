"""Vocabularies of subjects: SKOS, tables, and what is wrong with them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.errors import BadInputError
from dustjacket.records.vocabulary import MAX_RDF_BYTES, MAX_TERMS, Vocabulary, read_vocabulary

TURTLE = """
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix : <http://example.org/v/> .
:p1 a skos:Concept ; skos:prefLabel "Animals"@en, "Tiere"@de ; skos:narrower :p2 .
:p2 a skos:Concept ; skos:prefLabel "Cats"@en ; skos:altLabel "House cats"@en, "Katzen"@de .
:p3 a skos:Concept ; skos:prefLabel "Persian  cats"@en ; skos:broader :p2, :elsewhere .
:p4 a skos:Concept ; skos:prefLabel "Gone" ; owl:deprecated true .
:p5 a skos:Concept ; skos:notation "5.1" ; skos:broader <http://other.org/x> .
"""
XML = """<?xml version="1.0"?>
<!DOCTYPE rdf:RDF [<!ENTITY secret SYSTEM "file:///etc/passwd">]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns:skos="http://www.w3.org/2004/02/skos/core#">
<skos:Concept rdf:about="http://example.org/a"><skos:prefLabel>A&secret;</skos:prefLabel>
</skos:Concept></rdf:RDF>"""


def test_skos_gives_codes_labels_by_language_alternatives_and_parents():
    vocabulary = read_vocabulary(TURTLE.encode(), "animals.ttl")
    assert vocabulary.name == "animals"
    assert list(vocabulary.terms) == ["5.1", "p1", "p2", "p3"]
    assert vocabulary.terms["p1"].labels == {"de": "Tiere", "en": "Animals"}
    assert vocabulary.terms["p2"].alternatives == ("House cats", "Katzen")
    assert list(vocabulary.ancestors("p3")) == ["p2", "p1"]
    assert vocabulary.label("p1", "de") == "Tiere"
    assert vocabulary.label("p2", "de") == "Cats"
    assert vocabulary.label("5.1") == "5.1"
    assert vocabulary.unknown_parents == ["http://other.org/x"]


@pytest.mark.parametrize(
    ("code", "heading", "found"),
    [
        ("p2", "", "p2"), ("http://example.org/v/p2", "", "p2"), ("", "cats", "p2"),
        ("", "HOUSE CATS", "p2"), ("", "katzen", "p2"), ("p9", "Persian cats", "p3"),
        ("", "Dogs", None), ("", "", None), ("P2", "", None), ("", "Gone", None),
    ],
)  # fmt: skip
def test_a_subject_is_found_by_code_uri_or_any_label(code, heading, found):
    assert read_vocabulary(TURTLE.encode(), "a.ttl").find(code, heading) == found


def test_other_forms_of_rdf_are_read_and_no_entity_is_fetched():
    triples = (
        "<http://e.org/a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "
        "<http://www.w3.org/2004/02/skos/core#Concept> .\n"
    )
    assert list(read_vocabulary(triples.encode(), "a.nt").terms) == ["a"]
    (term,) = read_vocabulary(XML.encode(), "a.rdf").terms.values()
    assert term.labels == {"": "A"}


@pytest.mark.parametrize(
    ("table", "parents"),
    [
        ("code,name,parent\nF,Fiction,\nFM,Fantasy,F\n", {"F": None, "FM": "F"}),
        ("notation;label_en;label_de;broader\nF;Fiction;Belletristik;\nFM;Fantasy;;F\n",
         {"F": None, "FM": "F"}),
        ("uri,label_en,notation\nhttp://e.org/F,Fiction,\nhttp://e.org/x,Fantasy,FM\n",
         {"F": None, "FM": None}),
        ("<http://e.org/F>\tFiction\n<http://e.org/FM>\tFantasy\n", {"F": None, "FM": None}),
        ("\ufeffcode,name\nF,Fiction\n,nothing\nFM,Fantasy\n", {"F": None, "FM": None}),
    ],
)  # fmt: skip
def test_a_table_gives_the_same_terms(table, parents):
    vocabulary = read_vocabulary(table.encode(), "thema.csv")
    assert {code: term.parent for code, term in vocabulary.terms.items()} == parents
    assert vocabulary.label("FM") == "Fantasy"
    assert vocabulary.find("", "fiction") == "F"
    assert vocabulary.find("fm") == "FM"


def test_a_label_of_two_terms_names_neither_unless_one_prefers_it():
    table = "code,name,alternatives\n1,General,Misc|Other\n2,General,\n3,Other,Misc\n"
    vocabulary = read_vocabulary(table.encode(), "a.csv")
    assert vocabulary.find("", "General") is None
    assert vocabulary.find("", "Misc") is None
    assert vocabulary.find("", "Other") == "3"


@pytest.mark.parametrize(
    ("body", "name", "why"),
    [
        ("code,name,parent\na,A,b\nb,B,c\nc,C,a\n", "x.csv", "cycle of parents: a → b → c → a"),
        ("code,name,parent\na,A,a\n", "x.csv", "cycle of parents: a → a"),
        ("code,name\na,A\na,B\n", "x.csv", "two terms with the code 'a'"),
        ("code,name\n", "x.csv", "has no term"),
        ("", "x.csv", "without a column code or name"),
        ("a,b\n1,2\n", "x.csv", "without a column code or name: its header is 'a,b'"),
        ("this is no turtle", "x.ttl", "no valid turtle: "),
        ("<a><b></a>", "x.rdf", "no valid xml: "),
        ("@prefix a: <http://e.org/> . a:b a:c a:d .", "x.ttl", "has no term"),
        ('{"@context": "http://e.org/"}', "x.jsonld", ".jsonld is not read"),
        ("@prefix s: <http://www.w3.org/2004/02/skos/core#> . <http://e.org/1> a s:Concept ; "
         "s:broader <http://e.org/2> . <http://e.org/2> a s:Concept ; s:broader <http://e.org/1> .",
         "x.ttl", "cycle of parents: 1 → 2 → 1"),
    ],
)  # fmt: skip
def test_what_is_no_vocabulary_is_refused_in_one_line(body, name, why):
    with pytest.raises(BadInputError) as caught:
        read_vocabulary(body.encode(), name)
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


def test_rdf_is_refused_by_its_size_before_a_graph_is_built(monkeypatch):
    body = b"#" * (MAX_RDF_BYTES + 1)
    with pytest.raises(BadInputError, match=r"'v\.ttl' is larger than 50 MB: give a CSV table"):
        read_vocabulary(body, "v.ttl")
    monkeypatch.setattr("dustjacket.records.vocabulary.MAX_RDF_BYTES", 10)
    assert read_vocabulary(b"code,name\n1,One\n", "v.csv").terms


def test_100_000_terms_are_read_and_more_than_the_limit_are_refused(monkeypatch):
    rows = (f"c{number},Label {number},c{number // 10}" for number in range(1, 100_001))
    table = "code,name,parent\nc0,All,\n" + "\n".join(rows)
    vocabulary = read_vocabulary(table.encode(), "large.csv")
    assert len(vocabulary.terms) == 100_001
    assert list(vocabulary.ancestors("c98765")) == ["c9876", "c987", "c98", "c9", "c0"]
    assert vocabulary.find("", "label 77") == "c77"
    assert MAX_TERMS >= 100_001
    monkeypatch.setattr("dustjacket.records.vocabulary.MAX_TERMS", 2)
    with pytest.raises(BadInputError, match="more than 2 terms"):
        read_vocabulary(b"code,name\n1,x\n2,x\n3,x\n", "large.csv")


def outcome(body, name):
    try:
        return read_vocabulary(body, name)
    except BadInputError as error:
        return error


@given(st.text(max_size=200))
def test_any_text_is_a_vocabulary_or_an_error_of_one_line(text):
    for name in ("x.csv", "x.ttl"):
        found = outcome(text.encode("utf-8", "replace"), name)
        assert isinstance(found, Vocabulary) or len(str(found).splitlines()) == 1
