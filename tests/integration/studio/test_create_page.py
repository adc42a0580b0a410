"""The tab Create as a person uses it, in Chromium.

With ``SCREENSHOTS=folder`` each state is saved as a picture.
"""

import json
import re
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from dustjacket.feedback.store import Feedback
from dustjacket.studio.blind_pairs import BlindPairs
from dustjacket.studio.concept_jobs import ConceptJobs
from tests.support.browser import open_chromium, shoot
from tests.support.bucket import store_in_memory
from tests.support.generators import (
    WorkerInThread,
    copying_tools,
    drawing_tools,
    publish_pictures,
)
from tests.support.images import drawn, saved
from tests.support.listening import listening
from tests.support.studio_case import make_app

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
expect.set_options(timeout=60_000)
TITLE, OTHER = "The Rice Harvest at Dawn", "Beans and Other Stories"


@contextmanager
def served(home, tools=drawing_tools, **settings):
    """Yield the address of a Studio that draws in a thread, and its worker."""
    app, worker = make_app(home, **settings), WorkerInThread(tools)
    app.state.studio.concepts = ConceptJobs(worker)
    with listening(app) as address:
        try:
            yield address, worker
        finally:
            worker.may_run.set()


@contextmanager
def comparing(home):
    """Yield the address of a Studio with pictures to compare, and its state."""
    store = store_in_memory()
    publish_pictures(store)
    app = make_app(home, studio_feedback=True)
    state = app.state.studio
    state.pairs, state.models.store = BlindPairs(store), store
    state.feedback = Feedback(store, days=90, share=0)
    with listening(app) as address:
        yield address, state


@pytest.fixture(scope="module")
def chromium():
    with open_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    with served(tmp_path_factory.mktemp("studio")) as found:
        yield found


@pytest.fixture
def browse(chromium):
    """Open the tab Create; its console must stay free of errors."""
    opened = []

    def open_page(address, **options):
        context = chromium.new_context(**options)
        page, said = context.new_page(), []
        page.on("pageerror", lambda error: said.append(str(error)))
        opened.append((context, said))
        page.goto(f"{address}#tab=create")
        return page

    yield open_page
    for context, said in opened:
        context.close()
        assert said == []


def cards(page):
    return page.locator("#concepts [data-seed]")


def seeds(page):
    return [card.get_attribute("data-seed") for card in cards(page).all()]


def make_covers(page, title=TITLE):
    page.locator("#create-title").fill(title)
    page.get_by_role("button", name="Make covers").click()
    expect(cards(page)).to_have_count(4)
    expect(page.locator("#create-go")).to_be_enabled()


def act(page, name, number):
    page.get_by_role("button", name=f"{name}: concept {number}", exact=True).click()


def violations(page):
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found
            if one["impact"] in ("serious", "critical")]  # fmt: skip


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("dark", 360),
                                               ("light", 360)])  # fmt: skip
