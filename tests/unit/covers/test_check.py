"""Any bytes become a normalised cover, or have a reason to be rejected."""

import io
import struct
import time
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import imagehash
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageDraw, ImageFont

from dustjacket.covers.check import Cover, check_cover
from dustjacket.covers.hashes import perceptual_hashes
from dustjacket.covers.step import CoversParameters
from tests.support.images import drawn, gif, png, saved, tiff, with_exif
from tests.support.memory import peak_growth_mib

PARAMETERS = CoversParameters()
WHOLE = saved(drawn(1))


def checked(body, **given_parameters):
    """Return the cover as Pillow opens it, after checks that hold for every cover."""
    parameters = CoversParameters(**given_parameters)
    cover = check_cover(body, parameters)
    assert isinstance(cover, Cover), cover
    image = Image.open(io.BytesIO(cover.body))
    image.load()
    assert image.mode == "RGB"
    assert image.size == (cover.width, cover.height)
    assert min(image.size) <= parameters.short_side
    return image


def near(image, other, within):
    """Return whether two pictures differ by at most ``within`` grey levels on average."""
    pixels, others = (np.asarray(picture.convert("RGB"), np.int16) for picture in (image, other))
    return np.abs(pixels - others).mean() <= within


def hamming(hash_a, hash_b):
    return (int(hash_a, 16) ^ int(hash_b, 16)).bit_count()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty_file"),
        (b"<!DOCTYPE html><html><body>404 Not Found</body></html>", "not_an_image"),
        (b"%PDF-1.7", "not_an_image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_an_image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99999 99999\n%%EOF\n", "not_an_image"),
        (b"\xff\xd8\xff", "not_an_image"),
        (WHOLE[: len(WHOLE) // 2], "truncated"),
        (WHOLE[:-200], "truncated"),
        (WHOLE[:600], "not_an_image"),
        (saved(drawn(1), "PNG")[:-100], "truncated"),
        (png(60_000, 60_000), "too_many_pixels"),
        (png(2**31 - 1, 2**31 - 1), "too_many_pixels"),
        (png(300, 400), "truncated"),
        (gif(65_000, 65_000), "too_many_pixels"),
        (gif(100, 100, frame=(65_000, 65_000)), "too_many_pixels"),
        (png(50_000, 1), "side_too_long"),
        (saved(Image.new("RGB", (31, 400))), "too_small"),
        (saved(drawn(1, (100, 900))), "odd_shape"),
        (saved(Image.new("RGB", (300, 400), "white")), "blank"),
        (saved(Image.new("RGB", (300, 400), (17, 90, 30))), "blank"),
    ],
)
def test_an_invalid_image_is_rejected_for_its_reason(body, reason):
    assert check_cover(body, PARAMETERS) == reason


def test_a_file_larger_than_allowed_is_rejected():
    assert check_cover(WHOLE, CoversParameters(max_bytes=10_000)) == "too_large"


def test_a_decompression_bomb_is_rejected_by_its_header():
    bomb = png(40_000, 40_000, data=bytes(200 << 20))
    tracemalloc.start()
    assert check_cover(bomb, PARAMETERS) == "too_many_pixels"
    assert tracemalloc.get_traced_memory()[1] < 10 << 20
    tracemalloc.stop()


@pytest.mark.parametrize("kind", [b"zTXt", b"iCCP"])
def test_a_png_with_a_compressed_text_bomb_costs_no_memory(kind):
    text = (kind, b"Comment\0\0" + zlib.compress(bytes(100 << 20), 9))
    tracemalloc.start()
    reason = check_cover(png(300, 400, chunks=[text]), PARAMETERS)
    assert isinstance(reason, str)
    assert tracemalloc.get_traced_memory()[1] < 20 << 20
    tracemalloc.stop()


LARGEST_WHOLE, LARGEST = (3464, 3464), (7071, 7071)
RATIONALS = struct.pack("<LL", 70_001, 3) * 1_000_000


