"""The sample library: repeatable, messy like real files, and with something to learn in it."""

import csv
import io
import random

import pytest
from PIL import Image, ImageChops, ImageDraw, UnidentifiedImageError

from dustjacket.sample import make_sample
from dustjacket.sample.covers import HEADER
from dustjacket.sample.drawing import draw_cover
from dustjacket.sample.grammar import COLOURS, GENRES, MOTIFS, make_book
from dustjacket.sample.motifs import draw_motif


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return make_sample(tmp_path_factory.mktemp("sample"), rows=1500, covers=300, seed=5)


def listing_rows(library):
    text = library.listing.read_bytes().decode("utf-8", "replace")
    return list(csv.reader(io.StringIO(text, newline="")))


def cover_rows(library):
    with (library.covers / "main_dataset.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_same_arguments_give_the_same_files(library, tmp_path):
    again = make_sample(tmp_path / "again", rows=1500, covers=300, seed=5)
    other = make_sample(tmp_path / "other", rows=1500, covers=300, seed=6)
    assert again.listing.read_bytes() == library.listing.read_bytes()
    assert other.listing.read_bytes() != library.listing.read_bytes()
    files = sorted(file.relative_to(library.covers) for file in library.covers.rglob("*.*"))
    assert files == sorted(file.relative_to(again.covers) for file in again.covers.rglob("*.*"))
    assert all(
        (again.covers / name).read_bytes() == (library.covers / name).read_bytes() for name in files
    )


def test_the_listing_has_as_many_rows_as_asked_for(library):
    assert len(listing_rows(library)) == 1500


def test_the_listing_is_messy_in_the_ways_of_the_real_one(library):
    rows = [row for row in listing_rows(library) if len(row) == 7]
    assert len(rows) < 1500, "a ragged row"
    assert any("\n" in row[3] for row in rows), "a line break inside quotes"
    assert any('"' in row[3] for row in rows), "doubled quotes"
    assert 0.03 < sum(not row[4] for row in rows) / len(rows) < 0.12, "missing authors"
    assert any(not row[3] for row in rows), "a missing title"
    assert any(not row[6] for row in rows), "a missing genre"
    assert any(row[1] != f"{row[0]}.jpg" for row in rows), "lost leading zeros"
    assert len({tuple(row) for row in rows}) < len(rows), "exact duplicates"
    with pytest.raises(UnicodeDecodeError):
        library.listing.read_bytes().decode("utf-8")


def test_the_cover_set_is_one_row_a_cover_in_the_real_format(library):
    rows = cover_rows(library)
    assert len(rows) == 300
    assert tuple(rows[0]) == HEADER
    assert all(row["img_paths"].startswith("dataset/") for row in rows)


def test_some_covers_are_broken_and_most_are_whole(library):
    whole = missing = 0
    for row in cover_rows(library):
        file = library.covers / row["img_paths"].removeprefix("dataset/")
        if not file.exists():
            missing += 1
            continue
        try:
            with Image.open(file) as image:
                image.load()
                whole += 1
        except (UnidentifiedImageError, OSError):
            continue
    assert missing > 0
    assert 280 < whole < 300 - missing


@pytest.mark.parametrize("covers", [10, 24, 50])
def test_a_small_library_is_mostly_whole(tmp_path, covers):
    library = make_sample(tmp_path, rows=40, covers=covers, seed=1)
    assert len(listing_rows(library)) == 40
    titles = [row["name"] for row in cover_rows(library)]
    assert len(titles) == covers
    assert len(list(library.covers.rglob("*.jpg"))) >= 0.7 * covers


def test_genres_share_words_so_that_no_perfect_score_is_possible():
    rng = random.Random(3)
    books = [make_book(rng) for _ in range(6000)]
    assert {book.genre for book in books} == set(GENRES)
    by_title = {}
    for book in books:
        by_title.setdefault(book.title, set()).add(book.genre.name)
    assert any(len(genres) > 1 for genres in by_title.values())


@pytest.mark.parametrize("motif", MOTIFS)
def test_every_motif_can_be_told_from_every_other(motif):
    def drawn(name):
        image = Image.new("L", (64, 64))
        canvas = Image.new("RGB", (64, 64))
        draw_motif(ImageDraw.Draw(canvas), name, (4, 4, 56), (255,) * 3, (0,) * 3)
        image.paste(canvas.convert("L"))
        return image

    own = drawn(motif)
    for other in MOTIFS:
        if other != motif:
            differing = ImageChops.difference(own, drawn(other)).point(lambda v: v > 128 and 255)
            assert sum(differing.histogram()[128:]) > 64 * 64 * 0.05, other


def test_a_cover_shows_the_colour_that_its_title_names():
    rng = random.Random(3)
    for _ in range(30):
        book = make_book(rng)
        image = draw_cover(book, rng)
        assert 300 <= image.width <= 400
        wanted = COLOURS[book.colour]
        near = [
            count
            for count, colour in image.getcolors(maxcolors=1 << 20)
            if all(abs(a - b) <= 15 for a, b in zip(colour, wanted, strict=True))
        ]
        assert sum(near) > 0.01 * image.width * image.height
