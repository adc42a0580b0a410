"""The panel *Cover* and the way back, in Chromium: addresses, previews, one prompt, the filter."""

import json
import subprocess

import pytest
from fastapi import FastAPI, Response
from PIL import Image
from playwright.sync_api import expect

from tests.support.browser import open_chromium, shoot
from tests.support.images import drawn, saved
from tests.support.listening import listening
from tests.support.studio_case import make_app

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    app = make_app(tmp_path_factory.mktemp("studio"), allow_private_addresses=True)
    with listening(app) as address:
        yield address


@pytest.fixture(scope="module")
def chromium():
    with open_chromium() as browser:
        yield browser


@pytest.fixture
def page(chromium, address):
    page, errors = chromium.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    yield page
    page.close()
    assert errors == []


def test_back_returns_to_the_search_before_and_closes_a_cover(page, address):
    title = page.locator("#title")
    title.fill("Rice")
    expect(page.locator("#covers [data-cover-id]")).to_have_count(12)
    page.wait_for_timeout(1100)  # typing rests
    title.fill("Paris")
    expect(page.locator("#top-genre")).to_contain_text("Travel")
    page.wait_for_timeout(1100)
    page.locator("#covers .open").first.click()
    expect(page.locator("#record-facts")).to_contain_text("its picture")
    page.go_back()
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(title).to_have_value("Paris")
    page.go_back()
    expect(title).to_have_value("Rice")
    page.go_forward()
    expect(title).to_have_value("Paris")
    page.go_back()
    page.go_back()
    expect(title).to_have_value("")
    assert page.url == address


def test_a_filter_that_stays_is_seen_and_removed(page):
    page.locator("#title").fill("Rice")
    page.locator("#genre-filter").select_option("Cooking")
    page.locator("#title").fill("Paris")
    chip = page.get_by_role("button", name="Only Cooking: search all genres")
    expect(chip).to_be_visible()
    shoot(page, "chip")
    chip.click()
    expect(chip).to_be_hidden()
    expect(page.locator("#genre-filter")).to_have_value("")


def test_a_picture_is_taken_from_its_address(page):
    web = FastAPI()
    web.get("/{name}")(lambda name: name and Response(saved(drawn(1)), media_type="image/jpeg"))
    page.get_by_role("tab", name="Cover").click()
    with listening(web) as server:
        page.locator("#picture-address").fill(f"{server}a.jpg")
        page.get_by_role("button", name="Fetch").click()
        expect(page.locator("#picture-name")).to_have_text("a.jpg")
        expect(page.locator("#match-covers [data-cover-id]").first).to_be_visible()
        page.locator("#picture-clear").click()
        page.locator("h1").evaluate(
            """(element, address) => {
                const dataTransfer = new DataTransfer();
                dataTransfer.setData("text/uri-list", address);
                element.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
            }""",  # noqa: E501
            f"{server}dropped.jpg",
        )
        expect(page.locator("#picture-name")).to_have_text("dropped.jpg")
        page.locator("#picture-address").fill("http://127.0.0.1:1/gone.jpg")
        page.get_by_role("button", name="Fetch").click()
        expect(page.locator("#status")).to_contain_text("cannot be fetched")


def test_the_preview_and_its_note_are_what_the_models_see(page):
    clear = Image.new("RGBA", (200, 300), (0, 0, 0, 0))
    clear.paste(drawn(1, (100, 150)), (0, 0))
    page.get_by_role("tab", name="Cover").click()
    note, picture = page.locator("#picture-note"), page.locator("#picture")
    for name, kind, words in [
        ("a.tiff", "TIFF", ""), ("a.png", "PNG", "Transparent parts count as white."),
        ("a.gif", "GIF", "the first picture is used. Transparent parts"),
    ]:  # fmt: skip
        mime = {"name": name, "mimeType": f"image/{kind.lower()}", "buffer": saved(clear, kind)}
        page.set_input_files("#image-input", mime)
        expect(page.locator("#picture-name")).to_have_text(name)
        expect(picture).to_be_visible()
        page.wait_for_function("document.getElementById('picture').naturalWidth > 0")
        expect(note).to_contain_text(words) if words else expect(note).to_be_hidden()
    shoot(page, "gif")
    prompts = page.locator("#match-prompts")
    page.locator("#prompts").fill("a fish")
    expect(prompts).to_contain_text("a fish")
    expect(page.locator("#one-prompt")).to_be_visible()
    assert "%" not in prompts.inner_text()
    page.locator("#prompts").fill("a fish\na tower")
    expect(prompts).to_contain_text("%")
    expect(page.locator("#one-prompt")).to_be_hidden()
    tiny = {"name": "t.png", "mimeType": "image/png", "buffer": saved(drawn(1, (16, 40)), "PNG")}
    page.set_input_files("#image-input", tiny)
    expect(page.locator("#match-part .message")).to_contain_text(
        "The image is refused: it is 16 x 40 pixels: at least 32 are needed on each side."
    )


def test_commands_of_the_api_are_shown_and_answered(page, address):
    page.locator("#api summary").click()
    genre, search, match = page.locator("#api-example").inner_text().split("\n\n")
    answer = subprocess.run(genre, shell=True, capture_output=True, check=True).stdout  # noqa: S602
    assert json.loads(answer)["genres"]
    assert f"{address}covers/search" in search
    assert "-F image=@cover.jpg" in match
    assert page.request.get(f"{address}openapi.json").json()["paths"]["/covers/search"]
