import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError

from dustjacket.errors import BadInputError
from dustjacket.typesetting.book import Book
from dustjacket.typesetting.contrast import MIN_CONTRAST, contrast
from dustjacket.typesetting.fonts import catalogue
from dustjacket.typesetting.habits import measure_habits
from dustjacket.typesetting.layout import lay_out, read_layout
from dustjacket.typesetting.preview import painted, preview_of, rgb_of, saliency_of
from dustjacket.typesetting.provenance import Provenance
from dustjacket.typesetting.schemas import check_fits, ink
from dustjacket.typesetting.style import FieldColours, HouseStyle
from tests.unit.typesetting.conftest import landscape

ARTS = [
    landscape(),
    landscape(96, 64, (250, 250, 245), (230, 230, 220)),
    Image.effect_noise((72, 108), 120).convert("RGB"),
    Image.new("RGB", (48, 72), (127, 127, 127)),
    Image.effect_mandelbrot((600, 900), (-2, -1.5, 1, 1.5), 60).convert("RGB"),
]
PLAIN = "aÉßſgjQ#$@\\\"'<&{}()*_`~^% 0-—…:"  # noqa: RUF001
SCRIPTS = ("", "ЖЩФя", "ΩΣλ", "東京物語。", "שיר", "ألف،؟")
TITLES = st.sampled_from(SCRIPTS).flatmap(
    lambda script: st.text(st.sampled_from(PLAIN + 5 * script), min_size=1, max_size=200)
)


def assert_sound(layout, art):
    """Check that every line is inside the cover, and that its contrast holds on what is behind."""
    fonts = catalogue()
    check_fits(layout, fonts)
    whole = art.convert("RGB")
    behind = painted(
        preview_of(whole, saliency_of(whole), layout.art_box, (layout.width, layout.height)),
        rgb_of(layout.background),
        layout.fills,
    )
    scale = behind.shape[1] / layout.width
    for block in layout.texts:
        for line in block.lines:
            left, right, top, bottom = ink(block, line, fonts)
            assert 0 <= left < right <= layout.width
            assert 0 <= top < bottom <= layout.height
        box = block.box
        pixels = behind[
            int(box.top * scale) : int(box.bottom * scale) + 1,
            int(box.left * scale) : int(box.right * scale) + 1,
        ]
        assert contrast(rgb_of(block.colour), pixels) >= MIN_CONTRAST * 0.98


@settings(max_examples=40)
@given(TITLES, st.sampled_from(range(len(ARTS))), st.integers(0, 9), st.booleans())
def test_no_title_leaves_the_cover_and_every_text_can_be_read(title, number, seed, has_author):
    try:
        book = Book(title, author="A. N. Author" if has_author else "")
    except ValidationError:
        return
    layout = lay_out(ARTS[number], book, HouseStyle(), seed)
    assert_sound(layout, ARTS[number])
    shown = "".join(block.text for block in layout.texts if block.role in ("title", "subtitle"))
    plain = "".join(book.title.replace(": ", "").split()).casefold()
    assert "".join(shown.split()).casefold() == plain


@pytest.mark.parametrize("family", ["overlay", "panel", "split", "framed"])
@pytest.mark.parametrize("number", range(len(ARTS)))
def test_every_family_is_sound_on_every_art(family, number):
    style = HouseStyle(families=(family,), series="The Series")
    book = Book("The Adventures of a Quiet Reader", "A Novel", "Ursula Example", "Mystery")
    layout = lay_out(ARTS[number], book, style, 3)
    assert layout.family.startswith(family)
    assert [block.role for block in layout.texts] == ["series", "title", "subtitle", "author"]
    assert_sound(layout, ARTS[number])


def test_a_title_of_200_characters_stays_legible(art):
    title = ("Extraordinary Histories of the Northern Rivers and Seas " * 5)[:200].strip()
    layout = lay_out(art, Book(title, author="Someone"), HouseStyle(), 1)
    assert min(block.size for block in layout.texts) >= 40


def test_same_input_gives_the_same_layout_and_seeds_vary_it(art):
    book = Book("The Moon Pool", author="A. Merritt")
    first = lay_out(art, book, HouseStyle(), 4)
    assert lay_out(art, book, HouseStyle(), 4) == first
    assert len({lay_out(art, book, HouseStyle(), seed).family for seed in range(8)}) > 2


def test_seeds_that_follow_each_other_give_layouts_of_several_families(art):
    book = Book("The Moon Pool", author="A. Merritt")
    families = [lay_out(art, book, HouseStyle(), seed).family.split()[0] for seed in range(4)]
    assert len(set(families)) >= 3