def test_concepts_come_with_evidence_on_every_screen(browse, studio, scheme, width):
    address, worker = studio
    size = {"width": width, "height": 800}
    page = browse(address, color_scheme=scheme, viewport=size)
    shoot(page, f"create-empty-{scheme}-{width}")
    worker.may_run.clear()
    page.locator("#create-title").fill(TITLE)
    page.locator("#create-author").fill("Ada Stern")
    page.get_by_role("button", name="Make covers").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    shoot(page, f"create-waiting-{scheme}-{width}")
    worker.may_run.set()
    expect(cards(page)).to_have_count(4)
    expect(page.locator("#concepts")).to_contain_text("Fits better than")
    expect(page.locator("#concepts")).to_contain_text("New enough")
    expect(page.locator("#concepts .badge")).to_have_count(1)
    expect(page.locator("#summary")).to_contain_text("4 covers made")
    for picture in page.locator("#concepts img").all():
        picture.scroll_into_view_if_needed()
        expect(picture).not_to_have_js_property("naturalWidth", 0)
    shoot(page, f"create-{scheme}-{width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing overflows"
    assert violations(page) == []


def test_the_genre_is_predicted_and_can_be_changed(browse, studio):
    page = browse(studio[0])
    page.locator("#create-title").fill("Rice, rice")
    expect(page.locator("#create-genre option").first).to_have_text("Cooking (predicted)")
    page.locator("#create-genre").select_option("Travel & Trips")
    with page.expect_request("**/create") as asked:
        make_covers(page, "Rice, rice")
    assert asked.value.post_data_json["genre"] == "Travel & Trips"


def test_a_locked_concept_stays_and_another_one_is_drawn(browse, studio):
    page = browse(studio[0])
    make_covers(page)
    before = seeds(page)
    act(page, "Lock", 2)
    expect(page.get_by_role("button", name="Lock: concept 2")).to_have_attribute(
        "aria-pressed", "true"
    )
    act(page, "Another", 3)
    expect(page.locator(f"[data-seed='{before[2]}']")).to_have_count(0)
    expect(cards(page)).to_have_count(4)
    assert [seeds(page)[place] for place in (0, 1, 3)] == [before[place] for place in (0, 1, 3)]
    after = seeds(page)
    make_covers(page)
    assert seeds(page)[1] == before[1]
    assert not set(seeds(page)) & {after[0], after[2], after[3]}


def test_type_changes_and_the_art_stays(browse, studio):
    page = browse(studio[0])
    make_covers(page)
    before, picture = seeds(page), cards(page).first.locator("img").first.get_attribute("src")
    page.locator("#create-title").fill(OTHER)
    act(page, "New type", 1)
    expect(page.get_by_alt_text(f"Concept 1 of {OTHER}")).to_be_visible()
    assert seeds(page) == before
    assert cards(page).first.locator("img").first.get_attribute("src") != picture


def test_layout_and_colours_are_chosen_and_the_art_stays(browse, studio):
    page = browse(studio[0])
    make_covers(page)
    before, picture = seeds(page), cards(page).first.locator("img").first.get_attribute("src")
    page.get_by_label("Layout").select_option("framed")
    page.get_by_label("Colours", exact=True).select_option("own")
    page.get_by_label("Field").fill("#102030")
    shoot(page, "create-colours")
    act(page, "New type", 1)
    expect(cards(page).first.locator(f"img[src='{picture}']")).to_have_count(0)
    expect(page.locator("#create-go")).to_be_enabled()
    assert seeds(page) == before
    with page.expect_download() as download:
        act(page, "Download JSON", 1)
    layout = json.loads(download.value.path().read_bytes())
    assert layout["family"].startswith("framed")
    assert layout["background"] == "#102030"
    assert violations(page) == []


def test_a_house_style_is_chosen_by_name(browse, tmp_path):
    folder = tmp_path / "styles"
    folder.mkdir()
    (folder / "night.yaml").write_text("name: Night\nseries: Night Classics")
    with served(tmp_path, house_style=folder) as (address, _):
        page = browse(address)
        expect(page.get_by_label("House style")).to_have_value("Night")
        with page.expect_request("**/create") as asked:
            page.get_by_label("House style").select_option("plain")
            make_covers(page)
        assert asked.value.post_data_json["style"] == "plain"


@pytest.mark.parametrize(
    ("form", "start"),
    [("png", b"\x89PNG"), ("svg", b"<"), ("pdf", b"%PDF"), ("json", b"{")],
)
def test_a_concept_is_downloaded_under_its_title(browse, studio, form, start):
    page = browse(studio[0])
    make_covers(page)
    with page.expect_download() as download:
        act(page, f"Download {form.upper()}", 1)
    assert download.value.suggested_filename == f"The-Rice-Harvest-at-Dawn.{form}"
    assert download.value.path().read_bytes().startswith(start)


def test_earlier_covers_are_shown_again_after_a_reload(browse, studio):
    page = browse(studio[0])
    make_covers(page)
    before = seeds(page)
    page.locator("#create-author").fill("Ada Stern")
    page.get_by_label("Layout").select_option("split")
    make_covers(page, OTHER)
    page.reload()
    page.get_by_role("button", name=re.compile(f"^{TITLE}")).click()
    expect(cards(page)).to_have_count(4)
    assert seeds(page) == before
    expect(page.locator("#create-author")).to_have_value("")
    page.get_by_role("button", name=re.compile(f"^{OTHER}")).click()
    expect(page.locator("#create-author")).to_have_value("Ada Stern")
    expect(page.get_by_label("Layout")).to_have_value("split")


def test_type_is_set_on_own_art_where_nothing_can_be_drawn(browse, tmp_path):
    with served(tmp_path, generation=False) as (address, _):
        page = browse(address)
        expect(page.locator("#create-none")).to_contain_text("DUSTJACKET_GENERATION=true")
        expect(page.locator("#create-go")).to_be_disabled()
        shoot(page, "create-off")
        art = {"name": "art.png", "mimeType": "image/png", "buffer": saved(drawn(2, (400, 640)))}
        page.locator("#create-art").set_input_files(art)
        expect(page.locator("#create-go")).to_be_enabled()
        make_covers(page)
        expect(page.locator("#concepts")).to_contain_text("On your own art")
        assert page.get_by_role("button", name=re.compile("Another")).count() == 0
        shoot(page, "create-own-art")
        page.get_by_role("button", name="Remove").click()
        expect(page.locator("#create-go")).to_be_disabled()
        assert violations(page) == []


def test_art_that_cannot_be_used_is_refused_with_the_reason(browse, studio):
    page = browse(studio[0])
    small = {"name": "a.png", "mimeType": "image/png", "buffer": saved(drawn(2, (60, 90)))}
    page.locator("#create-title").fill(TITLE)
    page.locator("#create-art").set_input_files(small)
    page.get_by_role("button", name="Make covers").click()
    expect(page.locator("#concepts-part")).to_contain_text("it is 60 x 90 pixels: at least")
    page.get_by_role("button", name="Remove").click()
    make_covers(page)


def test_a_near_copy_is_shown_beside_the_real_cover_without_downloads(browse, tmp_path):
    with served(tmp_path, copying_tools) as (address, _):
        page = browse(address)
        make_covers(page)
        expect(page.locator("#concepts")).to_contain_text("Too close to a real cover")
        shoot(page, "create-copies")
        for card in cards(page).all():
            assert card.get_by_role("button", name=re.compile("Download")).count() == 0
            expect(card.locator(".near img")).not_to_have_js_property("naturalWidth", 0)
        assert violations(page) == []


def test_cancelling_keeps_what_was_there(browse, studio):
    address, worker = studio
    page = browse(address)
    make_covers(page)
    before = seeds(page)
    act(page, "Lock", 1)
    worker.may_run.clear()
    page.get_by_role("button", name="Make covers").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#create-go")).to_be_enabled()
    worker.may_run.set()
    assert seeds(page)[0] == before[0]


def test_it_works_by_keyboard_alone(browse, studio):
    page = browse(studio[0])
    page.locator("#create-title").focus()
    page.keyboard.type(TITLE)
    page.keyboard.press("Enter")
    expect(cards(page)).to_have_count(4)
    expect(page.locator("#create-go")).to_be_enabled()
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.add(page.evaluate(
            "document.activeElement.getAttribute('aria-label') || document.activeElement.id"
        ))  # fmt: skip
    wanted = {"create-author", "create-genre", "create-daring", "create-art", "create-go"}
    assert wanted | {"Lock: concept 1", "Download PDF: concept 4"} <= seen
    page.get_by_role("button", name="Lock: concept 1").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Lock: concept 1"


def test_pictures_are_compared_blind_with_mouse_and_keys(browse, tmp_path):
    with comparing(tmp_path) as (address, state):
        page = browse(address, viewport={"width": 360, "height": 800})
        page.get_by_role("link", name="Compare pictures blind").click()
        page.wait_for_url("**/pairs.html")
        picture = page.get_by_role("button", name="Picture A").locator("img")
        expect(picture).not_to_have_js_property("naturalWidth", 0)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert violations(page) == []
        shoot(page, "pairs-360")
        page.get_by_role("button", name="Picture A").click()
        expect(page.locator("#pair-count")).to_contain_text("1 vote.")
        expect(page.locator("#choose-neither")).to_be_enabled()
        page.keyboard.press("n")
        expect(page.locator("#pair-count")).to_contain_text("2 votes.")
        state.feedback.flush()
        page.get_by_text("What people chose so far").click()
        expect(page.locator("#pair-results td").first).to_have_text("candidate-1")
        shoot(page, "pairs-results-360")
        assert violations(page) == []


def test_text_is_shown_as_text(browse, studio):
    page = browse(studio[0])
    make_covers(page, '<img src=x onerror="document.title=1">')
    assert page.title() == "Dustjacket Studio"
    assert page.locator("main img[src=x]").count() == 0
