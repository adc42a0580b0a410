"""Copies of training art are found, in whatever form; other art is not."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from dustjacket.generation.near_copies import NearCopies


def pictures(count, seed):
    """Return pictures of coloured rectangles on a coloured ground."""
    rng = np.random.default_rng(seed)
    art = np.empty((count, 72, 48, 3), np.uint8)
    for picture in art:
        picture[:] = rng.integers(0, 256, 3)
        for _ in range(6):
            top, left = rng.integers(0, 60), rng.integers(0, 40)
            height, width = rng.integers(8, 36, 2)
            picture[top : top + height, left : left + width] = rng.integers(0, 256, 3)
    return art


TRAINED, HELD_OUT = pictures(60, 1), pictures(40, 2)
KEYS = [f"cover {number}" for number in range(60)]


@pytest.fixture(scope="module")
def known():
    return NearCopies.from_bytes(NearCopies.of(KEYS, TRAINED, HELD_OUT).to_bytes())


def changed(art, change):
    return np.stack([np.asarray(change(Image.fromarray(picture))) for picture in art])


CHANGES = {
    "as it is": lambda image: image,
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(1)),
    "smaller": lambda image: image.resize((24, 36)),
    "darker": lambda image: image.point(lambda level: round(level * 0.95)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_copy_is_found_with_the_cover_that_it_copies(known, change):
    found = known.nearest(changed(TRAINED, CHANGES[change]))
    assert found.copies.mean() >= 0.95
    assert np.mean([key == own for key, own in zip(found.keys, KEYS, strict=True)]) >= 0.95


def test_held_out_covers_are_no_copies_and_others_seldom(known):
    assert not known.nearest(HELD_OUT).copies.any()
    assert known.nearest(pictures(200, 3)).copies.mean() <= 0.05


def test_flat_colours_have_a_nearest_cover_and_no_pictures_have_none(known):
    flat = np.full((1, 72, 48, 3), 90, np.uint8)
    assert known.nearest(flat).keys[0] in KEYS
    assert known.nearest(flat[:0]).keys == []
    assert NearCopies.of(KEYS[:1], TRAINED[:1], HELD_OUT[:0]).limit == 1.0
