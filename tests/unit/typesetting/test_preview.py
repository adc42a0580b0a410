import numpy as np
import pytest
from PIL import Image, ImageDraw

from dustjacket.typesetting.art import CUT_ABOVE
from dustjacket.typesetting.preview import opacity_at, painted, preview_of, saliency_of
from dustjacket.typesetting.schemas import Box, FilledBox

UPPER_HALF = Box(left=0, top=0, width=1600, height=1280)


def with_object(middle):
    """Return plain art with a bright disc at a height, 0 to 1."""
    art = Image.new("RGB", (400, 640), (60, 70, 90))
    y = middle * 640
    ImageDraw.Draw(art).ellipse((140, y - 60, 260, y + 60), fill=(250, 210, 40))
    return art


def test_what_matters_is_where_the_object_is():
    art = with_object(0.8)
    saliency = np.asarray(saliency_of(art))
    assert saliency.sum() == pytest.approx(1, rel=1e-3)
    disc = saliency[round(0.7 * len(saliency)) : round(0.9 * len(saliency)), 50:110]
    assert disc.sum() > 0.4


@pytest.mark.parametrize(("middle", "lowest", "highest"), [(0.1, 0, 0.3), (0.9, 0.5, 1)])
def test_art_is_cut_where_least_is_lost(middle, lowest, highest):
    art = with_object(middle)
    preview = preview_of(art, saliency_of(art), UPPER_HALF, (1600, 2560))
    assert lowest <= preview.above <= highest
    assert 0.5 < preview.matters.sum() < 1
    assert preview.matters[len(preview.matters) // 2 + 1 :].sum() == 0
    assert (preview.pixels[: len(preview.pixels) // 2] == (250, 210, 40)).all(axis=2).any()


def test_plain_art_is_cut_as_usual():
    art = Image.new("RGB", (400, 640), "white")
    assert preview_of(art, saliency_of(art), UPPER_HALF, (1600, 2560)).above == CUT_ABOVE


def test_a_veil_is_whole_behind_text_and_gone_at_its_end():
    box = Box(left=0, top=0, width=1600, height=1000)
    veil = FilledBox(box=box, colour="#000000", opacity=0.6, fade="down", fade_share=0.4)
    assert [round(opacity_at(veil, row), 2) for row in (0, 599, 800, 1000)] == [0.6, 0.6, 0.3, 0]
    art = Image.new("RGB", (400, 640), "white")
    pixels = painted(preview_of(art, saliency_of(art), box, (1600, 2560)), (9, 9, 9), [veil])
    assert pixels[5, 5, 0] == pytest.approx(255 * 0.4, abs=1)
    assert tuple(pixels[-1, 5]) == (9, 9, 9)
