"""Characters of MARC: leaders that lie, MARC-8 and its escapes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.sources.marc.characters import decoder_of


@pytest.mark.parametrize("claims_utf8", [True, False])
@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"plain", "plain"),
        ("Grün 雪国".encode(), "Grün 雪国"),
        (b"Gr\xe8un caf\xe2e", "Grün café"),
        (b"Gr\xfcn", "Grün"),
        (b"M\xfcller", "Müller"),
        (b"caf\xe9 noir", "café noir"),
        (b"caf\xe9", "café"),
        (b"\x1b(NmASTER I\x1b(B", "Мастер и"),
        (b"H\xf2asan \xf2Kab", "Ḥasan Ḳab".replace("Ḥasan", "Hạsan")),
    ],
)
def test_text_is_read_as_what_it_is_whatever_the_leader_claims(data, text, claims_utf8):
    assert decoder_of(data, claims_utf8)(data) == text


def test_ligatures_of_romanised_russian_are_marc8():
    assert decoder_of(b"\xebi\xeculi\xebi\xeca", False)(b"\xebi\xecu") == "i\ufe20u\ufe21"


def test_one_stray_byte_leaves_utf8_as_it_is():
    data = "Grün".encode() + b" caf\xe9"
    assert decoder_of(data, True)(data) == "Grün café"


@given(st.binary(), st.booleans())
def test_any_bytes_are_text(data, claims_utf8):
    assert isinstance(decoder_of(data, claims_utf8)(data), str)
