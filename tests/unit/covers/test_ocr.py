"""The text on covers: read, and painted over."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from dustjacket.covers.ocr import CoverReader


@pytest.fixture(scope="module")
def reader():
    return CoverReader()


def cover(*lines, side=(300, 450)):
    image = Image.new("RGB", side, (230, 220, 180))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 300, side[0], side[1]), fill=(180, 30, 30))
    for number, text in enumerate(lines):
        draw.text((20, 30 + 60 * number), text, (20, 20, 60), ImageFont.load_default(36))
    body = io.BytesIO()
    image.save(body, format="PNG")
    return body.getvalue()


def test_the_text_of_a_cover_is_read_and_painted_over(reader):
    text = reader.read(cover("The Red Tower", "Ada Stern"))
    assert text.lines == ("The Red Tower", "Ada Stern")
    left, top, right, bottom = text.boxes[0]
    assert (left, top) == (pytest.approx(20 / 300, abs=0.04), pytest.approx(40 / 450, abs=0.04))
    assert right > 0.7
    assert bottom < text.boxes[1][1]
    assert reader.read(text.painted).lines == ()
    pixels = np.asarray(Image.open(io.BytesIO(text.painted)))
    assert pixels[400, 150].tolist() == [180, 30, 30], "the picture is kept"


def test_a_cover_without_text_is_kept_and_a_broken_file_is_not_read(reader):
    text = reader.read(cover())
    assert text.lines == ()
    assert Image.open(io.BytesIO(text.painted)).size == (300, 450)
    assert reader.read(b"no picture") is None


def test_large_covers_are_made_smaller_before_they_are_read(reader):
    painted = reader.read(cover("The Red Tower", side=(900, 1600))).painted
    assert Image.open(io.BytesIO(painted)).size == (288, 512)
