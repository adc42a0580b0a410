import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dustjacket.errors import BadInputError
from dustjacket.typesetting.art import colours_of, cropped, detail_map, read_art
from dustjacket.typesetting.contrast import MIN_CONTRAST, contrast
from tests.unit.typesetting.conftest import landscape, png_of


def png_header(width, height):
    """Return a PNG that declares a size and has no pixels."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [head, b"IDAT" + zlib.compress(bytes(100))]
    framed = (
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "empty file"),
        (b"GIF89a nonsense", "not an image"),
        (b"<svg onload='x'/>", "not an image"),
        (png_header(60_000, 60_000), "too many pixels: give at most 50 million"),
        (png_header(9000, 9000), "9000 x 9000 pixels: give at most 50 million"),
        (png_header(20_000, 100), "at most 8 times the shorter"),
        (png_of(Image.new("RGB", (20, 30))), "20 x 30 pixels: give at least 32"),
        (png_of(landscape())[:2000], "broken"),
    ],
)
def test_hostile_art_is_refused_in_one_line(body, message):
    with pytest.raises(BadInputError, match=message) as error:
        read_art(body)
    assert "\n" not in str(error.value)


@given(st.binary(max_size=300))
def test_random_bytes_are_refused(body):
    with pytest.raises(BadInputError):
        read_art(body)


def test_art_is_made_upright_srgb_without_transparency():
    rgba = Image.new("RGBA", (64, 96), (0, 0, 0, 0))
    assert read_art(png_of(rgba)).getpixel((5, 5)) == (255, 255, 255)
    encoded, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (96, 64), "red").save(encoded, "JPEG", exif=exif)
    assert read_art(encoded.getvalue()).size == (64, 96)


def test_a_cut_keeps_the_shape_and_more_of_the_upper_part():
    rows = np.arange(300, dtype=np.uint16)[:, None].repeat(100, 1)
    art = Image.fromarray((rows // 2).astype(np.uint8)).convert("RGB")
    cut = cropped(art, 100, 100)
    assert cut.size == (100, 100)
    assert cut.getpixel((0, 0))[0] == 30  # row 60: 30 % of the 200 rows that are cut off


def test_fields_carry_text_of_their_partner():
    for art in (
        landscape(),
        Image.new("RGB", (64, 96), "white"),
        Image.new("RGB", (64, 96), "red"),
    ):
        colours = colours_of(art)
        assert contrast(colours.light, np.array([colours.deep])) >= MIN_CONTRAST
        assert contrast(colours.ink, np.array([colours.paper])) >= MIN_CONTRAST


def test_busy_parts_have_more_detail_than_calm_ones(art):
    detail = detail_map(np.asarray(art))
    assert detail[:100, :100].mean() < 0.1 < detail[500:].mean()
