"""Codes of subjects."""

import time

import pytest

from dustjacket.sources.marc.subjects import code_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(DE-588)4123", ("DE-588", "4123")),
        (" (OCoLC) fst01 ", ("OCoLC", "fst01")),
        ("http://id.loc.gov/authorities/subjects/sh85/", ("uri", "sh85")),
        ("4123", ("", "4123")),
        ("()4", ("", "()4")),
        ("(DE-588)", ("", "(DE-588)")),
        ("", ("", "")),
    ],
)
def test_an_identifier_is_scheme_and_code(text, expected):
    assert code_of(text) == expected


def test_long_noise_takes_little_time():
    started = time.monotonic()
    code_of("()" * 1_000_000 + "\n")
    assert time.monotonic() - started < 5
