"""The sample library in every format: the same books, whatever the file is."""

import io
import random
import shutil
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dustjacket.cli.sample import SampleFormatName
from dustjacket.errors import BadInputError
from dustjacket.records.columns import columns_of
from dustjacket.records.options import DEFAULT_OPTIONS
from dustjacket.records.record import CANONICAL, record_of
from dustjacket.sample import CSV, make_sample
from dustjacket.sample.covers import cover_values
from dustjacket.sample.formats import FORMATS
from dustjacket.sample.isbn import asin_of, isbn13_of
from dustjacket.sample.listing import listed_books, write_listing
from dustjacket.sources.formats import FORMATS as READ
from dustjacket.sources.formats import read_rows, shape_of
from dustjacket.sources.tables import ReadOptions
from tests.support.covers_run import run
from tests.support.listings import ingest, store_in

ROWS = 400
READABLE = [name for name in FORMATS if name not in ("xlsx", "ods") or name in READ]


def books_in(path):
    """Return the books with title and genre in a file, or in the files of a folder."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return [book for file in files for book in books_in_file(file)]


def books_in_file(file):
    body = file.read_bytes()
    shape = shape_of(io.BytesIO(body), ReadOptions(file.name))
    rows = [row for row in read_rows(io.BytesIO(body), shape) if row.reason is None]
    columns = CANONICAL
    if not READ[shape.format].canonical:
        columns = columns_of(
            shape.keys, {}, required=("title", "genre"), where="x", parameters={},
            sample=[row.values for row in rows],
        )  # fmt: skip
    records = [record_of(row.values, columns, DEFAULT_OPTIONS) for row in rows]
    return [record for record in records if any(map(str.isalnum, record.title)) and record.genre]


def common(record):
    return record.title, record.author, record.genre, record.isbn13


def carried(record):
    words = [s.heading for s in record.subjects if s.scheme == "keywords"]
    return *common(record), record.language, record.description, tuple(words)


@pytest.fixture(scope="module")
def listing(tmp_path_factory):
    file = tmp_path_factory.mktemp("csv") / "listing.csv"
    write_listing(file, ROWS, random.Random(1))
    return file


def written(name, folder):
    file = folder / f"listing{FORMATS[name].ending}"
    FORMATS[name].write(file, (book.values for book in listed_books(ROWS, random.Random(1))))
    return books_in(file)


@pytest.mark.parametrize("name", READABLE)
def test_every_format_has_the_books_of_the_listing(name, listing, tmp_path):
    books = written(name, tmp_path)
    assert sorted(map(common, books)) == sorted(map(common, books_in(listing)))
    assert len(books) > 0.9 * ROWS
    assert sum(book.isbn13 is not None for book in books) > 0.8 * len(books)


@pytest.mark.parametrize("name", READABLE)
def test_formats_with_a_header_carry_languages_descriptions_and_keywords(name, tmp_path):
    books = written(name, tmp_path)
    assert list(map(carried, books)) == list(map(carried, written("jsonl", tmp_path)))
    assert all(book.language == "en" and book.description for book in books)
    assert all(2 <= len(carried(book)[-1]) <= 3 for book in books)


WORD = st.text(st.characters(codec="utf-8", categories=["Lu", "Ll", "Lo"]), min_size=1, max_size=9)
INNER = st.sampled_from([" ", " & ", " < ", '"', "'", " + ", "; ", ", ", " - ", "]]>", "&amp;"])


@st.composite
def texts(draw):
    """Return words with signs between them that mean something in one of the formats."""
    words = draw(st.lists(WORD, min_size=1, max_size=4))
    return words[0] + "".join(draw(INNER) + word for word in words[1:])


BOOKS = st.lists(
    st.fixed_dictionaries(
        {
            "record_id": st.uuids().map(str),
            "title": texts(),
            "contributors": st.tuples(WORD, WORD).map(
                lambda names: [{"name": " ".join(names), "role": "aut"}]
            ),
            "description": texts(),
            "language": st.just("en"),
            "isbn": st.integers(0, 10**6).map(lambda row: [isbn13_of(asin_of(row, 10**9))]),
            "subjects": st.builds(
                lambda own, word: [
                    {"scheme": "own", "code": None, "heading": own, "main": True},
                    {"scheme": "keywords", "code": None, "heading": word, "main": False},
                ],
                WORD.map(lambda word: f"genre {word}"),
                WORD,
            ),
        }
    ),
    min_size=2,
    max_size=3,
    unique_by=lambda book: book["record_id"],
)


@pytest.mark.parametrize("name", READABLE)
@settings(
    max_examples=25,
    deadline=None,  # the first example imports what writes the format
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(BOOKS)
def test_any_text_is_the_same_book_in_every_format(name, tmp_path, books):
    read = []
    for folder in (name, "jsonl"):
        file = tmp_path / folder / f"listing{FORMATS[folder].ending}"
        shutil.rmtree(file.parent, ignore_errors=True)
        file.parent.mkdir()
        FORMATS[folder].write(file, books)
        read.append([carried(book) for book in books_in(file)])
    assert read[0] == read[1]
    assert len(read[0]) == len(books)


FIELDS = ("title", "author", "genre", "isbn13", "split", "group")


@pytest.mark.parametrize("name", READABLE)
def test_every_format_gives_the_same_catalogue(name, tmp_path):
    rows = 100 if name == "opf" else ROWS
    store = store_in(tmp_path / "store")
    listing, file = tmp_path / "listing.csv", tmp_path / f"listing{FORMATS[name].ending}"
    write_listing(listing, rows, random.Random(1))
    FORMATS[name].write(file, (book.values for book in listed_books(rows, random.Random(1))))
    found, expected = (
        sorted(tuple(book[field] or "" for field in FIELDS) for book in ingest(source, store).books)
        for source in (file, listing)
    )
    assert found == expected
    assert len(found) > 0.8 * rows


@pytest.fixture(scope="module")
def covers(tmp_path_factory):
    """Return a folder of drawn covers, and what is read of them by their own table."""
    folder = tmp_path_factory.mktemp("covers")
    library = make_sample(folder / "csv", rows=20, covers=12, seed=1)
    return library.covers, found_covers(library.covers, folder / "out")


def found_covers(source, out):
    index = run(None, source, out).index
    return index[["title", "author", "category", "split", "dhash", "vhash"]].to_dict("records")


@pytest.mark.parametrize("name", READABLE)
def test_a_table_of_covers_in_any_format_gives_the_same_covers(name, covers, tmp_path):
    pictures, expected = covers
    source = tmp_path / "covers"
    shutil.copytree(pictures, source, ignore=shutil.ignore_patterns("*.csv"))
    table = source / f"main_dataset{ending}" if (ending := FORMATS[name].ending) else source
    FORMATS[name].write(table, cover_values(12, random.Random("covers 1")))
    assert found_covers(source, tmp_path / "out") == expected
    assert len(expected) >= 8


def test_the_command_knows_every_format():
    assert set(get_args(SampleFormatName)) == {CSV, *FORMATS}


@pytest.mark.parametrize("name", ["xlsx", "ods"])
def test_a_sheet_holds_only_so_many_books(name, tmp_path):
    with pytest.raises(BadInputError, match="1,048,575"):
        make_sample(tmp_path / "s", rows=2_000_000, covers=10, seed=1, format_name=name)
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("name", ["jsonl", "opf"])
def test_a_library_has_its_listing_and_table_of_covers_in_its_format(name, tmp_path):
    library = make_sample(tmp_path, rows=20, covers=12, seed=1, format_name=name)
    assert books_in(library.listing)
    ending = ".opf" if name == "opf" else ".jsonl"
    tables = [file for file in library.covers.iterdir() if file.suffix == ending]
    covers = [book for file in tables for book in books_in_file(file)]
    assert len(covers) == 12
    found = [book for book in covers if (library.covers / book.image).exists()]
    assert 10 <= len(found) <= 12, "few defects, of which a missing file is one"