def flat(mode, size, kind, **options):
    return saved(Image.new(mode, size), kind, **options)


def forged_avif():
    """Return an AVIF whose container declares 300 x 400 pixels and whose data has 64 million."""
    body = flat("RGB", (8000, 8000), "AVIF", speed=10)
    place = body.index(b"ispe") + 8
    return body[:place] + struct.pack(">II", 300, 400) + body[place + 8 :]


def tiled_tiff(**changed):
    """Return a TIFF of 300 x 400 grey pixels, with changed tags."""
    tags = {
        "width": (256, 4, 1, 300), "height": (257, 4, 1, 400), "bits": (258, 3, 1, 8),
        "compression": (259, 3, 1, 1), "photometric": (262, 3, 1, 1), "offsets": (273, 4, 1, 8),
        "samples": (277, 3, 1, 1), "rows": (278, 4, 1, 400), "counts": (279, 4, 1, 120_000),
    }  # fmt: skip
    return tiff({**tags, **changed}.values(), drawn(1, (300, 400)).convert("L").tobytes())


@pytest.mark.parametrize(
    ("body", "reason", "max_mib"),
    [
        # As large as is accepted: the bound that the module states.
        (lambda: flat("RGB", LARGEST, "JPEG", subsampling=0), "blank", 20),
        (lambda: flat("RGB", LARGEST, "JPEG", subsampling=0, progressive=True), "blank", 300),
        (lambda: flat("CMYK", LARGEST, "JPEG", subsampling=0, progressive=True), "blank", 400),
        (lambda: flat("RGB", LARGEST_WHOLE, "WEBP", lossless=True), "blank", 300),
        (lambda: flat("RGBA", LARGEST_WHOLE, "WEBP", lossless=True), "blank", 300),
        (lambda: flat("RGB", LARGEST_WHOLE, "PNG"), "blank", 200),
        (lambda: flat("LA", LARGEST_WHOLE, "PNG"), "blank", 200),
        (lambda: flat("P", LARGEST_WHOLE, "PNG", transparency=0), "blank", 200),
        (lambda: flat("P", LARGEST_WHOLE, "GIF", transparency=0), "blank", 200),
        (lambda: flat("1", LARGEST_WHOLE, "BMP"), "blank", 200),
        (lambda: flat("RGB", LARGEST_WHOLE, "AVIF", speed=10), "blank", 300),
        (lambda: flat("F", LARGEST_WHOLE, "TIFF", compression="tiff_lzw"), "blank", 200),
        # Larger: refused by the header.
        (lambda: flat("RGB", LARGEST, "WEBP", lossless=True), "too_many_pixels", 20),
        (lambda: flat("1", LARGEST, "PNG"), "too_many_pixels", 20),
        (lambda: flat("1", LARGEST, "BMP"), "too_many_pixels", 20),
        (lambda: flat("P", LARGEST, "GIF"), "too_many_pixels", 20),
        (lambda: flat("1", LARGEST, "TIFF", compression="group4"), "too_many_pixels", 20),
        (lambda: flat("RGB", (5000, 5000), "AVIF", speed=10), "too_many_pixels", 20),
        # Structures that take far more than the pixels need.
        (forged_avif, "blank", 300),
        (lambda: tiled_tiff(resolution=(282, 5, 1_000_000, RATIONALS)), "odd_layout", 40),
        (lambda: with_exif(WHOLE, tiff([(296, 3, 1, 2), (282, 5, 1_000_000, RATIONALS)])),
         "odd_layout", 20),
        (lambda: with_exif(WHOLE, tiff([(274, 3, 30_000, RATIONALS[:60_000])])), None, 20),
        (lambda: png(300, 400, chunks=[(b"eXIf", tiff([(274, 5, 1_000_000, RATIONALS)]))],
                     data=bytes(400 * 901)), "blank", 40),
    ],
)  # fmt: skip
def test_memory_is_bounded_whatever_the_format(body, reason, max_mib):
    made, found = body(), []
    grown = peak_growth_mib(lambda: found.append(check_cover(made, PARAMETERS)))
    assert found[0] == reason if reason else isinstance(found[0], Cover)
    assert grown < max_mib


