"""Dumps of Open Library: lines of type, key, revision, time and JSON, separated by tabs.

Authors are keys there, and have names in another dump. Lines of authors are no books, but name the
authors of books that have no statement of one.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from dustjacket.sources.csv import MAX_RECORD, ByteRange
from dustjacket.sources.datasets.json_objects import object_of, objects_in, text_in, texts_in
from dustjacket.sources.encoding import decode
from dustjacket.sources.json_lines import without_surrogates
from dustjacket.sources.tables import AUTHOR_KEY, Format, ReadOptions, Shape, TableRow, Value

MAX_LINE = 4 << 20
"""Maximum size of a line in bytes; a longer one is rejected."""
_LINE = re.compile(rb"(?m)^/type/\w+\t/\w+/[^\t\n]+\t\d+\t[^\t\n]*\t\{")
_BOOKS = frozenset({b"/type/edition", b"/type/work"})
_AUTHOR = b"/type/author"
_SCHEME = "openlibrary:"
_HEAD = 64 << 10
_COVER = "https://covers.openlibrary.org/b/id/{}-L.jpg"
_YEAR = re.compile(r"(?<!\d)(1[4-9]\d\d|20\d\d)(?!\d)")
_BY = re.compile(r"^\s*(?:written\s+)?by\s+", re.IGNORECASE)


def values_of(kind: str, key: str, book: Mapping[str, Any]) -> dict[str, Value]:
    """Return the canonical fields of an edition or a work.

    Args:
        kind: ``/type/edition`` or ``/type/work``.
        key: such as ``/books/OL1M``.
    """
    works = [text_in(work.get("key")) for work in objects_in(book.get("works"))]
    work = key if kind == "/type/work" else next(filter(None, works), "")
    languages = (text_in(item.get("key")) for item in objects_in(book.get("languages")))
    prefix = text_in(book.get("title_prefix"))
    year = _YEAR.search(
        text_in(book.get("publish_date")) or text_in(book.get("first_publish_date"))
    )
    subjects = [*texts_in(book.get("genres")), *texts_in(book.get("subjects"))]
    covers = book.get("covers")
    cover = next((c for c in covers if _is_id(c)), 0) if isinstance(covers, list) else 0
    return {
        "title": " ".join(filter(None, (prefix, text_in(book.get("title"))))),
        "subtitle": text_in(book.get("subtitle")),
        "author_keys": [f"{_SCHEME}{author}" for author in _authors(book)],
        "author": _BY.sub("", text_in(book.get("by_statement"))).rstrip(" ."),
        "subjects": [
            {"scheme": "own", "code": None, "heading": text.rstrip("."), "main": False}
            for text in subjects
        ],
        "description": _text(book.get("description")),
        "isbn": [*texts_in(book.get("isbn_13")), *texts_in(book.get("isbn_10"))],
        "language": next(filter(None, languages), "").rpartition("/")[2],
        "published": year[1] if year else "",
        "publisher": text_in(book.get("publishers")),
        "image": _COVER.format(cover) if cover else "",
        "record_id": f"{_SCHEME}{key}",
        "work_id": f"{_SCHEME}{work}" if work else "",
    }


def _authors(book: Mapping[str, Any]) -> list[str]:
    """Return the keys of authors, which a work has in objects of their own."""
    found = (object_of(item.get("author")) or item for item in objects_in(book.get("authors")))
    return [key for item in found if (key := text_in(item.get("key")))]


def _is_id(cover: Any) -> bool:
    return isinstance(cover, int) and not isinstance(cover, bool) and cover > 0


def _text(value: Any) -> str:
    """Return a text, which a dump gives bare or as an object of type and value."""
    return text_in(object_of(value).get("value")) or text_in(value)


def _found(line: bytes) -> tuple[dict[str, Value], str | None]:
    """Return the fields of a line's book, or the reason for its rejection."""
    if len(line) > MAX_LINE:
        return {}, "record_too_long"
    kind, *fields = line.split(b"\t", 4)
    if len(fields) != 4 or not kind.startswith(b"/type/"):
        return {}, "malformed_line"
    if kind not in (*_BOOKS, _AUTHOR):
        return {}, "not_a_book"
    try:
        found = json.loads(decode(fields[3]))
    except (ValueError, RecursionError):
        return {}, "malformed_json"
    if not isinstance(found, dict):
        return {}, "malformed_json"
    key, found = decode(fields[0]), without_surrogates(found)
    if kind == _AUTHOR:
        name = text_in(found.get("name")) or text_in(found.get("personal_name"))
        return {AUTHOR_KEY: f"{_SCHEME}{key}", "author": name}, "not_a_book"
    return values_of(kind.decode(), key, found), None


def _rows(stream: BinaryIO, _shape: Shape, _part: ByteRange) -> Iterator[TableRow]:
    position = offset = 0
    while line := stream.readline(MAX_LINE + 1):
        start = offset
        offset += len(line)
        more = line
        while not more.endswith(b"\n") and (more := stream.readline(MAX_LINE)):
            offset += len(more)
        if not line.strip():
            continue
        found, reason = _found(line.rstrip(b"\r\n"))
        raw = line[:MAX_RECORD].rstrip(b"\r\n")
        values = {name: value for name, value in found.items() if value}
        yield TableRow(position, start, raw, values, reason)
        position += 1


def _matches(head: bytes, _name: str) -> bool:
    return _LINE.search(head[:MAX_RECORD]) is not None


def _shape(stream: BinaryIO, options: ReadOptions) -> Shape:
    kinds = {
        line.partition(b"\t")[0] for line in stream.read(_HEAD).split(b"\n") if line[:1] == b"/"
    }
    if _AUTHOR not in kinds:
        return Shape("open_library")
    # A dump of all types begins with authors too.
    is_all = kinds == {_AUTHOR} and "author" in options.name.rpartition("/")[2].lower()
    return Shape("open_library", authors="all" if is_all else "some")


OPEN_LIBRARY = Format("open_library", (), _matches, _shape, _rows, canonical=True)
