"""Why a picture is refused, in a sentence."""

import re
from pathlib import Path

import pytest
from PIL import Image

from dustjacket.covers import check
from dustjacket.covers.check import check_cover
from dustjacket.covers.refusals import why_refused
from dustjacket.covers.step import CoversParameters
from tests.support.images import drawn, saved

LIMITS = CoversParameters()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "the file is empty"),
        (b"text", "give a JPEG, PNG, WebP, AVIF, HEIC, GIF, BMP or TIFF"),
        (saved(drawn(1, (16, 40))), "it is 16 x 40 pixels: at least 32 are needed"),
        (saved(drawn(1, (100, 900))), "it is 100 x 900 pixels: one side may be 8 times"),
        (saved(Image.new("RGB", (5000, 4000)), "PNG"), "it is 5,000 x 4,000 pixels: at most 12"),
        (saved(Image.new("RGB", (90, 90), "red")), "one colour only"),
        (saved(drawn(1))[:900], "damaged or cut off"),
    ],
)
def test_a_refusal_says_what_is_wrong_with_this_picture(body, words):
    reason = check_cover(body, LIMITS)
    assert isinstance(reason, str)
    sentence = why_refused(reason, body, LIMITS)
    assert words in sentence
    assert "_" not in sentence


def test_every_reason_of_the_check_has_a_sentence():
    source = Path(check.__file__).read_text()
    reasons = set(re.findall(r'(?:return|if [^"]+ else None|else) "([a-z_]+)"', source))
    reasons |= set(re.findall(r'return "([a-z_]+)"', source))
    assert {"blank", "odd_shape", "odd_layout", "truncated"} <= reasons
    for reason in reasons:
        assert " " in why_refused(reason, b"", LIMITS)
