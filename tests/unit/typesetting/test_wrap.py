import io

import pytest
from barcode import EAN13
from PIL import Image

from dustjacket.errors import BadInputError
from dustjacket.typesetting.book import Book
from dustjacket.typesetting.drawing import Turned
from dustjacket.typesetting.fonts import catalogue
from dustjacket.typesetting.layout import lay_out
from dustjacket.typesetting.printers import WrapOptions, trim_pixels
from dustjacket.typesetting.render import FORMS
from dustjacket.typesetting.schemas import FilledBox
from dustjacket.typesetting.style import HouseStyle
from dustjacket.typesetting.wrap import render_wrap, wrap_drawing

BOOK = Book(
    "The Moon Pool", author="A. Merritt", isbn="9780141439846",
    description="An expedition finds a light that is alive. " * 12,
)  # fmt: skip
OPTIONS = WrapOptions(trim="5.5x8.5", paper="white", pages=300)


@pytest.fixture(scope="module")
def front(art):
    return lay_out(art, BOOK, HouseStyle(families=("overlay",)), 1, size=trim_pixels(OPTIONS))


def test_the_sheet_has_back_spine_front_and_bleed(front, art):
    drawing = wrap_drawing(front, art, OPTIONS, catalogue())
    assert drawing.width / 320 == pytest.approx(2 * 5.5 + 300 * 0.002252 + 0.25)
    assert drawing.height / 320 == pytest.approx(8.75)
    picture = drawing.layers["art"][0].box
    assert picture.left / 320 == pytest.approx(0.125 + 5.5 + 300 * 0.002252, abs=0.001)
    assert (picture.top, picture.right, picture.bottom) == pytest.approx(
        (0, drawing.width, drawing.height)
    )


def test_bars_are_those_of_the_isbn_at_nominal_size(front, art):
    drawing = wrap_drawing(front, art, OPTIONS, catalogue())
    boxes = [item for item in drawing.layers["fields"] if isinstance(item, FilledBox)]
    bars = [item.box for item in boxes if item.colour == "#000000"]
    module = 0.33 / 25.4 * 320
    pattern = ["0"] * 95
    for bar in bars:
        start = round((bar.left - bars[0].left) / module)
        for at in range(start, start + round(bar.width / module)):
            pattern[at] = "1"
    assert "".join(pattern) == EAN13("9780141439846").build()[0]
    white = next(item.box for item in boxes if item.colour == "#ffffff")
    assert (white.width, white.height) == (2 * 320, 1.2 * 320)
    assert min(bar.left for bar in bars) - white.left > 11 * module  # the quiet zone


@pytest.mark.parametrize(("pages", "turned"), [(300, 2), (60, 0)])
def test_a_thin_spine_has_no_text(art, pages, turned):
    options = OPTIONS.model_copy(update={"pages": pages})
    front = lay_out(art, BOOK, HouseStyle(), 1, size=trim_pixels(options))
    drawing = wrap_drawing(front, art, options, catalogue())
    spine = [item for item in drawing.layers["type"] if isinstance(item, Turned)]
    assert len(spine) == turned
    for item in spine:
        left = (0.125 + 5.5) * 320
        right = left + pages * 0.002252 * 320
        assert left < item.block.lines[0].x - 0.3 * item.block.size
        assert item.block.lines[0].x + item.block.size * 0.75 < right


@pytest.mark.parametrize("form", FORMS)
def test_every_format_is_written(front, art_png, form):
    body = render_wrap(front, art_png, OPTIONS, form)
    if form == "jpeg":
        with Image.open(io.BytesIO(body)) as image:
            assert image.size == (3816, 2800)
    if form == "svg":
        assert b"rotate(90" in body
        assert body.count(b"alive.") >= 12


def test_a_front_of_another_shape_is_refused(art, art_png):
    front = lay_out(art, BOOK, HouseStyle(), 1)
    with pytest.raises(BadInputError, match="lay it out with the same trim"):
        render_wrap(front, art_png, OPTIONS, "pdf")
