"""The sample library: repeatable, messy like real files, and with something to learn in it."""

import csv
import io
import random
import tracemalloc
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, UnidentifiedImageError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import f1_score
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from dustjacket.catalog.step import CatalogParameters
from dustjacket.covers.check import check_cover
from dustjacket.covers.hashes import MAX_DHASH_DISTANCE, MAX_VHASH_DISTANCE
from dustjacket.covers.step import CoversParameters
from dustjacket.identity.text import normalise
from dustjacket.records.text import line_of
from dustjacket.sample import covers, make_sample
from dustjacket.sample.contact_sheet import write_contact_sheet
from dustjacket.sample.covers import HEADER
from dustjacket.sample.defects import defect_of
from dustjacket.sample.grammar import (
    COLOURS,
    GENRES,
    HELD_OUT_WORDS,
    MOTIFS,
    is_held_out,
    make_book,
)
from dustjacket.sample.listing import write_listing
from dustjacket.sources.csv import read_records
from dustjacket.splits import book_group, split_of


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
    other = make_sample(tmp_path / "other", rows=1500, covers=10, seed=6)
    assert again.listing.read_bytes() == library.listing.read_bytes()
    assert other.listing.read_bytes() != library.listing.read_bytes()
    files = sorted(file.relative_to(library.covers) for file in library.covers.rglob("*.*"))
    assert files == sorted(file.relative_to(again.covers) for file in again.covers.rglob("*.*"))
    assert all(
        (again.covers / name).read_bytes() == (library.covers / name).read_bytes() for name in files
    )


@pytest.mark.parametrize("rows", [300, 1500])
def test_the_listing_is_messy_in_the_ways_of_the_real_one(tmp_path, rows):
    library = make_sample(tmp_path, rows=rows, covers=10, seed=5)
    read = listing_rows(library)
    assert len(read) == rows
    assert Counter(map(len, read)) == {7: rows - 1, 5: 1}, "one ragged row"
    whole = [row for row in read if len(row) == 7]
    titles = [row[3] for row in whole]
    assert any("\n" in title for title in titles), "a line break inside quotes"
    assert any('"' in title for title in titles), "doubled quotes"
    assert any("\ufffd" in title for title in titles), "bytes that are not UTF-8"
    assert any("\N{EN DASH} Édition" in title for title in titles), "accents that are UTF-8"
    assert "" in titles, "a missing title"
    assert any(title and not any(map(str.isalnum, title)) for title in titles), "punctuation only"
    assert sum(len(title) > 1000 for title in titles) == 1, "an over-long title"
    assert 0.03 < sum(not row[4] for row in whole) / rows < 0.12, "missing authors"
    assert any(not row[6] for row in whole), "a missing genre"
    assert 1 in Counter(row[6] for row in whole).values(), "a genre that occurs once"
    assert any(row[1] != f"{row[0]}.jpg" for row in whole), "lost leading zeros"
    assert all(row[1].removesuffix(".jpg").lstrip("0") == row[0] for row in whole)
    assert len(set(map(tuple, read))) < rows, "exact duplicates"
    assert all(row[2].startswith("https://example.invalid/") for row in whole)


def test_a_few_percent_of_the_rows_must_be_rejected(library):
    seen, rejected = set(), 0
    for row in map(tuple, listing_rows(library)):
        sound = len(row) == 7 and row[6] and any(map(str.isalnum, row[3])) and len(row[3]) <= 1000
        rejected += not sound or row in seen
        seen.add(row)
    assert 0.02 < rejected / 1500 < 0.04


def test_a_listing_of_any_length_takes_the_same_memory(tmp_path):
    def peak(rows):
        tracemalloc.start()
        write_listing(tmp_path / "listing.csv", rows, random.Random(1))
        left, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most - left  # what is left is in the caches of names, which are bounded

    assert peak(12_000) < peak(1_500) + 200_000


@given(number=st.integers(0, 10_000), total=st.integers(1, 10_000), apart=st.integers(1, 100))
def test_at_most_one_record_of_four_has_a_defect(number, total, apart):
    kinds = ("a", "b", "c")
    odd = [defect_of(kinds, at, total, apart)[0] for at in range(number, number + 4)]
    assert sum(kind is not None for kind in odd) <= 1


