import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from dustjacket.evaluation.reading import CoverReader, bm25_vectors


@pytest.fixture(scope="module")
def reader():
    return CoverReader()


def cover(*lines, side=(300, 450)):
    image = Image.new("RGB", side, (230, 220, 180))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 300, side[0], side[1]), fill=(180, 30, 30))
    for number, text in enumerate(lines):
        draw.text((20, 30 + 60 * number), text, (20, 20, 60), ImageFont.load_default(36))
    body = io.BytesIO()
    image.save(body, format="PNG")
    return body.getvalue()


def test_the_text_of_a_cover_is_read_and_painted_over(reader):
    text = reader.read(cover("The Red Tower", "Ada Stern"))
    assert text.lines == ("The Red Tower", "Ada Stern")
    assert reader.read(text.painted).lines == ()
    pixels = np.asarray(Image.open(io.BytesIO(text.painted)))
    assert pixels[400, 150].tolist() == [180, 30, 30], "the picture is kept"


def test_a_cover_without_text_is_kept_and_a_broken_file_is_not_read(reader):
    text = reader.read(cover())
    assert text.lines == ()
    assert Image.open(io.BytesIO(text.painted)).size == (300, 450)
    assert reader.read(b"no picture") is None


def test_large_covers_are_made_smaller_before_they_are_read(reader):
    painted = reader.read(cover("The Red Tower", side=(900, 1600))).painted
    assert Image.open(io.BytesIO(painted)).size == (288, 512)


def test_products_of_the_vectors_are_the_scores_of_bm25():
    queries, texts = bm25_vectors(["Réd tower", "blue"], ["RED red tower", "blue sea", "", "a b c"])
    scores = queries @ texts.T
    average = (3 + 2 + 0 + 3) / 4
    idf = np.log1p((4 - 1 + 0.5) / (1 + 0.5))  # of a word in one of four texts

    def saturated(count, length):
        return count * 2.2 / (count + 1.2 * (0.25 + 0.75 * length / average))

    assert scores[0, 0] == pytest.approx(idf * (saturated(2, 3) + saturated(1, 3)))
    assert scores[1, 1] == pytest.approx(idf * saturated(1, 2))
    assert np.count_nonzero(scores) == 2


def test_texts_without_words_have_no_score():
    queries, texts = bm25_vectors(["a title"], ["", "..."])
    assert (queries @ texts.T == 0).all()
