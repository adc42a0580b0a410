"""The Studio as a person uses it: in Chromium, inside real Airflow, over what the chain published.

With ``SCREENSHOTS=folder`` each state is saved as a picture.
"""

import csv
import io
import json
import random
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from dustjacket.pipeline.steps import STEPS
from dustjacket.sample.drawing import draw_cover
from dustjacket.sample.grammar import make_book
from tests.e2e.conftest import shoot, studio

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]
expect.set_options(timeout=30_000)
TITLE, OTHER = "Murder at the Red Tower", "The Vegetarian Kitchen"


def ids(page):
    return [
        one.get_attribute("data-cover-id") for one in page.locator("#covers [data-cover-id]").all()
    ]


def ask(page, title):
    page.locator("#title").fill(title)
    expect(page.locator("#genres [data-genre]").first).to_be_visible()
    expect(page.locator("#covers [data-cover-id]").first).to_be_visible()


def test_the_navigation_opens_the_studio_and_a_title_is_answered_in_it(browse, platform):
    mlflow_login = {  # which a person types into the browser's own window
        "username": platform.airflow_user,
        "password": platform.airflow_password.get_secret_value(),
        "origin": platform.mlflow_uri,
    }
    page = browse(platform.airflow_url, http_credentials=mlflow_login)
    page.locator("a[href='/plugin/studio']").click()  # the line on the home page opens a new tab
    frame = page.frame_locator("iframe")
    frame.locator("#title").fill(TITLE)
    expect(frame.locator("#genres [data-genre]").first).to_be_visible()
    expect(frame.locator("#covers [data-cover-id]").first).to_be_visible()
    expect(frame.locator("#covers img").first).to_have_js_property("complete", True)
    shown = frame.locator("#covers img").first.evaluate("image => image.naturalWidth")
    assert shown > 0, "the picture itself is shown"
    shoot(page, "inside-airflow")
    with page.expect_popup() as popup:
        frame.locator("#versions [data-kind=genre_classifier] a").click()
    expect(popup.value.get_by_text("f1_weighted").first).to_be_visible()
    assert popup.value.url.startswith(platform.mlflow_uri)


def test_a_title_typed_while_the_page_loads_is_kept_and_answered(browse, platform):
    page = browse(f"{platform.airflow_url}/plugin/studio")
    held = []

    def hold(route):
        held.append(route)

    page.route("**/dustjacket/studio.js", hold)
    page.reload(wait_until="commit")
    frame = page.frame_locator("iframe")
    frame.locator("#title").fill(TITLE)
    assert held, "the title is typed before the script runs"
    for route in held:
        route.continue_()
    expect(frame.locator("#genres [data-genre]").first).to_be_visible()
    expect(frame.locator("#title")).to_have_value(TITLE)


def test_retrain_opens_the_form_that_triggers_the_dag(browse, platform):
    page = browse(f"{platform.airflow_url}/plugin/studio")
    frame = page.frame_locator("iframe")
    frame.locator("#retrain summary").click()
    with page.expect_popup() as popup:
        frame.locator("#retrain a").first.click()
    expect(popup.value.get_by_test_id("trigger-dag-submit")).to_be_visible()
    assert "/dags/select_classifier" in popup.value.url


def test_the_pipeline_shows_where_the_work_of_each_step_stands(browse, platform):
    page = browse(f"{platform.airflow_url}/plugin/studio")
    frame = page.frame_locator("iframe")
    frame.locator("#pipeline summary").click()
    expect(frame.locator("#steps [data-step]")).to_have_count(len(STEPS))
    catalog = frame.locator("#steps [data-step=ingest_catalog]")
    expect(catalog).to_contain_text("Published")
    expect(catalog.locator("time")).not_to_be_empty()
    assert frame.locator("#steps [data-status=error]").count() == 0
    shoot(page, "pipeline")
    with page.expect_popup() as popup:
        catalog.locator("a").click()
    assert "/dags/ingest_catalog" in popup.value.url


def test_answers_change_with_the_title_and_stay_where_they_are(browse, platform):
    page = browse(studio(platform))
    ask(page, TITLE)
    first, before = ids(page), page.locator("#covers").bounding_box()
    shoot(page, "title")
    page.locator("#title").fill(OTHER)
    page.wait_for_function(
        "first => [...document.querySelectorAll('#covers [data-cover-id]')]"
        ".map(one => one.dataset.coverId).join() !== first", arg=",".join(first),
    )  # fmt: skip
    after = page.locator("#covers").bounding_box()
    assert (after["x"], after["y"], after["width"]) == (before["x"], before["y"], before["width"])


def test_covers_are_filtered_by_genre(browse, platform):
    page = browse(studio(platform))
    ask(page, TITLE)
    every = ids(page)
    genres = page.locator("#genre-filter option").all_text_contents()
    assert len(genres) > 5
    page.locator("#genre-filter").select_option(genres[1])
    page.wait_for_function(
        "every => [...document.querySelectorAll('#covers [data-cover-id]')]"
        ".map(one => one.dataset.coverId).join() !== every", arg=",".join(every),
    )  # fmt: skip
    assert set(ids(page)) != set(every)