def test_large_images_are_decoded_one_at_a_time():
    body = flat("RGB", LARGEST_WHOLE, "WEBP", lossless=True)

    def check_four():
        with ThreadPoolExecutor(4) as threads:
            found = threads.map(lambda _: check_cover(body, PARAMETERS), range(4))
            assert list(found) == ["blank"] * 4

    assert peak_growth_mib(check_four) < 400  # each thread keeps some of what it has freed


def test_a_jpeg_of_fifty_megapixels_is_a_cover():
    cover = check_cover(saved(drawn(1).resize((5770, 8660)), quality=70), PARAMETERS)
    assert (cover.width, cover.height) == (256, 384)


@pytest.mark.parametrize(
    "body",
    [
        # 5000 strips, each of them all rows but one.
        tiled_tiff(rows=(278, 4, 1, 399), offsets=(273, 4, 5000, struct.pack("<L", 8) * 5000)),
        # Tiles of 4 GB, compressed.
        tiled_tiff(
            rows=(322, 4, 1, 65_536), counts=(323, 4, 1, 65_536), compression=(259, 3, 1, 8)
        ),
        # A thousand scans of nothing.
        WHOLE[:-2] + b"\xff\xda\0\x08\x01\x01\0\0\0\0" * 1000 + b"\xff\xd9",
    ],
)
def test_an_image_whose_parts_repeat_is_refused_before_it_is_decoded(body):
    began = time.process_time()
    assert check_cover(body, PARAMETERS) == "odd_layout"
    assert time.process_time() - began < 1


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_have_a_reason(body):
    assert isinstance(check_cover(body, PARAMETERS), str)


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"]),
    st.lists(st.tuples(st.floats(0, 0.9999), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_a_file_with_flipped_bytes_is_a_cover_or_has_a_reason(kind, flips):
    body = bytearray(BROKEN[kind])
    for place, value in flips:
        body[int(place**3 * len(body))] = value  # mostly near the beginning, where headers are
    assert isinstance(check_cover(bytes(body), PARAMETERS), Cover | str)


BROKEN = {
    kind: saved(drawn(1, (60, 90)), kind) for kind in ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")
}


@pytest.mark.parametrize("image_format", ["jpeg", "webp"])
def test_a_cover_is_stored_in_the_format_of_the_parameters(image_format):
    assert checked(WHOLE, image_format=image_format).format == image_format.upper()


@pytest.mark.parametrize(
    ("size", "stored"),
    [((600, 900), (256, 384)), ((900, 600), (384, 256)), ((200, 300), (200, 300)),
     ((256, 400), (256, 400)), ((3000, 4500), (256, 384))],
)  # fmt: skip
def test_the_short_side_is_reduced_to_256_and_never_enlarged(size, stored):
    assert checked(saved(drawn(1, size))).size == stored


def test_the_same_bytes_give_the_same_cover():
    assert check_cover(WHOLE, PARAMETERS) == check_cover(WHOLE, PARAMETERS)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_cover_is_stored_upright_whatever_its_exif_says(orientation):
    upright = drawn(3, (300, 450))
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    turned = upright.transpose(turns[orientation]) if orientation in turns else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    body = saved(turned, quality=95, exif=exif)
    stored = checked(body)
    assert near(stored, upright.resize(stored.size), 4)
    cover = check_cover(body, PARAMETERS)
    assert (cover.original_width, cover.original_height) == (300, 450)
    assert stored.getexif() == {}


@pytest.mark.parametrize(
    "exif",
    [
        tiff([(274, 3, 1, 0)]),
        tiff([(274, 3, 1, 99)]),
        tiff([(274, 2, 5, b"left\0")]),
        b"II*\0\xff\xff\xff\xff",
        b"nonsense",
    ],
)
def test_exif_that_means_nothing_turns_and_spoils_nothing(exif):
    picture = drawn(3, (200, 300))
    assert near(checked(with_exif(saved(picture, quality=95), exif)), picture, 4)


def test_a_progressive_jpeg_that_was_cut_is_truncated():
    body = saved(drawn(1), progressive=True)
    assert check_cover(body[: len(body) // 2], PARAMETERS) == "truncated"


def test_cmyk_without_adobes_marker_is_read_as_with_it():
    picture = drawn(5, (200, 300))
    body = saved(picture.convert("CMYK"), quality=95)
    marker = body.index(b"\xff\xee")
    length = struct.unpack(">H", body[marker + 2 : marker + 4])[0] + 2
    assert near(checked(body[:marker] + body[marker + length :]), picture, 6)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "MPO", "TIFF"])
def test_the_first_frame_of_an_animation_is_stored(kind):
    first, second = drawn(1, (200, 300)), drawn(2, (200, 300))
    body = saved(first, kind, save_all=True, append_images=[second])
    assert near(checked(body), first, 8)
    assert not near(checked(body), second, 8)


@pytest.mark.parametrize("mode", ["L", "P", "1", "CMYK", "RGBA", "LA", "I;16", "I", "YCbCr"])
def test_every_mode_becomes_rgb(mode):
    picture = drawn(4, (200, 300))
    if mode == "I;16":
        grey = np.asarray(picture.convert("L"), np.uint16) * 257
        image = Image.fromarray(grey)
    elif mode == "LA":
        image = picture.convert("L").convert("LA")
    else:
        image = picture.convert(mode)
    kind = {"CMYK": "JPEG", "YCbCr": "JPEG", "I": "TIFF"}.get(mode, "PNG")
    expected = picture.convert("L") if mode in ("L", "LA", "I;16", "I") else picture
    stored = checked(saved(image, kind))
    assert near(stored, expected, {"1": 120, "P": 25, "I": 30}.get(mode, 6))


def test_a_sixteen_bit_colour_png_is_a_cover():
    pixels = np.asarray(drawn(4, (200, 300)), ">u2") * 257
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    assert near(checked(png(200, 300, depth=16, data=rows)), drawn(4, (200, 300)), 6)


def test_inverted_cmyk_of_adobe_is_converted_correctly():
    picture = drawn(5, (200, 300))
    body = saved(picture.convert("CMYK"), quality=95)
    assert b"Adobe" in body
    assert near(checked(body), picture, 6)


def test_transparent_parts_are_white():
    image = Image.new("RGBA", (200, 300), (0, 0, 0, 0))
    image.paste(drawn(1, (100, 100)), (50, 100))
    assert checked(saved(image, "PNG")).getpixel((10, 10)) == (255, 255, 255)


def test_an_icc_profile_is_applied_and_removed():
    plain = checked(saved(drawn(1)))
    wide = checked(saved(drawn(1), icc_profile=swapped_profile()))
    assert not near(plain, wide, 5)
    assert "icc_profile" not in wide.info
    of_another_kind = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for useless in (b"nonsense" * 20, of_another_kind):
        assert near(plain, checked(saved(drawn(1), icc_profile=useless)), 0)


def swapped_profile():
    """Return an sRGB profile whose red is blue and whose blue is red."""
    body = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", body[128:132])[0]
    places = {bytes(body[132 + 12 * n : 136 + 12 * n]): 132 + 12 * n for n in range(count)}
    red, blue = places[b"rXYZ"], places[b"bXYZ"]
    body[red : red + 4], body[blue : blue + 4] = b"bXYZ", b"rXYZ"
    description = body.find("sRGB".encode("utf-16-be"))
    body[description : description + 8] = "test".encode("utf-16-be")
    return bytes(body)


def test_no_metadata_is_stored():
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    stored = check_cover(saved(drawn(1), exif=exif, comment=b"secret place"), PARAMETERS)
    assert b"secret" not in stored.body


def test_an_image_with_one_line_of_text_is_a_placeholder():
    tile = Image.new("RGB", (300, 450), (238, 238, 238))
    write = ImageDraw.Draw(tile).text
    write((150, 200), "No image", (120, 120, 120), ImageFont.load_default(30), anchor="mm")
    assert check_cover(saved(tile), PARAMETERS) == "placeholder"
    checked(saved(tile), min_ink=0)


def test_a_plain_cover_with_title_and_author_is_accepted():
    plain = Image.new("RGB", (300, 450), "white")
    write = ImageDraw.Draw(plain).text
    write((150, 80), "War and Peace", "black", ImageFont.load_default(36), anchor="mm")
    write((150, 380), "Leo Tolstoy", "black", ImageFont.load_default(26), anchor="mm")
    checked(saved(plain))


def test_hashes_of_rescaled_copies_are_close_and_others_are_not():
    covers = [check_cover(saved(drawn(seed)), PARAMETERS) for seed in range(30)]
    for seed, cover in enumerate(covers):
        whole = drawn(seed)
        for share, quality in [(1, 50), (0.7, 80), (1.5, 75)]:
            size = (round(whole.width * share), round(whole.height * share))
            copy = check_cover(saved(whole.resize(size), quality=quality), PARAMETERS)
            assert hamming(cover.dhash, copy.dhash) <= 4
            assert hamming(cover.vhash, copy.vhash) <= 6
    apart = [hamming(a.dhash, b.dhash) for a in covers for b in covers if a is not b]
    assert np.mean(np.array(apart) <= 3) < 0.01


def test_the_dhash_is_close_to_that_of_imagehash():
    grey = drawn(2).convert("L")
    assert hamming(perceptual_hashes(grey)[0], str(imagehash.dhash(grey))) < 16


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("WEBP", {"quality": 95}),
        ("WEBP", {"lossless": True}),
        ("AVIF", {"quality": 95}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "jpeg", "quality": 95}),
        ("PNG", {}),
        ("BMP", {}),
    ],
)
def test_each_format_gives_the_right_pixels(kind, options):
    picture = drawn(6, (200, 300))
    assert near(checked(saved(picture, kind, **options)), picture, 6)


