"""An EPUB as a listing of one book."""

import io
from dataclasses import replace

import pytest

from dustjacket.sources.csv import WHOLE
from dustjacket.sources.epub import epub as epub_format
from dustjacket.sources.epub.epub import EPUB
from dustjacket.sources.tables import ReadOptions
from tests.support.epub import epub, opf

ITEM = '<item id="c" href="c.jpg" media-type="image/jpeg" properties="cover-image"/>'
GOOD = epub(opf("<dc:title>The Key</dc:title>", ITEM), OEBPS__c_jpg=b"x", **{"OEBPS/c.jpg": b"img"})


class Stream(io.RawIOBase):
    """A stream that cannot seek."""

    def __init__(self, body):
        self.body = io.BytesIO(body)

    def read(self, size=-1):
        return self.body.read(size)


def row_of(body, used=None):
    shape = replace(EPUB.shape(Stream(b""), ReadOptions()), used=used)
    (row,) = EPUB.rows(Stream(body), shape, WHOLE)
    return row


def test_an_epub_is_one_book_and_its_cover_is_read_where_it_is_used():
    assert EPUB.matches(GOOD, "x.zip")
    row = row_of(GOOD)
    assert (row.values["title"], row.values["image"]) == ("The Key", None)
    assert row_of(GOOD, frozenset({"image"})).values["image"] == b"img"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (GOOD[:-90], "unreadable_epub"),
        (epub(b"<package"), "malformed_xml"),
        (epub(b"<html/>"), "no_package"),
    ],
)
def test_a_broken_epub_costs_itself_only(body, reason):
    assert row_of(body).reason == reason


def test_an_endless_epub_is_not_kept(monkeypatch):
    monkeypatch.setattr(epub_format, "MAX_EPUB", 1 << 20)
    assert row_of(GOOD + b"x" * (2 << 20)).reason == "record_too_long"


@pytest.mark.parametrize(
    ("head", "name", "expected"),
    [
        (b"PK\x03\x04" + b"\0" * 26 + b"mimetypeapplication/epub+zip", "x", True),
        (b"PK\x03\x04" + b"\0" * 26 + b"other", "x.EPUB", True),
        (b"PK\x03\x04" + b"\0" * 26 + b"[Content_Types].xml", "x.xlsx", False),
        (b"<html>", "x.epub", False),
    ],
)
def test_the_format_is_found_by_its_content(head, name, expected):
    assert EPUB.matches(head, name) is expected
