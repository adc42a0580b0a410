"""New covers as a person makes them: in Chromium, in real Airflow, drawn by what the chain trained.

With ``SCREENSHOTS=folder`` each state is saved as a picture.
"""

import io
import json
import re
from datetime import UTC, datetime

import pytest
from PIL import Image
from playwright.sync_api import expect

from dustjacket.pipeline.kinds import Kind
from dustjacket.storage.manifest import version_name
from dustjacket.storage.store import Store
from tests.e2e.conftest import shoot
from tests.support.images import drawn, saved

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]
expect.set_options(timeout=60_000)
TITLE, OTHER = "Murder at the Red Tower", "The Vegetarian Kitchen"


@pytest.fixture(scope="module")
def generator(platform):
    """Let the candidate serve: a gate promotes nothing that was measured on so few titles."""
    store = Store(platform)
    candidate = store.newest(Kind.GENERATOR_CANDIDATE)
    draft = store.draft(Kind.COVER_GENERATOR, version_name(datetime.now(UTC), "0" * 12))
    for file in candidate.files:
        draft.put(file.path, store.read(candidate, file.path))
    serving = draft.publish(facts=candidate.facts)[0]
    yield f"{serving.kind}/{serving.version}"
    for key, _ in list(store.keys(serving.prefix)):
        store.client.delete_object(Bucket=store.bucket, Key=key)


@pytest.fixture
def create(browse, platform, generator):
    """The tab Create inside Airflow's page, once the generator serves."""
    page = browse(f"{platform.airflow_url}/plugin/studio", viewport={"width": 1440, "height": 1000})
    page.set_default_timeout(60_000)
    frame = page.frame_locator("iframe")
    for _ in range(30):
        expect(frame.locator("#versions li").first).to_be_visible()
        frame.get_by_role("tab", name="Create").click()
        if frame.locator("#create-none").is_hidden():
            return page, frame
        page.wait_for_timeout(1000)  # the Studio looks for new versions every five seconds
        page.reload()
    raise AssertionError(frame.locator("#create-none").text_content())


def cards(frame):
    return frame.locator("#concepts [data-seed]")


def seeds(frame):
    return [card.get_attribute("data-seed") for card in cards(frame).all()]


def make_covers(frame, title):
    frame.locator("#create-title").fill(title)
    frame.get_by_role("button", name="Make covers").click()
    # The process that draws has the lowest priority, and starts with the first request.
    expect(cards(frame)).to_have_count(4, timeout=300_000)
    expect(frame.locator("#create-go")).to_be_enabled(timeout=300_000)


def act(frame, name, number):
    frame.get_by_role("button", name=f"{name}: concept {number}", exact=True).click()


def download(page, frame, form, number):
    with page.expect_download() as found:
        act(frame, f"Download {form.upper()}", number)
    return found.value.path().read_bytes()


def test_covers_are_drawn_with_evidence_changed_and_downloaded(create, generator):
    page, frame = create
    frame.locator("#create-author").fill("Ada Stern")
    make_covers(frame, TITLE)
    expect(frame.locator("#concepts")).to_contain_text("has not passed an evaluation")
    for picture in frame.locator("#concepts img").all():
        picture.scroll_into_view_if_needed()
        expect(picture).not_to_have_js_property("naturalWidth", 0)
    shoot(page, "create-inside-airflow")
    before = seeds(frame)
    act(frame, "Lock", 2)
    act(frame, "Another", 1)
    expect(frame.locator(f"[data-seed='{before[0]}']")).to_have_count(0)
    expect(cards(frame)).to_have_count(4)
    assert seeds(frame)[1:] == before[1:]
    number = next(
        place for place, card in enumerate(cards(frame).all(), 1)
        if card.get_by_role("button", name=re.compile("Download")).count()
    )  # fmt: skip
    drawn_seed = seeds(frame)[number - 1]
    frame.locator("#create-title").fill(OTHER)
    act(frame, "New type", number)
    expect(frame.get_by_alt_text(f"Concept {number} of {OTHER}")).to_be_visible()
    assert seeds(frame)[number - 1] == drawn_seed
    layout = json.loads(download(page, frame, "json", number))
    assert layout["book"]["title"] == OTHER
    assert layout["provenance"]["generator"] == generator
    assert str(layout["provenance"]["seed"]) == drawn_seed
    svg = download(page, frame, "svg", number).decode()
    assert all(word.casefold() in svg.casefold() for word in OTHER.split())
    assert download(page, frame, "pdf", number).startswith(b"%PDF")
    with Image.open(io.BytesIO(download(page, frame, "png", number))) as cover:
        assert cover.size == (1600, 2560)


def test_own_art_gets_type_and_earlier_covers_come_back(create):
    page, frame = create
    make_covers(frame, TITLE)
    before = seeds(frame)
    art = {"name": "art.png", "mimeType": "image/png", "buffer": saved(drawn(2, (400, 640)))}
    frame.locator("#create-art").set_input_files(art)
    make_covers(frame, OTHER)
    expect(frame.locator("#concepts")).to_contain_text("On your own art")
    shoot(page, "create-own-art-inside-airflow")
    page.reload()
    frame.get_by_role("button", name=re.compile(f"^{TITLE}")).click()
    expect(cards(frame)).to_have_count(4)
    assert seeds(frame) == before
