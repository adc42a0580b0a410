"""Text of any origin comes out clean: entities, tags, invisible characters, encoding, blanks."""

import html
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dustjacket.records.text import line_of, prose_of, trimmed, visible


@pytest.mark.parametrize(
    ("found", "clean"),
    [
        ("Mary-Kate &amp; Ashley", "Mary-Kate & Ashley"),
        ("Finnegan&#39;s Wake", "Finnegan's Wake"),
        ("Finnegan&#x27;s Wake", "Finnegan's Wake"),
        ("D&eacute;r&egrave;glement", "Dérèglement"),
        ("&#1055;&#1110;&#1076;", "Під"),
        ("AT&T and R&D", "AT&T and R&D"),
        ("Q & A", "Q & A"),
        ("&lt;i&gt;Emma&lt;/i&gt;", "Emma"),
        ("<em>Emma</em>, or <span class='x'>Pride</span>", "Emma, or Pride"),
        ("First<br/>Second", "First Second"),
        ("I <3 You", "I <3 You"),
        ("Generic List<T>", "Generic List<T>"),
        ("&#xD83D;&#0;", "\ufffd\ufffd"),
        ("Les MisÃ©rables", "Les Misérables"),
        ("Itâ€™s a Book", "It\u2019s a Book"),
        ("  two\n lines\u00a0and\u2003more ", "two lines and more"),
        ("Cafe\u0301", "Café"),
        ("half \ud83d", "half \ufffd"),
    ],
)
def test_a_title_is_one_clean_line(found, clean):
    assert line_of(found) == clean


@pytest.mark.parametrize(
    "char",
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u180e\u200b\u200e\u200f\u202a\u202e\u2060\u2064\u206f"
    "\u3164\ufe00\ufeff\uffa0\ufff9\U0001d173\U000e0001\U000e0041\U000e01ef",
)
def test_an_invisible_character_is_removed_and_alone_is_nothing(char):
    assert line_of(f"Em{char}ma{char}") == "Emma"
    assert line_of(char * 3) == ""


@pytest.mark.parametrize(
    "text",
    [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian needs the non-joiner
        "क्\u200dष",  # Hindi needs the joiner
        "ශ්\u200dරී",  # so does Sinhala
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",  # a family
        "\u2764\ufe0f\u200d\U0001f525",  # a heart on fire
        "1\ufe0f\u20e3",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # England
    ],
)
def test_a_joiner_stays_where_a_script_or_an_emoji_needs_it(text):
    assert line_of(text) == text


@pytest.mark.parametrize("text", ["a\u200db", "Ge\u200cnre", "\u200dEmma\u200c", "x\ufe0f"])
def test_a_joiner_goes_where_nothing_needs_it(text):
    assert visible(text).isascii()


@settings(deadline=None)
@given(st.text())
def test_a_line_can_be_stored_and_has_single_blanks(text):
    line = line_of(text)
    assert line.encode() is not None
    assert line == " ".join(line.split())


@settings(deadline=None)
@given(
    st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="&<>"))
)
def test_plain_text_changes_only_in_its_blanks(text):
    assert line_of(text) == " ".join(text.split()) == prose_of(text)


@settings(deadline=None)
@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=1))
def test_escaped_text_reads_as_what_was_escaped(text):
    assert line_of(html.escape(text)) == line_of(html.escape(text, quote=False))


@settings(deadline=None)
@given(st.text())
def test_a_line_without_markup_is_clean_at_once(text):
    line = line_of(text.replace("&", " ").replace("<", " "))
    assert unicodedata.is_normalized("NFC", line)
    assert visible(line) == line


@pytest.mark.parametrize(
    ("found", "clean"),
    [
        ("<p>Funny &amp; wise</p>", "Funny & wise"),
        ("<p>One</p>\n<p>Two<br/>lines &lt;x&gt;</p>", "One\n\nTwo lines <x>"),
        ("&lt;p&gt;One&lt;/p&gt;&lt;p&gt;Two&lt;/p&gt;", "One\n\nTwo"),
        ("<ul><li>a<li>b</ul>tail", "a\n\nb\n\ntail"),
        ("<script>alert(1)</script><style>p{}</style><div>Text</div>", "Text"),
        ("wrapped\nline\n\nsecond & third\r\n\r\nlast", "wrapped line\n\nsecond & third\n\nlast"),
        ("a < b and c > d", "a < b and c > d"),
        ('<?xml version="1.0" encoding="utf-8"?><p>é\0</p>', "é\ufffd"),
        ("<p>not closed", "not closed"),
        ("<p> </p>", ""),
    ],
)
def test_a_description_is_its_paragraphs(found, clean):
    assert prose_of(found) == clean


@settings(deadline=None)
@given(st.text())
def test_any_markup_gives_text_that_can_be_stored(text):
    for markup in (text, f"<p>{text}</p>", f"<div><p>{text}<br>{text}"):
        assert prose_of(markup).encode() is not None


@pytest.mark.parametrize("markup", ["<p>" * 100_000, "<div " * 100_000, "<p>" + "<" * 1_000_000])
def test_hostile_markup_takes_no_longer_than_its_length_explains(markup):
    prose_of(markup)
    line_of(markup)


def test_an_address_is_trimmed_at_its_ends_only():
    assert trimmed(" \u200ba  b\u00ad c.jpg\ufeff\n") == "a  b\u00ad c.jpg"
