"""The console prints what comes from outside literally, and harmlessly."""

import io
import json
import unicodedata

from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.table import Table

from dustjacket.cli.context import LiteralConsole, print_json

HARMLESS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp")), max_size=60
)


def row(*cells):
    table = Table("name", title=cells[0])
    table.add_row(*cells)
    return table


def plain(text):
    """Return text without the styles of a terminal."""
    file = io.StringIO()
    LiteralConsole(file=file, width=2000).print(text, highlight=False)
    return file.getvalue()


@settings(max_examples=200, deadline=None)
@given(HARMLESS)
@example("[/bold] x")
@example("[link=https://example.org]here[/link]")
@example("[red]:+1: \\[x] trailing\\")
def test_a_text_from_outside_is_printed_literally(text):
    assert text.strip() in plain(text)
    shown = plain(row(text))
    assert shown.count(text.strip()) >= 2  # as the title, and in a cell


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
@example("\x1b]0;title\x07\x1b[2J")
@example("\u202egnp.exe")
@example("\udcff not UTF-8")
@example("\x9b2J")
def test_a_text_from_outside_cannot_steer_the_terminal(text):
    shown = plain(text)
    steering = {c for c in shown if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t"}
    assert steering == set()
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def test_a_link_in_a_title_does_not_become_one_of_the_terminal():
    file = io.StringIO()
    LiteralConsole(file=file, force_terminal=True).print(row("[link=https://example.org]x[/link]"))
    assert "\x1b]8" not in file.getvalue()


def test_json_of_an_argument_that_is_not_utf_8_is_printed(capsysbinary):
    print_json({"title": "Nausea \udcff", "author": "Sartre \u2019"})
    assert json.loads(capsysbinary.readouterr().out)["title"] == "Nausea ?"
