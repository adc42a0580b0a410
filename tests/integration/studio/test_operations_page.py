"""The tab Operations in Chromium.

With ``SCREENSHOTS=folder`` it is saved as pictures.
"""

from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from dustjacket.pipeline.families import CLIP
from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.team_defaults import TeamDefaults, keep_copy
from dustjacket.upkeep.operations import RunEnd, keep_end
from tests.support.browser import open_chromium, shoot
from tests.support.bucket import store_in_memory
from tests.support.facts import least_facts
from tests.support.listening import listening
from tests.support.studio_case import make_app

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
expect.set_options(timeout=30_000)


@pytest.fixture
def address(tmp_path):
    """The address of a Studio with a classifier that serves, a failed run, a decision to make."""
    app = make_app(tmp_path, empty=True)
    store = app.state.studio.models.store
    store.client = store_in_memory().client
    version = "20260101T000000000000Z-0"
    for kind in (Kind.GENRE_CLASSIFIER, CLIP.evaluation):
        store.draft(kind, version).publish(facts=least_facts(kind), parents={CLIP.candidate: "c"})
    end = RunEnd(
        dag="ingest_catalog", run="r", state="failed", at=datetime.now(UTC),
        reason="the listing <b>lost</b> 40 % of its books", cure="run it with accept_changes",
    )  # fmt: skip
    keep_end(store, end)
    keep_copy(store, TeamDefaults(ingest_catalog={"source": "s3://library/books.csv"}).to_json())
    with listening(app) as address:
        yield address


def test_it_shows_what_serves_failed_and_waits_at_every_width(address):
    with open_chromium() as browser:
        page, errors = browser.new_page(), []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{address}#tab=operations")
        expect(page.locator("#ops-serving li")).to_contain_text("naive_bayes → promoted")
        failed = page.locator("#ops-failed li")
        expect(failed).to_contain_text("the listing <b>lost</b> 40 % of its books")
        expect(failed).to_contain_text("What to do: run it with accept_changes")
        expect(page.locator("#ops-waiting li")).to_contain_text("clip_candidate/c")
        expect(page.locator("#ops-running")).to_have_text("Nothing runs.")
        expect(page.locator("#ops-defaults li")).to_contain_text("s3://library/books.csv")
        expect(page.locator("#ops-disk tr")).to_have_count(2)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        for width in (1440, 360):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            shoot(page, f"operations-{width}")
        assert errors == []
