"""Dates in the usual forms become ISO dates or years; languages become tags."""

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dustjacket.records.dates import date_of, language_of


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2005-01-31", "2005-01-31"),
        ("2005-01", "2005-01"),
        ("2005", "2005"),
        ("2008.0", "2008"),
        ("2005-01-31T10:00:00+00:00", "2005-01-31"),
        ("2005/1/31", "2005-01-31"),
        ("20050131", "2005-01-31"),
        ("200501", "2005-01"),
        ("31.01.2005", "2005-01-31"),
        ("31/01/2005", "2005-01-31"),
        ("01/31/2005", "2005-01-31"),
        ("02/03/1999", "1999"),
        ("January 31, 2005", "2005-01-31"),
        ("31 janvier 2005", "2005-01-31"),
        ("3. März 1999", "1999-03-03"),
        ("15 de agosto de 2001", "2001-08-15"),
        ("Dec 1999", "1999-12"),
        ("2005年1月31日", "2005-01-31"),
        ("2005年", "2005"),
        ("c1987", "1987"),
        ("[1922?]", "1922"),
        ("2005-02-31", "2005-02"),
        ("0", None),
        ("-720.0", None),
        ("2376", None),
        ("unknown", None),
        ("", None),
    ],
)
def test_a_date_keeps_what_is_known_of_it(text, date):
    assert date_of(text) == date


@settings(deadline=None)
@given(
    st.dates(
        min_value=datetime.date(1000, 1, 1),
        max_value=datetime.date(2100, 12, 31),
    )
)
def test_an_iso_date_stays(date):
    assert date_of(date.isoformat()) == date.isoformat()


@settings(deadline=None)
@given(st.text())
def test_any_text_has_a_date_or_a_language_or_none(text):
    assert date_of(text) is None or date_of(date_of(text)) == date_of(text)
    assert language_of(text) is None or language_of(language_of(text)) == language_of(text)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("eng", "en"),
        ("ger", "de"),
        ("en-CA", "en-CA"),
        ("pt_BR", "pt-BR"),
        ("English", "en"),
        ("Deutsch", "de"),
        ("日本語", "ja"),
        ("/languages/fre", "fr"),
        ("eng, fre", "en"),
        ("['en', 'fr']", "en"),
        ("e=mc2", None),
        ("und", None),
        ("", None),
    ],
)
def test_a_language_is_a_tag(text, tag):
    assert language_of(text) == tag
