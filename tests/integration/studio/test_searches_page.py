"""What a person takes from a search, in Chromium: link, results, and searches before."""

import csv

import pytest
from playwright.sync_api import expect

from tests.support.browser import open_chromium, shoot
from tests.support.listening import listening
from tests.support.studio_case import make_app

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
expect.set_options(timeout=30_000)


@pytest.fixture
def address(tmp_path):
    with listening(make_app(tmp_path)) as address:
        yield address


def test_a_search_has_a_link_a_file_and_a_place_among_those_before(address, tmp_path):
    with open_chromium() as browser:
        context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
        page, errors = context.new_page(), []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        expect(page.locator("#searches-part")).to_be_hidden()
        page.locator("#title").fill("Rice")
        expect(page.locator("#covers [data-cover-id]")).to_have_count(12)
        expect(page.locator("#genre-sure")).to_contain_text("Sure: at most 10%")
        page.locator("#covers-link").click()
        expect(page.locator("#status")).to_contain_text("The link is copied")
        link = page.evaluate("navigator.clipboard.readText()")
        assert link == f"{address}#title=Rice"
        with page.expect_download() as download:
            page.locator("#covers-csv").click()
        download.value.save_as(tmp_path / "covers.csv")
        rows = list(csv.DictReader((tmp_path / "covers.csv").open(encoding="utf-8-sig")))
        shown = page.locator("#covers strong").all_inner_texts()
        assert [row["title"] for row in rows] == shown
        assert all(row["image"].startswith(f"{address}covers/") for row in rows)
        before = page.locator("#searches button")
        expect(before).to_have_count(1)
        page.locator("#title").fill("")
        expect(before).to_have_text(["Rice"])
        shoot(page, "searches")
        before.click()
        expect(page.locator("#title")).to_have_value("Rice")
        page.locator("#title").fill("")
        page.locator("#searches-clear").click()
        expect(page.locator("#searches-part")).to_be_hidden()
        assert errors == []


def test_an_author_alone_is_told_to_have_a_title_and_clearing_keeps_the_author(address):
    with open_chromium() as browser:
        page = browser.new_page(viewport={"width": 360, "height": 800})
        page.goto(address)
        page.locator("#author").fill("King")
        expect(page.locator("#author-alone")).to_be_visible()
        page.locator("#title").fill("Paris")
        expect(page.locator("#author-alone")).to_be_hidden()
        expect(page.locator("#genres li").first).to_be_visible()
        page.locator("#clear").click()
        expect(page.locator("#title")).to_have_value("")
        expect(page.locator("#author")).to_have_value("King")