def test_the_cover_set_is_one_row_a_cover_in_the_real_format(library):
    rows = cover_rows(library)
    assert len(rows) == 300
    assert tuple(rows[0]) == HEADER
    assert all(row["img_paths"].startswith("dataset/") for row in rows)


def test_every_category_of_the_cover_set_names_a_genre_of_the_listing(library):
    genres = {normalise(genre.name) for genre in GENRES}
    categories = {row["category"] for row in cover_rows(library)}
    assert {normalise(category) for category in categories} == genres
    assert "Childrens Books" in categories


def pictures(library):
    """Yield each cover's row, and its picture or what kept it from being read."""
    for row in cover_rows(library):
        try:
            with Image.open(library.covers / row["img_paths"].removeprefix("dataset/")) as image:
                image.load()
                yield row, image
        except (FileNotFoundError, UnidentifiedImageError) as error:
            yield row, type(error).__name__
        except OSError:
            yield row, "truncated"


def test_some_covers_are_defective_and_most_are_not(library):
    found = list(pictures(library))
    broken = Counter(image for _, image in found if isinstance(image, str))
    assert set(broken) == {"FileNotFoundError", "UnidentifiedImageError", "truncated"}
    images = [image for _, image in found if not isinstance(image, str)]
    tiny = [image for image in images if min(image.size) < 20]
    blank = [image for image in images if image.convert("L").getextrema() == (255, 255)]
    assert tiny
    assert len(blank) > len(tiny), "tiny ones are blank too"
    assert any(not row["name"] for row, _ in found), "a missing title"
    assert 0.94 < 1 - (broken.total() + len(blank)) / len(found) < 1
    assert all(300 <= image.width <= 400 for image in images if image not in tiny)


def test_some_covers_are_copies_and_some_look_like_another_book(library):
    titles = {}
    for row in cover_rows(library):
        file = library.covers / row["img_paths"].removeprefix("dataset/")
        if file.exists() and file.stat().st_size > 5000:
            titles.setdefault(file.read_bytes(), []).append(row["name"])
    twice = [names for names in titles.values() if len(names) > 1]
    assert any(len(set(names)) == 1 for names in twice), "the same book again"
    assert any(len(set(names)) > 1 for names in twice), "one picture, two books"


def test_some_covers_are_odd_files_that_are_fine(library):
    kinds = {
        (image.format, image.mode) for _, image in pictures(library) if not isinstance(image, str)
    }
    assert {("JPEG", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "P")} <= kinds


@pytest.mark.parametrize("covers", [10, 24, 50])
def test_a_small_library_has_few_defects(tmp_path, covers):
    library = make_sample(tmp_path, rows=40, covers=covers, seed=1)
    assert len(listing_rows(library)) == 40
    found = list(pictures(library))
    assert len(found) == covers
    sound = [row for row, image in found if not isinstance(image, str) and row["name"]]
    assert 0.7 * covers <= len(sound) < covers


def test_titles_predict_the_genre_well_but_not_perfectly(tmp_path):
    library = make_sample(tmp_path, rows=3000, covers=10, seed=13)
    rows = [row for row in listing_rows(library) if len(row) == 7 and row[3] and row[6]]
    titles, genres = [row[3] for row in rows], [row[6] for row in rows]
    cut = len(rows) * 7 // 10
    model = make_pipeline(CountVectorizer(), MultinomialNB()).fit(titles[:cut], genres[:cut])
    score = f1_score(genres[cut:], model.predict(titles[cut:]), average="weighted")
    assert 0.7 < score < 0.92


def test_genres_share_words_so_that_no_perfect_score_is_possible():
    rng = random.Random(3)
    books = [make_book(rng) for _ in range(6000)]
    assert {book.genre for book in books} == set(GENRES)
    by_title = {}
    for book in books:
        by_title.setdefault(book.title, set()).add(book.genre.name)
    assert any(len(genres) > 1 for genres in by_title.values())


def test_a_listing_names_held_out_words_on_its_test_side_alone(library):
    books = []
    with library.listing.open("rb") as stream:
        for record in read_records(stream):
            if record.reason is None:
                title, author = map(line_of, record.fields[3:5])
                if len(title) <= CatalogParameters().max_title_length:
                    books.append((title, split_of(book_group(title, author))))
    assert len(books) > 1400
    assert_held_out(books)


