"""Values in each form that files have: numbers, lists, their texts, and objects."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dustjacket.records.values import (
    MISSING_WORDS,
    is_container,
    is_missing,
    items_of,
    kept_for_short_texts,
    names_of,
    scalar,
)

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1984.0, "1984"),
        (1984, "1984"),
        (9.780141439587e12, "9780141439587"),
        (4.5, "4.5"),
        (float("nan"), ""),
        (float("inf"), ""),
        (None, ""),
        ("1984.0", "1984.0"),
        (b"Caf\xc3\xa9", "Café"),
        (["Emma"], "Emma"),
        (["Emma", "Persuasion"], ""),
        ({"a": 1}, ""),
        ([], ""),
    ],
)
def test_a_value_as_text(value, text):
    assert scalar(value) == text


@pytest.mark.parametrize(
    "value",
    [
        ["Neil Gaiman", "Terry Pratchett"],
        '["Neil Gaiman", "Terry Pratchett"]',
        "['Neil Gaiman', 'Terry Pratchett']",
        "('Neil Gaiman', 'Terry Pratchett')"[1:-1].join("[]"),
        "['Neil Gaiman' 'Terry Pratchett']",
        "{'Neil Gaiman', 'Terry Pratchett'}",
        "[Neil Gaiman, Terry Pratchett]",
        [{"name": "Neil Gaiman"}, {"name": "Terry Pratchett", "role": ""}],
        "[{'name': 'Neil Gaiman'}, {'name': 'Terry Pratchett'}]",
        '[{"full_name": "Neil Gaiman"}, {"author": {"name": "Terry Pratchett"}}]',
        [{"given": "Neil", "family": "Gaiman"}, {"First Name": "Terry", "last_name": "Pratchett"}],
        {"Terry Pratchett": 2, "Neil Gaiman": 7},
        [["Neil Gaiman"], ["Terry Pratchett"]],
    ],
)
def test_a_list_is_read_in_each_form(value):
    assert names_of(value) == ["Neil Gaiman", "Terry Pratchett"]


@pytest.mark.parametrize(
    "value", ["[]", [], "{}", {}, None, "", [None], [""], [[]], {"id": 3, "x": []}]
)
def test_an_empty_list_or_an_object_without_a_name_is_nothing(value):
    assert names_of(value) == []


@pytest.mark.parametrize("text", ["[sic", "Emma [a novel]", "{", "[1", "a [b] c", "O'Brien"])
def test_text_that_is_no_list_stays_text(text):
    assert items_of(text) == [text]


@pytest.mark.parametrize(
    "text", ["['" * 50_000, "[" * 100_000 + "]" * 100_000, "[" + "9" * 90_000 + "]"]
)
def test_a_hostile_list_costs_nothing_but_itself(text):
    assert isinstance(names_of(text), list)


@settings(deadline=None)
@given(JSON_VALUES)
def test_no_name_is_the_text_of_a_container(value):
    for form in (value, json.dumps(value), repr(value)):
        if is_container(value) and isinstance(form, str) and len(form) > 2:
            assert form not in names_of(form)
        assert all(isinstance(name, str) for name in names_of(form))
    assert isinstance(scalar(value), str)


@pytest.mark.parametrize(
    "word", ["NULL", "None", "nan", "NaN", "N/A", "\\N", "null", "na", "", "-"]
)
def test_the_usual_words_for_missing_are_missing(word):
    assert is_missing(word, frozenset(MISSING_WORDS))
    assert not is_missing("Nan Shepherd", frozenset(MISSING_WORDS))


def test_results_are_kept_for_short_texts_alone():
    calls = []

    @kept_for_short_texts(8)
    def work(value, more=0):
        calls.append(value)
        return len(value) + more

    for value in ("short", "long" * 100, ["a", "list"]):
        assert [work(value), work(value), work(value, 1)] == [len(value)] * 2 + [len(value) + 1]
    assert [calls.count(value) for value in ("short", "long" * 100, ["a", "list"])] == [2, 3, 3]
