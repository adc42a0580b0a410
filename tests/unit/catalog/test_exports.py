"""Exports of programs for readers, in their own columns and encodings, without any parameter."""

import csv
import io

import pytest

from dustjacket.records.columns import columns_of
from dustjacket.sources.formats import read_rows, shape_of
from dustjacket.sources.tables import ReadOptions
from tests.support.listings import ingest, store_in

GOODREADS = (
    "Book Id,Title,Author,Author l-f,Additional Authors,ISBN,ISBN13,My Rating,Average Rating,"
    "Publisher,Binding,Number of Pages,Year Published,Original Publication Year,Date Read,"
    "Date Added,Bookshelves,Bookshelves with positions,Exclusive Shelf,My Review,Spoiler,"
    "Private Notes,Read Count,Owned Copies"
)
LIBRARYTHING = (
    "Book Id,Title,Sort Character,Primary Author,Primary Author Role,Secondary Author,"
    "Secondary Author Roles,Publication,Date,Review,Rating,Comment,Private Comment,Summary,Media,"
    "Physical Description,Weight,Height,Thickness,Length,Dimensions,Page Count,LCCN,Acquired,"
    "Date Started,Date Read,Barcode,BCID,Tags,Collections,Languages,Original Languages,"
    "LC Classification,ISBN,ISBNs,Subjects,Dewey Decimal,Dewey Wording,Other Call Number,Copies,"
    "Source,Entry Date,From Where,OCLC,Work id,Lending Patron,Lending Status,Lending Start,"
    "Lending End"
)
CALIBRE = (
    "author_sort,authors,comments,cover,id,isbn,formats,identifiers,languages,library_name,pubdate,"
    "publisher,rating,series,series_index,size,tags,timestamp,title,title_sort,uuid"
)
BOOK_CROSSING = (
    "ISBN,Book-Title,Book-Author,Year-Of-Publication,Publisher,Image-URL-S,Image-URL-M,Image-URL-L"
)


def table(header, *rows, **dialect):
    """Return a table whose rows are given by column; other fields are empty."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header.split(","), restval="", **dialect)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def books_of(tmp_path, name, body):
    file = tmp_path / name
    file.write_bytes(body)
    return ingest(file, store_in(tmp_path / "store"), min_rows_per_genre=1).books


def test_a_goodreads_export(tmp_path):
    body = table(
        GOODREADS,
        {
            "Book Id": "1", "Title": "The Key (Saga, #1)", "Author": "Ada Stern",
            "Author l-f": "Stern, Ada", "Additional Authors": "Nils Birch",
            "ISBN": '="6600000007"', "ISBN13": '="9786600000008"', "Publisher": "Ace",
            "Year Published": "1996", "Bookshelves": "to-read, sci-fi",
            "Exclusive Shelf": "to-read", "Bookshelves with positions": "to-read (#1), sci-fi (#2)",
        },
        {
            "Book Id": "2", "Title": "Other", "Author": "Olga Quill", "ISBN": '=""',
            "ISBN13": '=""', "Bookshelves": "poetry", "Exclusive Shelf": "read",
        },
    )  # fmt: skip
    first, second = books_of(tmp_path, "goodreads_library_export.csv", body.encode())
    assert first["title"] == "The Key (Saga, #1)"
    assert first["author"].startswith("Ada Stern")
    assert first["genre"] == "sci-fi"
    assert first["isbn13"] == "9786600000008"
    assert first["published"] == "1996"
    assert (second["genre"], second["isbn13"]) == ("poetry", None)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8"])
def test_a_librarything_export(tmp_path, encoding):
    body = table(
        LIBRARYTHING,
        {
            "Book Id": "1", "Title": 'The "Key"', "Primary Author": "Stern, Ada",
            "Primary Author Role": "Author", "Secondary Author": "Birch, Nils",
            "Secondary Author Roles": "Translator", "Publication": "Ace (1996)", "Date": "1996",
            "Summary": "The Key by Ada Stern (1996)", "Tags": "fantasy, keys",
            "Collections": "Your library", "Languages": "English", "ISBN": "[6600000007]",
            "ISBNs": "6600000007, 9786600000008", "Work id": "77", "Dewey Decimal": "823",
        },
        {"Book Id": "2", "Title": "Grün", "Primary Author": "Quill, Olga", "Tags": "poetry, keys"},
        delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None, escapechar=None,
    )  # fmt: skip
    first, second = books_of(tmp_path, "librarything.tsv", body.encode(encoding))
    assert first["title"] == 'The "Key"'
    assert "Ada" in first["author"]
    assert first["genre"] == "fantasy"
    assert first["isbn13"] == "9786600000008"
    assert (second["title"], second["genre"]) == ("Grün", "poetry")


def test_a_calibre_catalogue(tmp_path):
    body = table(
        CALIBRE,
        {
            "author_sort": "Stern, Ada & Birch, Nils", "authors": "Ada Stern & Nils Birch",
            "comments": "<p>A tale.</p>", "cover": "/l/cover.jpg", "id": "1",
            "isbn": "9786600000008", "formats": "epub", "identifiers": "isbn:9786600000008",
            "languages": "eng", "library_name": "L", "pubdate": "1996-03-15T00:00:00+00:00",
            "publisher": "Ace", "series": "Saga", "series_index": "1.0",
            "tags": "Fantasy, Humour", "title": "The Key", "title_sort": "Key, The", "uuid": "u",
        },
        {
            "authors": "Olga Quill", "id": "2", "tags": "Poetry, Humour", "title": "Other",
            "title_sort": "Other",
        },
    )  # fmt: skip
    first, second = books_of(tmp_path, "calibre.csv", ("\ufeff" + body).encode())
    assert first["title"] == "The Key"
    assert [person["name"] for person in first["contributors"]] == ["Ada Stern", "Nils Birch"]
    assert first["genre"] == "Fantasy"
    assert first["isbn13"] == "9786600000008"
    assert first["language"] == "en"
    assert first["published"] == "1996-03-15"
    assert first["description"] == "A tale."
    assert second["genre"] == "Poetry"


def test_book_crossing_is_a_table_of_covers():
    body = table(
        BOOK_CROSSING,
        {
            "ISBN": "6600000007", "Book-Title": "Keys &amp; Towers", "Book-Author": "Ada Stern",
            "Year-Of-Publication": "1996", "Publisher": "Ace", "Image-URL-L": "http://x/l.jpg",
            "Image-URL-M": "http://x/m.jpg", "Image-URL-S": "http://x/s.jpg",
        },
        delimiter=";", quoting=csv.QUOTE_ALL,
    ).encode("latin-1")  # fmt: skip
    shape = shape_of(io.BytesIO(body), ReadOptions("BX-Books.csv"))
    rows = [row.values for row in read_rows(io.BytesIO(body), shape)]
    columns = columns_of(shape.keys, required=("title", "image"), sample=rows)
    assert columns.first("title") == "book-title"
    assert columns.first("author") == "book-author"
    assert columns.first("image") == "image-url-l"
    assert columns.first("isbn") == "isbn"