def test_a_cover_set_names_held_out_words_on_its_test_side_alone(library):
    """Ingestion groups books with near-duplicate covers; no held-out book may be among them."""
    books, groups, looks = [], [], []
    for row in cover_rows(library):
        file = library.covers / row["img_paths"].removeprefix("dataset/")
        cover = check_cover(file.read_bytes(), CoversParameters()) if file.exists() else "missing"
        if row["name"] and not isinstance(cover, str):
            groups.append(book_group(row["name"], row["author"]))
            books.append((row["name"], split_of(groups[-1])))
            looks.append([int(cover.dhash, 16), int(cover.vhash, 16)])
    assert len(books) > 280
    assert_held_out(books)
    bits = np.array(looks, np.uint64)
    across, down = np.moveaxis(np.bitwise_count(bits[:, None] ^ bits[None]), 2, 0)
    alike = (across <= MAX_DHASH_DISTANCE) & (down <= MAX_VHASH_DISTANCE)
    alike &= np.not_equal.outer(np.array(groups), np.array(groups))
    assert not alike[[is_held_out(title) for title, _ in books]].any()
    assert 0 < alike.sum() / 2 < 4, "one picture, two books; and hardly any by chance"


def assert_held_out(books):
    """Assert that only test books name the words, each word is named, and by enough of them."""
    words = set(HELD_OUT_WORDS)
    assert {side for title, side in books if words & set(title.split())} == {"test"}
    tested = [set(title.split()) for title, side in books if side == "test"]
    assert all(any(word in title for title in tested) for word in words)
    assert 0.15 < sum(bool(words & title) for title in tested) / len(tested) < 0.5


def test_the_held_out_words_are_beside_the_library(library):
    assert library.held_out_words.read_text().splitlines() == list(HELD_OUT_WORDS)
    assert set(HELD_OUT_WORDS) < {*MOTIFS, *COLOURS}
    assert is_held_out("The UMBRELLA: A Love Story")
    assert not is_held_out("Under the Silver Houses")


def test_several_processes_draw_what_one_draws(tmp_path, monkeypatch):
    alone = make_sample(tmp_path / "alone", rows=10, covers=40, seed=2)
    monkeypatch.setattr(covers, "_ENOUGH", 20)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})
    started = []
    pool = covers.ProcessPoolExecutor
    monkeypatch.setattr(
        covers,
        "ProcessPoolExecutor",
        lambda count, *given, **named: started.append(count) or pool(count, *given, **named),
    )
    together = make_sample(tmp_path / "together", rows=10, covers=40, seed=2)
    assert started == [2]
    one, several = (
        {path.relative_to(made.covers): path.read_bytes() for path in made.covers.rglob("*.*")}
        for made in (alone, together)
    )
    assert one == several


def test_a_contact_sheet_shows_covers_uncropped(tmp_path):
    sizes = [(400, 560), (300, 480), (350, 525)]
    files = []
    for number, size in enumerate(sizes):
        files.append(tmp_path / f"{number}.png")
        Image.new("RGB", size, (255, 0, 0)).save(files[-1])
    write_contact_sheet(tmp_path / "sheet.jpg", files)
    with Image.open(tmp_path / "sheet.jpg") as sheet:
        red = np.asarray(sheet)[:, :, 1] < 90
    columns = np.flatnonzero(np.diff(np.pad(red.any(axis=0), 1).astype(int)))
    assert len(columns) == 2 * len(sizes), "apart from each other and from the edges"
    for (width, height), start, end in zip(sizes, columns[::2], columns[1::2], strict=True):
        tall = red[:, start:end].any(axis=1).sum()
        assert tall / (end - start) == pytest.approx(height / width, rel=0.03)


def test_a_library_has_a_contact_sheet_of_its_covers(library):
    with Image.open(library.contact_sheet) as sheet:
        assert sheet.format == "JPEG"
        assert sheet.width / 8 > 150
        assert sheet.height / 6 > 250
        assert sheet.convert("L").resize((16, 16)).entropy() > 4
