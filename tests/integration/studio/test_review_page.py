"""The tab Review as a person uses it, in Chromium, by the keyboard alone.

With ``SCREENSHOTS=folder`` its states are saved as pictures.
"""

import csv

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from dustjacket.labelling.decisions import read_decisions
from tests.support.browser import open_chromium, shoot
from tests.support.listening import listening
from tests.support.review_case import TITLES, reviewing_app

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
expect.set_options(timeout=30_000)


@pytest.fixture
def studio(tmp_path):
    """A Studio with three books to review, and its address."""
    app = reviewing_app(tmp_path)
    with listening(app) as address:
        yield app.state.studio.models.store, address


def test_books_are_decided_by_the_keyboard_and_the_file_is_downloaded(studio, tmp_path):
    store, address = studio
    with open_chromium() as browser:
        page, errors = browser.new_page(), []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{address}#tab=review")
        title = page.locator("#review-title")
        expect(title).to_have_text(TITLES[0][0])
        expect(page.locator("#review-progress-text")).to_have_text("0 of 3 decided")
        expect(page.locator("#review-accept")).to_have_text("Accept Cooking")
        expect(page.locator("#review-keep")).to_have_text("Keep Travel")
        expect(page.locator("#review-shares li")).to_have_count(3)
        expect(page.locator("#review-no-cover")).to_be_visible()
        shoot(page, "review")
        page.keyboard.press("a")
        expect(title).to_have_text("The road")
        page.keyboard.press("u")
        expect(title).to_have_text(TITLES[0][0])
        page.keyboard.press("k")
        expect(title).to_have_text("The road")
        page.keyboard.press("o")
        expect(page.locator("#review-genre")).to_be_focused()
        page.keyboard.type("Poetry, ka")
        page.keyboard.press("Escape")
        expect(page.locator("#review-other")).to_be_hidden()
        expect(title).to_have_text("The road")
        page.keyboard.press("o")
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type("Poetry")
        page.keyboard.press("Tab")
        page.keyboard.type("it has verses")
        page.keyboard.press("Enter")
        picture = page.locator("#review-cover")
        expect(picture).to_be_visible()
        page.wait_for_function("document.getElementById('review-cover').naturalWidth > 0")
        shoot(page, "review-cover")
        found = Axe().run(page, context="#panel-review")
        assert found.violations_count == 0, found.generate_report()
        page.keyboard.press("a")
        expect(page.locator("#review-part .message")).to_contain_text("All are decided")
        expect(page.locator("#review-progress-text")).to_have_text("3 of 3 decided")
        with page.expect_download() as download:
            page.locator("text=Download corrections").click()
        rows = list(csv.DictReader(download.value.path().open()))
        assert errors == []
    assert [(row["genre"], row["why"]) for row in rows] == [
        ("Cooking", "accepted"), ("Travel", "kept"), ("Poetry", "other: it has verses"),
        ("Cooking", "accepted"),
    ]  # fmt: skip
    assert [one.genre for one in read_decisions(store)] == [row["genre"] for row in rows]
    assert all(row["when"].endswith("Z") and row["who"] for row in rows)
