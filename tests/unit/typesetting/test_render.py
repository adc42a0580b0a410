import io

import numpy as np
import pytest
from PIL import Image

from dustjacket.errors import BadInputError
from dustjacket.typesetting.book import Book
from dustjacket.typesetting.layout import lay_out
from dustjacket.typesetting.provenance import Provenance
from dustjacket.typesetting.render import FORMS, render
from dustjacket.typesetting.style import FrameStyle, HouseStyle, load_style
from tests.support.legibility import (
    character_errors,
    distance,
    sample_art,
    script_errors,
    why_not_read,
)
from tests.support.titles import AUTHORS, titles_in
from tests.unit.typesetting.conftest import png_of

MARKUP = '#set page(fill: red) $x^2$ @ref \\ "q" <b>&amp; #sys.inputs *a* `c`'
GENERATED = Provenance(generator="g 1", conditioner="clip 2", seed=5)


@pytest.fixture(scope="module")
def layout(art):
    book = Book("The Moon Pool", author="A. Merritt", genre="Science Fiction")
    style = HouseStyle(families=("overlay",), position="top", align="left")
    return lay_out(art, book, style, 1, provenance=GENERATED)


@pytest.mark.parametrize("form", FORMS)
def test_same_input_gives_the_same_bytes_with_provenance(layout, art_png, form):
    body = render(layout, art_png, form)
    assert render(layout, art_png, form) == body
    assert b"trainedAlgorithmicMedia" in body
    assert b"clip 2" in body


def test_pictures_have_the_pixels_of_the_layout(layout, art_png):
    for form in ("png", "jpeg"):
        with Image.open(io.BytesIO(render(layout, art_png, form))) as image:
            assert (image.format.lower(), image.size) == (form, (1600, 2560))
            assert round(image.info["dpi"][0]) == 320


def test_ink_is_where_the_layout_says(layout, art_png):
    """The cover with and without its title differ inside the title's box alone."""

    def pixels(shown):
        with Image.open(io.BytesIO(render(shown, art_png, "png"))) as image:
            return np.asarray(image, np.int16)

    others = tuple(block for block in layout.texts if block.role != "title")
    changed = (
        np.abs(pixels(layout) - pixels(layout.model_copy(update={"texts": others}))).max(2) > 8
    )
    rows, columns = np.nonzero(changed)
    box = layout.block("title").box
    assert box.left - 3 <= columns.min() < columns.max() <= box.right + 3
    assert rows.min() == pytest.approx(box.top, abs=3)
    assert rows.max() == pytest.approx(box.bottom, abs=3)


@pytest.mark.parametrize("form", FORMS)
def test_markup_in_texts_is_text(art, art_png, form):
    book = Book(MARKUP, subtitle=MARKUP, author="#panic(1)")
    layout = lay_out(art, book, HouseStyle(families=("framed",)), 1)
    body = render(layout, art_png, form)
    if form == "svg":
        assert b"<b>" not in body
        assert b"#set page(fill" in body
    if form == "png":
        with Image.open(io.BytesIO(body)) as image:
            assert image.getpixel((20, 20)) != (255, 0, 0)


def test_type_can_be_read():
    errors = characters = 0
    for seed in range(4):
        book, art = sample_art(seed)
        texts = Book(title=book.title, author=book.author or "", genre=book.genre.name)
        layout = lay_out(art, texts, HouseStyle(), seed)
        with Image.open(io.BytesIO(render(layout, png_of(art), "png"))) as image:
            wrong, number, _ = character_errors(image, layout)
        errors, characters = errors + wrong, characters + number
    assert characters > 100
    assert errors / characters <= 0.02


@pytest.mark.parametrize("script", AUTHORS)
def test_type_in_other_scripts_can_be_read(script):
    if reason := why_not_read(script):
        pytest.skip(reason)
    errors = characters = 0
    for seed, title in enumerate(titles_in(script, 2)):
        _, art = sample_art(seed)
        layout = lay_out(art, Book(title, author=AUTHORS[script]), HouseStyle(), seed)
        with Image.open(io.BytesIO(render(layout, png_of(art), "png"))) as image:
            wrong, number, _ = script_errors(image, layout, script)
        errors, characters = errors + wrong, characters + number
    assert characters > 10
    # Tesseract reads Arabic ligatures badly; how badly on white paper is not measured yet.
    assert errors / characters <= (0.5 if script == "Arabic" else 0.02)


def test_the_measure_of_legibility_sees_a_missing_text(layout, art_png, art):
    with Image.open(io.BytesIO(render(layout, art_png, "png"))) as image:
        assert character_errors(image, layout)[0] <= 1
    errors, characters, _ = character_errors(art.resize((1600, 2560)), layout)
    assert errors >= 0.9 * characters
    assert distance("kitten", "sitting") == 3


def test_frame_and_logo_of_a_house_style_are_drawn(tmp_path, art, art_png):
    (tmp_path / "logo.png").write_bytes(png_of(Image.new("RGB", (90, 90), (0, 255, 0))))
    (tmp_path / "style.yaml").write_text(
        "families: [framed]\nposition: top\nlogo: logo.png\n"
        'colours: {field: "#102030"}\nframe: {colour: "#ff0000", width: 0.01, inset: 0.02}\n'
    )
    style = load_style(tmp_path / "style.yaml")
    layout = lay_out(art, Book("The Moon", author="A. N. Author"), style, 1)
    assert style.frame == FrameStyle(colour="#ff0000", width=0.01, inset=0.02)
    with Image.open(io.BytesIO(render(layout, art_png, "png"))) as image:
        middle = (round(layout.logo.left + 40), round(layout.logo.top + 40))
        assert image.getpixel(middle) == (0, 255, 0)
        assert image.getpixel((32, 1200)) == (255, 0, 0)
        assert image.getpixel((10, 1200)) == (0x10, 0x20, 0x30)


def test_art_that_cannot_be_read_is_refused(layout):
    with pytest.raises(BadInputError, match="not an image"):
        render(layout, b"nonsense", "png")


def test_a_logo_that_is_a_bomb_is_refused(layout, art_png):
    import base64

    from tests.unit.typesetting.test_art import png_header

    bomb = base64.b64encode(png_header(9000, 9000)).decode()
    hostile = layout.model_copy(update={"logo": layout.art_box, "logo_png": bomb})
    with pytest.raises(BadInputError, match="logo"):
        render(hostile, art_png, "svg")
