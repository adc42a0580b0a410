"""Contributors keep their order and role; the author's text is made of authors."""

import pytest

from dustjacket.records.contributors import (
    Contributor,
    as_written,
    author_text,
    contributors_in,
    role_of,
)

MISSING = frozenset({"null", "nan"})


def people(value, role="aut"):
    return [(person.name, person.role) for person in contributors_in(value, role, MISSING)]


def test_people_of_every_form_keep_their_order_and_role():
    assert people("Terry Pratchett & Neil Gaiman") == [
        ("Terry Pratchett", "aut"),
        ("Neil Gaiman", "aut"),
    ]
    assert people("Gaiman, Neil; Pratchett, Terry") == [
        ("Gaiman, Neil", "aut"),
        ("Pratchett, Terry", "aut"),
    ]
    assert people(["Homer", "Homer", "nan"]) == [("Homer", "aut")]
    assert people([{"name": "Homer", "role": ""}, {"name": "E. Wilson", "role": "Translator"}]) == [
        ("Homer", "aut"), ("E. Wilson", "trl"),
    ]  # fmt: skip
    assert people([{"name": "A", "role": "ill"}]) == [("A", "ill")]
    assert people("Hergé [author] ; Turner, Michael [translator]") == [
        ("Hergé", "aut"),
        ("Turner, Michael", "trl"),
    ]
    assert people("Barnes & Noble", "trl")[0] == ("Barnes", "trl")
    assert people("AT&T") == [("AT&T", "aut")]
    assert people("NULL") == people({"id": 4}) == people(None) == []


@pytest.mark.parametrize(
    ("word", "role"),
    [
        ("Translator", "trl"),
        ("translated by", "trl"),
        ("Übersetzer", "trl"),
        ("ill", "ill"),
        ("Verfasser", "aut"),
        ("1965", None),
        ("Goodreads", None),
    ],
)
def test_a_role_in_words_is_a_relator_code(word, role):
    assert role_of(word) == role


def test_the_author_is_an_author_then_an_editor_and_never_a_translator():
    author, editor, translator = (
        Contributor("A", "aut"),
        Contributor("E", "edt"),
        Contributor("T", "trl"),
    )
    assert author_text([translator, editor, author]) == "A"
    assert author_text([translator, editor]) == "E"
    assert author_text([translator]) == ""
    assert author_text([author, Contributor("B", "aut")]) == "A, B"
    assert author_text([Contributor("A, X", "aut"), Contributor("B, Y", "aut")]) == "A, X; B, Y"


def test_text_that_is_no_list_is_published_as_it_is():
    assert (
        as_written("Terry Pratchett &amp; Neil Gaiman", MISSING) == "Terry Pratchett & Neil Gaiman"
    )
    assert as_written("nan", MISSING) == ""
    assert as_written("['A', 'B']", MISSING) is None
    assert as_written("A|B", MISSING) is None
    assert as_written({"name": "A"}, MISSING) is None
