"""The page of an evaluation: self-contained, escaped, and readable on small screens."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from dustjacket.evaluation.drift import Drift
from dustjacket.evaluation.page import render
from dustjacket.evaluation.report import report_sections
from dustjacket.evaluation.results import measure
from dustjacket.evaluation.sections.classification import genre_section
from dustjacket.evaluation.sections.figures import project
from dustjacket.evaluation.sections.model_card import drift_section
from dustjacket.evaluation.sections.retrieval import ablation_section
from dustjacket.promotion.gate import Decision, Rule, decide
from tests.support.evaluation_case import PARAMETERS, comparison, few_images

HOSTILE = '<script>alert("x")</script> & <img src=x onerror=y> $1 {{ 7 * 7 }}'
VOID = {"meta", "img", "br", "link"}


class Page(HTMLParser):
    """Elements of a page, in order, and whether each that is opened is closed."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.text = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


@pytest.fixture(scope="module", autouse=True)
def little_to_recognise():
    with few_images():
        yield


@pytest.fixture(scope="module")
def html():
    case = comparison(test=60)
    case.covers.books.loc[case.test_indices, "title"] = [
        f"{HOSTILE} {at}" for at in case.test_indices
    ]
    case.covers.books.loc[case.test_indices[:5], "genre"] = "Travel"
    found = measure(case, None)
    decision = decide(found.gate_input, PARAMETERS)
    card = [("source of covers", HOSTILE)]
    return render("Evaluation", decision, report_sections(case, found, card))


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def test_the_page_is_well_formed_and_loads_nothing(html, page):
    assert page.open == []
    assert page.all("script") == page.all("link") == page.all("iframe") == []
    sources = [attrs["src"] for attrs in page.all("img")]
    assert len(sources) > 50
    assert all(source.startswith("data:image/") for source in sources)
    assert "url(" not in html
    assert "@import" not in html
    assert "default-src 'none'" in html


def test_text_from_data_is_escaped(html, page):
    assert "<script" not in html
    assert "onerror=y>" not in html
    assert HOSTILE in "".join(page.text)


def test_the_verdict_and_its_rules_come_first(html):
    first = html.index('id="verdict"')
    assert first < html.index("<h2>")
    assert '<strong class="broken">✗ Insufficient</strong>' in html[first : html.index("<h2>")]
    assert html.count("<li>") == sum(map(html.count, ("✓ held", "✗ broken", "○ open"))) > 2


def test_a_verdict_that_a_rule_explains_is_explained_once():
    rule = Rule("better", True, "recall rose from .1 to .8")
    shown = render("x", Decision("promoted", rule.sentence, (rule,), proven=True), [])
    assert '<strong class="held">✓ Promoted</strong>' in shown
    assert shown.count(rule.sentence) == 1
    alone = render("x", Decision("promoted", "a person said so", (rule,), proven=True), [])
    assert "<p>a person said so</p>" in alone


def test_every_picture_says_what_it_shows(page):
    assert all(attrs["alt"] for attrs in page.all("img"))


def test_a_picture_comes_first_and_further_tables_are_folded(html, page):
    section = html[html.index("<h2>Retrieval</h2>") :]
    section = section[: section.index("</section>")]
    assert section.index("<figure>") < section.index("<table>") < section.index("<details>")
    assert section.count("<summary>") == section.count("</details>") == section.count("<table>") - 1
    assert "position: sticky" in html
    assert page.open == []


def test_it_is_made_for_phones_and_for_dark_screens(html, page):
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in page.all(
        "meta"
    )
    assert "prefers-color-scheme: dark" in html
    assert html.count('<div class="scroll"><table>') == len(page.all("table"))


def test_chance_stands_in_every_table_of_models(page, html):
    tables = re.findall(r"<thead>.*?model</th>.*?</tbody>", html, re.DOTALL)
    assert len(tables) >= 7
    for table in tables:
        if "calibration error" not in table:
            assert ">chance</th>" in table


def test_ever_so_many_covers_fit_on_a_project():
    rng = np.random.default_rng(0)
    for count in (3, 49, 60):
        assert project(rng.normal(size=(count, 8)), seed=1).shape == (count, 2)


def test_unknown_results_are_shown_as_unknown():
    found = measure(comparison(known=False, train=12), None)
    assert genre_section(found).text[0].startswith("Not known")
    assert "no test cover is known" in ablation_section(found).tables[0].note
    assert drift_section(found).text[0].startswith("Not known")


def test_drift_above_its_limit_is_a_warning_on_the_page():
    warning = "title length 0.90 above max_drift=0.25"
    drifted = Drift("one", "two", 0.9, 0.1, 0.001, 0.4, 0.2, 0.01, warning)
    found = replace(measure(comparison(train=12), None), drift=drifted)
    section = drift_section(found)
    assert section.text == [f"Warning: {warning}."]
    same = replace(found, drift=replace(drifted, newest="one", warning=""))
    assert drift_section(same).text[0].startswith("None")