@pytest.mark.parametrize("kind", ["WEBP", "AVIF", "PNG", "TIFF"])
def test_every_format_is_stored_upright(kind):
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = drawn(6, (200, 300))
    body = saved(picture.transpose(Image.Transpose.ROTATE_90), kind, exif=exif)
    assert near(checked(body), picture, 6)


@pytest.mark.parametrize("kind", ["WEBP", "AVIF", "PNG", "TIFF"])
def test_every_format_is_converted_by_its_profile(kind):
    plain = checked(saved(drawn(1), kind))
    assert not near(plain, checked(saved(drawn(1), kind, icc_profile=swapped_profile())), 5)


def heic(body):
    return b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + body


@pytest.mark.parametrize("body", [b"", bytes(2000), b"\0\0\0\x20meta" + bytes(200)])
def test_a_broken_heic_has_a_reason(body):
    assert check_cover(heic(body), PARAMETERS) in ("not_an_image", "truncated")


def test_a_heic_file_is_a_cover_with_its_colours():
    body = Path(__file__).with_name("cover.heic").read_bytes()
    cover = check_cover(body, CoversParameters())
    assert (cover.width, cover.height) == (96, 144)
    pixels = Image.open(io.BytesIO(cover.body)).convert("RGB")
    for place, colour in (
        ((8, 8), (200, 60, 40)),
        ((48, 50), (240, 220, 60)),
        ((8, 136), (30, 60, 160)),
    ):
        assert np.allclose(pixels.getpixel(place), colour, atol=20)
