"""Drawn covers are readable, of the named colour, and often recognisable by genre."""

import itertools
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageFont
from sklearn.linear_model import LogisticRegression

from dustjacket.sample import drawing
from dustjacket.sample.compositions import COMPOSITIONS
from dustjacket.sample.drawing import draw_cover
from dustjacket.sample.grammar import COLOURS, FIRST_NAMES, GENRES, LAST_NAMES, MOTIFS, make_book
from dustjacket.sample.lettering import _FONTS, ACCENTED, Face, draw_text, fit_text
from dustjacket.sample.motifs import draw_motif
from dustjacket.sample.styles import _FACES, PALETTES

FACES = {*(face for pair in _FACES for face in pair), ACCENTED}


def contrasts(ink, pixels):
    """Return WCAG's contrast ratio of a colour with each pixel, by its own formula."""

    def luminance(colours):
        parts = np.asarray(colours, float) / 255
        linear = np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return linear @ (0.2126, 0.7152, 0.0722)

    one, other = luminance(ink), luminance(pixels)
    return (np.maximum(one, other) + 0.05) / (np.minimum(one, other) + 0.05)


@pytest.mark.parametrize("motif", MOTIFS)
def test_motifs_are_distinguishable(motif):
    own = draw_motif(motif, 64).body
    for other in MOTIFS:
        if other != motif:
            differing = ImageChops.difference(own, draw_motif(other, 64).body)
            assert sum(differing.histogram()[128:]) > 64 * 64 * 0.05, other


def test_a_motif_has_two_tones_and_stays_in_its_square():
    for motif in MOTIFS:
        drawn = draw_motif(motif, 200)
        body, shade = (np.asarray(mask) > 0 for mask in (drawn.body, drawn.shade))
        assert not (shade & ~body).any(), motif
        assert 0.02 < shade.sum() / body.sum() < 0.85, motif


def test_an_unknown_motif_is_an_error_that_names_it():
    with pytest.raises(KeyError, match="Teapot"):
        draw_motif("Teapot", 64)


@pytest.mark.parametrize("compose", COMPOSITIONS)
def test_a_cover_shows_the_colour_that_its_title_names(monkeypatch, compose):
    monkeypatch.setattr(drawing, "COMPOSITIONS", (compose,))
    rng = random.Random(3)
    for _ in range(12):
        book = make_book(rng)
        image = draw_cover(book, rng)
        assert 300 <= image.width <= 400
        away = np.abs(np.asarray(image).astype(int) - COLOURS[book.colour]).max(axis=2)
        assert (away <= 18).mean() > 0.01, book.title


@pytest.mark.parametrize("compose", COMPOSITIONS)
def test_all_text_is_readable_and_does_not_overlap(monkeypatch, compose):
    texts_drawn = []

    def recorded(image, text, area, *args, **options):
        before = image.copy()
        placed = draw_text(image, text, area, *args, **options)
        texts_drawn.append((text, area, placed, before))
        return placed

    monkeypatch.setattr(drawing, "draw_text", recorded)
    monkeypatch.setattr(drawing, "COMPOSITIONS", (compose,))
    rng = random.Random(8)
    for _ in range(25):
        texts_drawn.clear()
        book = make_book(rng)
        draw_cover(book, rng)
        texts = " ".join(text for text, *_ in texts_drawn).casefold()
        assert all(word.casefold() in texts for word in (book.title.replace(":", "").split()))
        assert (book.author or "").casefold() in texts
        boxes = [placed.box for _, _, placed, _ in texts_drawn]
        for upper, lower in itertools.pairwise(boxes):
            assert upper[3] <= lower[1] + 1, book.title
        for text, area, placed, before in texts_drawn:
            left, top, right, bottom = placed.box
            assert area[0] - 1 <= left < right <= area[2] + 1, text
            assert area[1] - 1 <= top < bottom <= area[3] + 1, text
            pixels = np.asarray(before.crop(tuple(map(round, placed.box))))
            background = placed.panel or pixels.reshape(-1, 3)
            assert np.percentile(contrasts(placed.ink, background), 2) >= 4.45, text


@given(
    text=st.text(st.characters(codec="latin-1", categories=["L", "N", "Zs"]), max_size=90),
    face=st.sampled_from(sorted(FACES, key=repr)),
    width=st.integers(40, 400),
    height=st.integers(20, 300),
)
def test_any_text_fits_its_area(text, face, width, height):
    lines, size = fit_text(text, face, width, height, 80, 4)
    assert " ".join(lines).split() == text.split()
    if not text.split():
        return
    font = ImageFont.truetype(_FONTS / face.file, 400, layout_engine=ImageFont.Layout.BASIC)
    widest = max(font.getlength(line) for line in lines) / 400 * size * face.squeeze
    assert 0 < widest <= width * 1.02 + 1
    assert size * len(lines) <= height + 1
    assert size <= 80


@given(seed=st.integers(0, 1000), ink=st.tuples(*[st.integers(0, 255)] * 3))
def test_text_is_readable_on_any_picture(seed, ink):
    noise = np.random.default_rng(seed).integers(0, 256, (60, 200, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    placed = draw_text(image, "Emma", (10, 5, 190, 55), ACCENTED, [ink], ink, max_size=30)
    assert placed.panel == ink, "no text is readable on noise"
    assert contrasts(placed.ink, placed.panel) >= 4.5


def test_readable_text_gets_no_panel():
    image = Image.new("RGB", (200, 60), (250, 250, 240))
    placed = draw_text(
        image,
        "Emma",
        (10, 5, 190, 55),
        ACCENTED,
        [(255, 250, 200), (90, 0, 0)],
        (0, 0, 0),
        max_size=30,
    )
    assert (placed.ink, placed.panel) == ((90, 0, 0), None)


def test_names_keep_their_accents():
    for name in (*FIRST_NAMES, *LAST_NAMES):
        for char in name:
            if not char.isascii():
                for face in FACES:
                    file = (ACCENTED if face.ascii_only else face).file
                    font = ImageFont.truetype(_FONTS / file, 60)
                    drawn = [bytes(font.getmask(other)) for other in (char, "\uffff", "\u0378")]
                    assert drawn[0] not in drawn[1:], (char, file)


def test_a_face_without_accents_is_replaced_for_accented_text():
    def set_in(face):
        image = Image.new("RGB", (300, 60), (255, 255, 255))
        draw_text(image, "Zoë Ibáñez", (10, 5, 290, 55), face, [(0, 0, 0)], (0, 0, 0), max_size=30)
        return image.tobytes()

    assert set_in(Face("cmb10.ttf", ascii_only=True)) == set_in(ACCENTED)


def test_ink_is_readable_on_the_paper_of_every_palette():
    assert len(PALETTES) == len(GENRES)
    for genre, palettes in zip(GENRES, PALETTES, strict=True):
        assert len(palettes) > 1
        for palette in palettes:
            assert contrasts(palette.ink, palette.paper) >= 4.5, genre.name


def test_pictures_predict_the_genre_better_than_chance_but_not_perfectly():
    rng = random.Random(6)
    seen, genres = [], []
    for _ in range(240):
        book = make_book(rng)
        small = draw_cover(book, rng).resize((32, 48)).quantize(4).convert("RGB")
        cells = (np.asarray(small).reshape(-1, 3) // 52).astype(int) @ (25, 5, 1)
        seen.append(np.bincount(cells, minlength=125) ** 0.5)
        genres.append(book.genre.name)
    model = LogisticRegression(max_iter=2000).fit(seen[:160], genres[:160])
    assert 0.25 < model.score(seen[160:], genres[160:]) < 0.95
