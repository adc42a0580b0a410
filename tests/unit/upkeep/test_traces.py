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


def test_a_person_is_recognised_by_both_orders_of_the_name_and_by_nothing_less():
    stern = Traces([], ["Stern, Ada", "ada stern"])
    assert stern.are_in("ADA STERN")
    assert stern.are_in("Stern, Ada")
    assert not stern.are_in("Ada Lee and Bo Stern")


def test_an_isbn_is_recognised_with_and_without_hyphens():
    book = Traces([], ["978-0-14-143958-7", "9780141439587", "014143958"])
    assert book.are_in("x,978-0-14-143958-7")
    assert book.are_in("9780141439587")
    assert book.are_in("0-14-143958-0"), "as ISBN-10"
    assert not book.are_in("9780306406157")


def test_a_short_title_without_an_author_is_in_every_text_and_so_is_not_looked_for():
    assert not Traces([("It", "")], []).are_in("It is a text")
    assert Traces([("It", "King")], []).are_in("It, by King")


def test_pictures_in_a_page_are_no_text():
    page = '<img src="data:image/png;base64,EmmasLanternZebulonQuist==">'
    assert not EMMA.are_in(page)


@given(st.text(), st.text(), st.text())
def test_any_text_can_be_looked_for_and_looked_at(title, author, text):
    assert Traces([(title, author)], [text]).are_in(text) in (True, False)
    assert not Traces([], []).are_in(text)