def test_a_title_of_a_few_characters_is_set_large(art):
    style = HouseStyle(families=("overlay",))
    sizes = [lay_out(art, Book(title), style, 1).block("title").size for title in ("It", "Dracula")]
    assert sizes[0] > 1.3 * sizes[1]


def test_type_avoids_the_busy_part(art):
    layouts = [
        lay_out(art, Book("The Moon"), HouseStyle(families=("overlay",)), seed) for seed in range(9)
    ]
    middles = [layout.block("title").box.top / layout.height for layout in layouts]
    assert np.median(middles) < 0.5


def test_habits_of_a_genre_move_the_title(art):
    style, book = HouseStyle(families=("panel",)), Book("The Moon")
    at_foot = measure_habits([[(0.1, 0.68, 0.9, 0.75)]] * 300)
    at_head = measure_habits([[(0.1, 0.28, 0.9, 0.36)]] * 300)

    def mean(habits):
        return np.mean(
            [
                lay_out(art, book, style, seed, habits=habits).block("title").box.top
                for seed in range(9)
            ]
        )

    assert mean(at_foot) > mean(at_head) + 300


def test_a_house_style_is_kept_on_all_covers(art):
    style = HouseStyle(
        families=("framed",), position="top", align="left",
        colours=FieldColours(field="#102030", title="#f0e0c0", text="#ffffff"),
    )  # fmt: skip
    for seed in range(4):
        layout = lay_out(art, Book("The Moon", author="A. N. Author"), style, seed)
        assert layout.background == "#102030"
        assert [block.colour for block in layout.texts] == ["#f0e0c0", "#ffffff"]
        assert {block.align for block in layout.texts} == {"left"}


def test_a_colour_of_the_style_that_cannot_be_read_is_replaced(art):
    colours = FieldColours(field="#ffffff", title="#fafafa")
    layout = lay_out(art, Book("Moon"), HouseStyle(families=("split",), colours=colours), 1)
    assert layout.contrast >= MIN_CONTRAST


def test_right_to_left_titles_start_at_the_right(art):
    style = HouseStyle(families=("split",))
    aligned = {
        lay_out(art, Book("ألف ليلة وليلة"), style, seed).block("title").align for seed in range(6)
    }
    assert aligned <= {"right", "center"}
    assert "right" in aligned


def test_generated_art_is_labelled_unless_the_style_forbids_it(art):
    made = Provenance(generator="g1")
    labelled = lay_out(art, Book("Moon"), HouseStyle(), 1, provenance=made)
    assert labelled.block("label").text == "Concept · Art generated by AI"
    assert_sound(labelled, art)
    assert (
        lay_out(art, Book("Moon"), HouseStyle(label=False), 1, provenance=made).block("label")
        is None
    )
    assert lay_out(art, Book("Moon"), HouseStyle(), 1).block("label") is None


def test_only_art_with_enough_pixels_is_press_art(art):
    large = art.resize((1600, 2560))
    assert lay_out(art, Book("Moon"), HouseStyle(), 1).concept
    assert not lay_out(large, Book("Moon"), HouseStyle(families=("overlay",)), 1).concept


def test_a_layout_survives_json(art):
    layout = lay_out(art, Book("Moon", author="A"), HouseStyle(), 2)
    assert read_layout(layout.model_dump_json().encode()) == layout


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"texts": [{}]}, "texts"),
        ({"width": 10**9}, "width"),
        ({"background": "red; x"}, "background"),
        ({"surprise": 1}, "surprise"),
        ({"logo_png": "aGk="}, "logo_png"),
        ({"art_box": {"left": 0, "top": 0, "width": -5, "height": 5}}, "art_box.width"),
    ],
)
def test_a_wrong_layout_is_refused(art, change, message):
    layout = lay_out(art, Book("Moon"), HouseStyle(), 2)
    value = layout.model_dump(mode="json") | change
    with pytest.raises(BadInputError, match=message):
        read_layout(json_of(value))
    with pytest.raises(BadInputError):
        read_layout(b"{")
    with pytest.raises(BadInputError, match="MiB"):
        read_layout(b" " * (5 << 20))


def json_of(value):
    return json.dumps(value).encode()


def test_a_line_made_too_long_by_hand_is_named(art):
    layout = lay_out(art, Book("Moon"), HouseStyle(), 2)
    title = layout.block("title")
    long = title.model_copy(
        update={"lines": (title.lines[0].model_copy(update={"text": "Moon " * 40}),)}
    )
    with pytest.raises(BadInputError, match=r"title 'Moon Moon.*leaves the cover"):
        check_fits(layout.model_copy(update={"texts": (long,)}), catalogue())
