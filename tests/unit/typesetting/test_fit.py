import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dustjacket.typesetting.fit import break_units, fit
from dustjacket.typesetting.fonts import catalogue, measure

FACE = catalogue().face("Lato", 700, italic=False)
LATIN = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x24F, exclude_categories=["Cc", "Cf"]),
    min_size=1,
    max_size=200,
).filter(str.strip)


@settings(max_examples=60)
@given(LATIN, st.floats(150, 1400), st.floats(60, 1200), st.floats(0, 0.1))
def test_text_never_exceeds_its_box_and_loses_no_character(text, width, height, tracking):
    fitted = fit(text, FACE, width, height, max_size=330, max_lines=12, tracking=tracking)
    assert fitted.width <= width * 1.001
    assert fitted.height <= height * 1.001
    assert fitted.size <= 330
    kept = "".join("".join(line.split()) for line, _ in fitted.lines)
    assert kept == "".join(text.split())


def test_lines_are_balanced_and_do_not_end_with_small_words():
    fitted = fit("The Theory of the Moral Sentiments", FACE, 900, 900, max_size=200, max_lines=6)
    lines = [line for line, _ in fitted.lines]
    assert len(lines) > 1
    assert not {line.split()[-1] for line in lines[:-1]} & {"The", "of", "the"}


def test_type_is_as_large_as_the_box_allows():
    fitted = fit("Moon", FACE, 1000, 1000, max_size=900, max_lines=3)
    assert fitted.width == pytest.approx(1000, rel=0.001)


def test_long_words_and_scripts_without_spaces_break():
    assert len(break_units("x" * 100)) > 3
    assert [part for _, part in break_units("東京。物語")] == ["東", "京。", "物", "語"]
    assert break_units("two words") == [("", "two"), (" ", "words")]


def test_ink_counts_as_width():
    extents = measure("f", catalogue().face("DM Serif Display", 400, italic=True))
    assert extents.width >= extents.right
