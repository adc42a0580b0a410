"""Subjects as labels: names, parents, and what becomes of rare ones."""

import pytest

from dustjacket.errors import BadInputError
from dustjacket.genres.subject_labels import (
    SubjectNames,
    frequent_subjects,
    learnt,
    parent_of,
    subject_names,
)
from dustjacket.records.vocabulary import read_vocabulary

TABLE = b"code,name,parent,alternatives\nF,Fiction,,\nFM,Fantasy,F,Magic\nFMB,Epic,FM,\nX,War,,\n"


def subject(scheme, code="", heading=""):
    return {"scheme": scheme, "code": code, "heading": heading, "main": False}


def test_a_subject_is_named_by_its_code_or_its_heading_once():
    given = [
        subject("thema", "FM", "Fantasy"), subject("lcsh", "", "Poetry"), subject("thema", "FM"),
        subject("lcsh"),
    ]  # fmt: skip
    assert subject_names(given) == ["thema:FM", "lcsh:Poetry"]
    assert subject_names([subject("lcsh", "sh85103704", "Poetry")]) == ["lcsh:Poetry"]
    assert subject_names([subject("bisac", "FIC022000")]) == ["bisac:FIC022000"]
    assert subject_names(None) == []


@pytest.mark.parametrize(
    ("name", "parent"),
    [
        ("thema:FMB", "thema:FM"), ("thema:1DDU-GB", "thema:1DDU-G"),
        ("thema:1DDU-G", "thema:1DDU"),
        ("thema:F", None), ("bisac:FIC022000", None), ("lcsh:Poetry", None),
        ("bisac:FICTION / Mystery / Cozy", "bisac:FICTION / Mystery"),
        ("lcsh:Love -- Fiction", "lcsh:Love"), ("lcsh:Love--Fiction", "lcsh:Love"),
    ],
)  # fmt: skip
def test_a_parent_is_one_level_above(name, parent):
    assert parent_of(name) == parent


def test_rare_subjects_give_their_books_to_their_parent():
    books = [
        ["thema:FMB"],
        ["thema:FMX"],
        ["thema:FM"],
        ["thema:FMB", "thema:FMX"],
        ["lcsh:War"],
    ] * 2
    assert frequent_subjects(books, 4, 9) == ["thema:FMB", "thema:FMX"], "the parent has 2"
    assert frequent_subjects([*books, ["lcsh:War"]], 3, 9) == ["lcsh:War", "thema:FMB", "thema:FMX"]
    # A book with two rare children counts once for their parent.
    assert frequent_subjects([*books, *[["lcsh:War"]] * 4], 5, 9) == ["lcsh:War", "thema:FM"]


def test_an_unknown_subject_is_its_nearest_ancestor():
    subjects = {"thema:F": 0, "thema:FM": 1}
    assert learnt(["thema:FMBX", "thema:FM", "thema:FQ", "lcsh:War"], subjects) == [0, 1]
    assert learnt(["lcsh:War"], subjects) == []


def test_of_100_000_subjects_the_most_frequent_are_kept():
    books = [[f"lcsh:{number}", f"lcsh:{number // 2}"] for number in range(100_000)]
    kept = frequent_subjects(books, 2, 500)
    assert len(kept) == 500


@pytest.mark.parametrize("books", [[], [[], []], [["lcsh:War"]] * 9, [["lcsh:a"], ["lcsh:b"]]])
def test_fewer_than_two_subjects_with_books_enough_are_refused(books):
    with pytest.raises(BadInputError, match="min_subject_books"):
        frequent_subjects(books, 2, 500)


def by_table():
    return SubjectNames(read_vocabulary(TABLE, "own.csv"))


def test_a_vocabulary_names_subjects_by_code_or_label_and_leaves_out_others():
    by = by_table()
    given = [
        subject("thema", "FM", "Whatever"), subject("lcsh", "", "magic"),
        subject("lcsh", "", "War"), subject("lcsh", "", "Dogs"), subject("lcsh", "", "Dogs"),
    ]  # fmt: skip
    assert by.of(given) == ["own:FM Fantasy", "own:X War"]
    assert by.of(None) == []
    assert dict(by.unknown) == {"Dogs": 2}
    assert by.parent("own:FMB Epic") == "own:FM Fantasy"
    assert by.parent("own:F Fiction") is None


def test_rare_terms_fall_back_to_their_parent_in_the_vocabulary():
    by = by_table()
    books = [["own:FMB Epic"], ["own:FM Fantasy"], ["own:X War"], ["own:X War"]] * 2
    assert frequent_subjects(books, 4, 9, by.parent) == ["own:FM Fantasy", "own:X War"]
    index = {"own:F Fiction": 0, "own:X War": 1}
    assert learnt(["own:FMB Epic", "own:X War"], index, by.parent) == [0, 1]


def test_what_a_vocabulary_and_the_books_have_in_common_is_a_fact():
    by = by_table()
    names = [by.of([subject("lcsh", "", heading)]) for heading in ("Fantasy", "War", "Dogs")]
    assert by.summary(names) == {
        "name": "own", "terms": 4, "without_books": 2, "unknown": 1, "unknown_examples": ["Dogs"],
        "unknown_parents": 0,
    }  # fmt: skip
    assert SubjectNames().summary(names) == {}


@pytest.mark.parametrize(
    ("headings", "why"), [(["Dogs"], "such as 'Dogs'"), ([], "there are none")]
)
def test_a_vocabulary_of_other_subjects_is_refused(headings, why):
    by = by_table()
    names = [by.of([subject("lcsh", "", heading) for heading in headings])]
    with pytest.raises(BadInputError, match=f"none of its 4 terms.*{why}"):
        by.summary(names)
