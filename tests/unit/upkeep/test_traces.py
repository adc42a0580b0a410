"""Texts that name an erased book are recognised, and others are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.upkeep.traces import Traces

EMMA = Traces([("Emma's Lantern", "Quist, Zebulon")], [])


@pytest.mark.parametrize(
    "text",
    [
        "Emma's Lantern by Zebulon Quist",
        "emma\u2019s LANTERN;Quist, Zebulon",
        "<b>Emma&#39;s</b> Lantern, of Quist (Zebulon)",
        '{"title": "Emma\\u2019s Lantern", "author": "Z\\u0065bulon Quist"}',
    ],
)
def test_a_book_is_recognised_in_any_spelling(text):
    assert EMMA.are_in(text)


@pytest.mark.parametrize(
    "text",
    ["", "Emma's Lantern by Ada Stern", "Zebulon Quist: Nightfall", "Lantern, Zebulon Quist"],
)
def test_title_and_author_both_count(text):
    assert not EMMA.are_in(text)


@pytest.mark.parametrize(
    ("traces", "text"),
    [
        (Traces([("Dune", "Frank Herbert")], []), "Dunes, Frank Herbert"),
        (Traces([("It", "Stephen King")], []), "Shining, Stephen King: with an audit"),
        (Traces([("Ash", "Ed Lee")], []), "Ash, Teddy Leeds"),
        (Traces([], ["Plato"]), "A Platonic Friendship"),
        (Traces([], ["9780141439587"]), "97801414395871"),
    ],
)
def test_a_part_of_a_word_is_no_trace(traces, text):
    assert not traces.are_in(text)


@pytest.mark.parametrize(
    ("traces", "text"),
    [
        (Traces([("Light House", "J. R. R. Tolkien")], []), "Lighthouse; JRR Tolkien"),
        (Traces([("Lighthouse", "JRR Tolkien")], []), "Tolkien, J. R. R.: Light House"),
        (Traces([], ["J. R. R. Tolkien"]), "by JRR Tolkien"),
        (Traces([], ["Plato"]), "Plato's Republic, <b>Plato</b>"),
        (Traces([], ["Plato"]), '{"text": "two\\nPlato\\tlines"}'),
        (Traces([], ["9780141439587"]), "ISBN9780141439587"),
    ],
)
def test_spaces_count_only_at_both_ends(traces, text):
    assert traces.are_in(text)


def test_a_person_is_recognised_by_both_orders_of_the_name_and_by_nothing_less():
    stern = Traces([], ["Stern, Ada", "ada stern"])
    assert stern.are_in("ADA STERN")
    assert stern.are_in("Stern, Ada")
    assert not stern.are_in("Ada Lee and Bo Stern")


def test_an_isbn_is_recognised_with_and_without_hyphens():
    book = Traces([], ["978-0-14-143958-7", "9780141439587"])
    assert book.are_in("x,978-0-14-143958-7")
    assert book.are_in("9780141439587")
    assert book.are_in("0-14-143958-0"), "as ISBN-10"
    assert not book.are_in("9780306406157")


def test_a_short_title_without_an_author_is_in_every_text_and_so_is_not_looked_for():
    assert not Traces([("It", "")], []).are_in("It is a text")
    assert not Traces([("It", "?")], []).are_in("It is a text")
    assert not Traces([("It", "X")], []).are_in("It is a text")
    assert Traces([("It", "King")], []).are_in("It, by King")


def test_pictures_in_a_page_are_no_text():
    page = '<img src="data:image/png;base64,EmmasLanternZebulonQuist==">'
    assert not EMMA.are_in(page)


@given(st.text(), st.text(), st.text())
def test_any_text_can_be_looked_for_and_looked_at(title, author, text):
    assert Traces([(title, author)], [text]).are_in(text) in (True, False)
    assert not Traces([], []).are_in(text)
