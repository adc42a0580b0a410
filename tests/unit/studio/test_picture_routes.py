"""A picture as the models see it, of a file or at an address."""

import io

import pytest
from PIL import Image

from tests.support.images import drawn, saved
from tests.support.studio_case import assert_problem


def test_a_file_that_no_browser_shows_comes_back_as_a_jpeg_on_white(studio):
    clear = Image.new("RGBA", (200, 300), (0, 0, 0, 0))
    clear.paste(drawn(1, (100, 150)), (0, 0))
    reply = studio.post("/picture", files={"image": ("a.tiff", saved(clear, "TIFF"))})
    assert reply.headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(reply.content)) as image:
        assert (image.format, image.size) == ("JPEG", (200, 300))
        assert min(image.getpixel((190, 290))) > 240


@pytest.mark.parametrize(
    "address",
    ["file:///etc/passwd", "nothing", "http://user:x@a.example/", "http://127.0.0.1/a.jpg"],
)
def test_an_address_that_is_none_is_refused(studio, address):
    assert_problem(studio.post("/picture", data={"address": address}), 422, "check the address")


def test_either_a_file_or_an_address_is_given(studio):
    assert_problem(studio.post("/picture", data={}), 422, "either")
    both = {"files": {"image": saved(drawn(1))}, "data": {"address": "http://a.example/"}}
    assert_problem(studio.post("/picture", **both), 422, "either")
