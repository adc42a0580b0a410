"""Authors whom books name by key have the names that another file of the source gives."""

import gzip
import json

import pytest

from dustjacket.errors import BadInputError
from tests.support.listings import ingest, store_in


def dump(kind, **objects):
    return "".join(
        f"/type/{kind}\t{key}\t1\t2009-12-11T01:57:19\t{json.dumps(body)}\n"
        for key, body in objects.items()
    ).encode()


def lines(*objects):
    return "".join(json.dumps(each) + "\n" for each in objects).encode()


EDITIONS = dump("edition", **{
    "/books/OL1M": {"title": "The Key", "authors": [{"key": "/authors/OL1A"},
                                                    {"key": "/authors/OL2A"}], "genres": ["F"]},
    "/books/OL2M": {"title": "The Tower", "by_statement": "by A. Other.", "genres": ["F"],
                    "authors": [{"key": "/authors/OL1A"}]},
    "/books/OL3M": {"title": "The Sea", "authors": [{"key": "/authors/OL9A"}], "genres": ["F"]},
})  # fmt: skip
WORKS = dump("work", **{
    "/works/OL1W": {"title": "The Key", "subjects": ["F"],
                    "authors": [{"type": "x", "author": {"key": "/authors/OL1A"}}]},
})  # fmt: skip
AUTHORS = dump("author", **{
    "/authors/OL1A": {"name": "Ada Stern"}, "/authors/OL2A": {"personal_name": "Nils Birch"},
    "/authors/OL3A": {},
})  # fmt: skip
SHELVES = [{"name": "fiction", "count": "9"}]
GRAPH = lines(
    {"book_id": "1", "title": "The Key", "popular_shelves": SHELVES,
     "authors": [{"author_id": "7", "role": ""}, {"author_id": "8", "role": "Translator"}]},
    {"book_id": "2", "title": "The Sea", "popular_shelves": SHELVES, "authors": []},
)  # fmt: skip
GRAPH_AUTHORS = lines({"author_id": "7", "name": "Ada  Stern", "ratings_count": "3"},
                      {"author_id": "8", "name": "Nils Birch", "ratings_count": "1"})  # fmt: skip


@pytest.fixture
def read(tmp_path):
    def read(files, **parameters):
        folder = tmp_path / "dumps"
        folder.mkdir()
        for name, body in files.items():
            (folder / name).write_bytes(body)
        return ingest(folder, store_in(tmp_path), min_rows_per_genre=1, **parameters)

    return read


def authors_of(found):
    return {book["title"]: book["author"] for book in found.books}


def test_editions_take_the_names_of_a_dump_of_authors_beside_them(read):
    found = read({"ol_dump_editions.txt": EDITIONS,
                  "ol_dump_authors.txt.gz": gzip.compress(AUTHORS)})  # fmt: skip
    assert authors_of(found) == {
        "The Key": "Ada Stern, Nils Birch", "The Tower": "A. Other", "The Sea": None
    }  # fmt: skip
    key = found.book("The Key")
    assert [person["name"] for person in key["contributors"]] == ["Ada Stern", "Nils Birch"]
    assert key["sources"] == [{"field": "author", "source": "ol_dump_authors.txt.gz"}]
    assert not found.rejected
    assert list(found.manifest.facts["passed_over"]) == ["ol_dump_authors.txt.gz"]
    assert found.manifest.facts["profile"]["without_author"] == pytest.approx(1 / 3)


def test_works_of_a_dump_of_all_types_take_the_names_of_its_authors(read):
    found = read({"ol_dump.txt": AUTHORS + WORKS})
    assert authors_of(found) == {"The Key": "Ada Stern"}
    assert found.reasons == ["not_a_book"] * 3


def test_books_of_goodreads_take_the_names_of_the_file_of_authors(read):
    found = read({"goodreads_books.json": GRAPH, "goodreads_book_authors.json": GRAPH_AUTHORS})
    assert authors_of(found) == {"The Key": "Ada Stern", "The Sea": None}


def test_the_file_of_authors_may_be_the_second_source(read, tmp_path):
    names = tmp_path / "goodreads_book_authors.json"
    names.write_bytes(GRAPH_AUTHORS)
    found = read({"goodreads_books.json": GRAPH}, enrich=str(names))
    assert authors_of(found) == {"The Key": "Ada Stern", "The Sea": None}


def test_books_without_a_file_of_authors_have_none(read):
    found = read({"ol_dump_editions.txt": EDITIONS})
    assert authors_of(found) == {"The Key": None, "The Tower": "A. Other", "The Sea": None}


def test_authors_alone_are_refused_with_the_cure(read):
    with pytest.raises(BadInputError, match="authors alone: add the file of their books"):
        read({"ol_dump_authors.txt": AUTHORS})