def test_a_dropped_cover_is_matched_with_genre_and_prompts(browse, platform):
    rng, body = random.Random(3), io.BytesIO()
    book = make_book(rng)
    draw_cover(book, rng).convert("RGB").save(body, "JPEG")
    page = browse(studio(platform))
    page.get_by_role("tab", name="Cover").click()
    page.locator("#prompts").fill(f"{book.title}\na bowl of soup")
    carried = page.evaluate_handle(
        """bytes => {
            const carried = new DataTransfer();
            carried.items.add(new File([new Uint8Array(bytes)], "cover.jpg", {type: "image/jpeg"}));
            return carried;
        }""",
        list(body.getvalue()),
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": carried})
    expect(page.locator("#match-genres [data-genre]").first).to_be_visible()
    expect(page.locator("#match-covers [data-cover-id]").first).to_be_visible()
    expect(page.locator("#match-prompts")).to_contain_text("a bowl of soup")
    shoot(page, "cover")


def test_a_cover_opens_with_its_record_and_similar_ones(browse, platform):
    page = browse(studio(platform))
    ask(page, TITLE)
    page.locator("#covers .open").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("#record-similar [data-cover-id]").first).to_be_visible()
    shoot(page, "cover-dialog")
    first = dialog.locator("#record-title").inner_text()
    address = page.url
    assert "cover=" in address
    dialog.locator("#record-similar .open").first.click()
    expect(dialog.locator("#record-title")).not_to_have_text(first)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("#title")).to_have_value(TITLE)
    page.goto("about:blank")
    page.goto(address)
    expect(page.get_by_role("dialog").locator("#record-title")).to_have_text(first)


def test_a_file_of_titles_is_answered_and_downloaded(browse, platform, tmp_path):
    rng, file = random.Random(4), tmp_path / "titles.csv"
    titles = [make_book(rng).title for _ in range(150)]
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows([["title"], *([title] for title in titles), [""], ["=1+1"]])
    page = browse(studio(platform))
    page.get_by_role("tab", name="Many titles").click()
    page.locator("#csv-input").set_input_files(file)
    expect(page.locator("#batch-download")).to_be_enabled(timeout=60_000)
    shoot(page, "many")
    with page.expect_download() as download:
        page.locator("#batch-download").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    assert [row["title"] for row in rows[:150]] == titles
    assert all(row["predicted genre"] for row in rows[:150])
    assert not [row for row in rows if row["title"].startswith("=")], "no formula for a spreadsheet"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_it_fits_reads_well_and_is_accessible(browse, platform, scheme, width):
    page = browse(
        studio(platform), color_scheme=scheme, viewport={"width": width, "height": 900},
        bypass_csp=True,
    )  # fmt: skip
    shoot(page, f"first-{scheme}-{width}")
    page.locator("#pipeline summary").click()
    expect(page.locator("#steps [data-step]").first).to_be_visible()
    for tab in ("Title", "Cover", "Create", "Many titles"):
        page.get_by_role("tab", name=tab, exact=True).click()
        if tab == "Title":
            ask(page, TITLE)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing overflows"
        shoot(page, f"{tab.split()[0].lower()}-{scheme}-{width}")
        found = Axe().run(page).response["violations"]
        bad = [f"{one['id']}: {one['nodes'][0]['html']}" for one in found
               if one["impact"] in ("serious", "critical")]  # fmt: skip
        assert bad == []
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    light = sum(map(int, re.findall(r"\d+", background)[:3])) > 3 * 128
    assert light == (scheme == "light")


def test_it_works_by_keyboard_alone(browse, platform):
    page = browse(studio(platform))
    page.locator("#title").focus()
    page.keyboard.type(OTHER)
    expect(page.locator("#covers [data-cover-id]").first).to_be_visible()
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert {"author", "genre-filter"} <= seen
    page.locator("#title").focus()
    page.keyboard.press("Escape")
    expect(page.locator("#title")).to_have_value("")


def test_text_is_shown_as_text(browse, platform):
    page = browse(studio(platform))
    evil = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
    ask(page, evil)
    assert page.title() == "Dustjacket Studio"
    assert page.locator("main img[src=x]").count() == 0


def test_an_unreachable_server_is_reported_and_the_input_is_kept(browse, platform):
    page = browse(studio(platform))
    page.route("**/dustjacket/genre", lambda route: route.abort())
    page.route("**/dustjacket/covers/search", lambda route: route.abort())
    page.locator("#title").fill(TITLE)
    expect(page.locator("#status")).to_contain_text("Nothing you entered is lost")
    shoot(page, "gone")
    assert page.locator("#title").input_value() == TITLE
    page.unroute_all()
    expect(page.locator("#covers [data-cover-id]").first).to_be_visible(timeout=30_000)
    expect(page.locator("#status")).not_to_contain_text("Nothing you entered is lost")


def test_slow_answers_nothing_found_and_no_model_are_shown_as_such(browse, platform):
    page = browse(studio(platform))
    held = []

    def hold(route):
        held.append(route)

    page.route("**/dustjacket/covers/search", hold)
    page.locator("#title").fill(TITLE)
    expect(page.locator("#covers-part")).to_have_attribute("aria-busy", "true")
    shoot(page, "slow")
    page.wait_for_timeout(200)
    held.pop().fulfill(json={"covers": [], "by": []})
    expect(page.locator("#covers-part")).to_contain_text("No cover matches")
    shoot(page, "nothing")
    page.unroute_all()
    problem = {"type": "about:blank", "title": "x", "status": 503, "dag": "ingest_covers",
               "detail": "no cover index is published yet"}  # fmt: skip
    page.route("**/dustjacket/covers/search", lambda route: route.fulfill(
        status=503, body=json.dumps(problem), content_type="application/problem+json"))  # fmt: skip
    page.locator("#title").fill(OTHER)
    expect(page.locator("#covers-part")).to_contain_text("ingest_covers")
    shoot(page, "no-model")


def test_a_logged_out_user_sees_nothing(chromium, platform):
    page = chromium.new_page()
    for address in (studio(platform), f"{platform.airflow_url}/plugin/studio"):
        page.goto(address)
        page.wait_for_url(lambda url: "/auth/login" in url)
    assert page.request.get(studio(platform)).status == 401
    page.close()
