"""What is wanted of concepts: titles and art of any kind are taken or refused in one line."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError

from dustjacket.errors import BadInputError
from dustjacket.generation.concept_request import MIN_ART_SIDE, ConceptRequest, check_art
from tests.support.images import drawn, png, saved


@pytest.mark.parametrize("title", ["", "   ", "x" * 201, "x" * 500, "Rice\x00", "Rice\x1b[31m"])
def test_a_title_that_cannot_be_set_is_refused(title):
    with pytest.raises(ValidationError, match="title"):
        ConceptRequest(title=title)


@pytest.mark.parametrize(
    "title", ["R", "Rice  and  beans", "#set $x$ @y \\z \"q\" 'r'", "<b>Rice</b>", "🦊 Fox", "米"]
)
def test_markup_and_emoji_are_plain_text(title):
    assert ConceptRequest(title=title).title == " ".join(title.split())


@given(st.text(max_size=600))
def test_any_text_is_one_clean_line_or_refused(title):
    try:
        request = ConceptRequest(title=title, author=title[:200], genre=title[:100])
    except ValidationError:
        return
    assert 1 <= len(request.title) <= 200
    assert "\n" not in request.title


@pytest.mark.parametrize(
    ("field", "value"),
    [("n", 0), ("n", 17), ("seed", -1), ("seed", 2**31), ("guidance", -1), ("guidance", 99),
     ("guidance", float("nan")), ("description", "x" * 5001), ("colour", "red"),
     ("layout", "wild"), ("colours", {"field": "red"}), ("colours", {"ink": "#000000"})],
)  # fmt: skip
def test_a_field_out_of_range_is_refused_by_its_name(field, value):
    with pytest.raises(ValidationError, match=field):
        ConceptRequest(title="Rice", **{field: value})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "is empty"), (b"no picture", "no picture"), (saved(drawn(1))[:900], "cut off"),
        (png(30_000, 30_000), "too many pixels"), (png(10, 3000), "it is 10 x 3,000 pixels"),
        (saved(drawn(1, (200, 320)), "PNG"), "it is 200 x 320 pixels: at least 300"),
    ],
)  # fmt: skip
def test_art_that_is_no_usable_picture_is_refused_with_the_reason(body, reason):
    with pytest.raises(BadInputError, match=reason) as caught:
        check_art(body)
    assert "\n" not in str(caught.value)


def test_own_art_is_encoded_anew_without_metadata():
    art = drawn(1, (2000, 3000))
    body = check_art(saved(art, exif=b"Exif\0\0secret", comment=b"secret"))
    assert b"secret" not in body
    with Image.open(io.BytesIO(body)) as image:
        assert image.size == (1024, 1536)


def test_the_smallest_art_is_taken_as_it_is():
    with Image.open(io.BytesIO(check_art(saved(drawn(1, (MIN_ART_SIDE, 480)))))) as image:
        assert image.size == (MIN_ART_SIDE, 480)
