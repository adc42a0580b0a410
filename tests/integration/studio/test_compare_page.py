"""The page *Champion and candidate*, in Chromium."""

from types import SimpleNamespace

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from dustjacket.clip import read
from dustjacket.clip.model import random_model
from dustjacket.pipeline.kinds import Kind
from dustjacket.studio.candidate import Candidates
from tests.support.browser import open_chromium, shoot
from tests.support.listening import listening
from tests.support.studio_case import make_app, manifest

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


@pytest.fixture
def address(tmp_path, monkeypatch):
    monkeypatch.setattr(read, "load_version", lambda *_: random_model("dustjacket-small", 7))
    app, newest = make_app(tmp_path), {Kind.CLIP_CANDIDATE: manifest("clip_candidate", "new-2")}
    app.state.studio.candidates = Candidates(SimpleNamespace(newest=newest.get), tmp_path)
    with listening(app) as address:
        yield address


def test_a_title_shows_the_covers_of_both_models_beside_each_other(address):
    with open_chromium() as browser:
        for scheme, width in (("light", 1280), ("dark", 360)):
            page = browser.new_context(
                color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True
            ).new_page()
            page.goto(f"{address}compare.html#title=Rice")
            for model in ("champion", "candidate"):
                expect(page.locator(f"#{model} [data-cover-id]")).to_have_count(8, timeout=60_000)
            expect(page.locator("#candidate-version")).to_have_text("new-2")
            expect(page.locator("#compared-hint")).to_contain_text("Both search 40 covers")
            page.wait_for_timeout(500)
            shoot(page, f"compare-{scheme}-{width}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            violations = Axe().run(page).response["violations"]
            assert [(one["id"], one["nodes"][0]["html"]) for one in violations] == []
            page.locator("#title").fill("Paris")
            page.wait_for_url("**#title=Paris")
            page.context.close()
