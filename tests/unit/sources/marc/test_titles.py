"""ISBD punctuation at the end of a text."""

import time

import pytest

from dustjacket.sources.marc.titles import without_isbd


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Title /", "Title"),
        ("Title : ", "Title"),
        ("Title ; = :", "Title"),
        ("Title .", "Title"),
        ("Title. /", "Title"),
        ("J. R. R.", "J. R. R."),
        ("Wait ...", "Wait ..."),
        ("1984.", "1984"),
        ("[1984].", "[1984]"),
        ("Who?", "Who?"),
        ("/", ""),
        ("", ""),
    ],
)
def test_punctuation_of_isbd_is_removed(text, expected):
    assert without_isbd(text) == expected


@pytest.mark.parametrize("noise", [" ", " .", " /", ". ", "\n", ")("])
def test_long_noise_takes_little_time(noise):
    started = time.monotonic()
    without_isbd("a" + noise * 500_000 + "b")
    without_isbd("a" + noise * 500_000)
    assert time.monotonic() - started < 5
