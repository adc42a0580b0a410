"""The UCSD Book Graph of Goodreads: JSON Lines with shelves of readers.

Authors are identifiers there, and have names in another file, ``goodreads_book_authors.json``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, BinaryIO

from dustjacket.sources.csv import ByteRange
from dustjacket.sources.datasets.json_objects import json_format, objects_in, text_in
from dustjacket.sources.tables import AUTHOR_KEY, ReadOptions, Shape, TableRow, Value

_OTHER_SHELVES = """
    abandoned all-time-favorites arc arcs audible audio audio-book audio-books audiobook
    audiobooks book-club bookclub books-i-have books-i-own borrowed bought calibre calibre-library
    currently-reading default did-not-finish dnf e-book e-books ebook ebooks faves favorite
    favorite-books favorites favourite favourites finished for-later for-school from-library
    giveaway giveaways goodreads hardcover have have-read i-own kindle kindle-books library
    library-book library-books lit-to-read maybe my-books my-bookshelf my-collection my-ebooks
    my-library my-shelf netgalley never-finished nook not-interested on-hold on-kindle on-my-shelf
    on-shelf other own owned owned-books paperback personal-library physical read reading
    re-read reread reviewed series shelfari-favorites shelved standalone standalones tbr to-be-read
    to-buy to-get to-read to-re-read to-reread unfinished unread want want-to-buy want-to-read
    wish-list wishlist"""
"""Shelves that say what a reader does with a book, how it is owned, or its form: no genres."""
_NO_GENRE = frozenset(_OTHER_SHELVES.split())
_OF_TIME = re.compile(r"(?:.*-)?(?:19|20)\d\d(?:-.*)?|\d+-stars?|.*-(?:to-read|reads?|tbr)")
_MAX_GENRES, _MAX_NAME = 10, 100
_PLACEHOLDER = "/nophoto/"
_AUTHOR_ROLES = ("", "Author", "Goodreads Author")


def _values(book: Mapping[str, Any]) -> dict[str, Value]:
    image = text_in(book.get("image_url"))
    work, number = text_in(book.get("work_id")), text_in(book.get("book_id"))
    dates = [text_in(book.get(f"publication_{part}")) for part in ("year", "month", "day")]
    return {
        "title": text_in(book.get("title")),
        "author_keys": [
            f"goodreads:{author}"
            for item in objects_in(book.get("authors"))
            if text_in(item.get("role")) in _AUTHOR_ROLES
            and (author := text_in(item.get("author_id")))
        ],
        "genre": text_in(book.get("genre")) or genres_of(book.get("popular_shelves")),
        "description": text_in(book.get("description")),
        "isbn": [text for key in ("isbn13", "isbn") if (text := text_in(book.get(key)))],
        "language": text_in(book.get("language_code")),
        "published": _date(dates),
        "publisher": text_in(book.get("publisher")),
        "image": "" if _PLACEHOLDER in image else image,
        "record_id": f"goodreads:{number}" if number else "",
        "work_id": f"goodreads:{work}" if work else "",
    }


def genres_of(shelves: Any) -> list[Value]:
    """Return the names of shelves that may be genres, the most frequent first.

    >>> genres_of([{"name": "to-read", "count": "9"}, {"name": "sci-fi", "count": "5"}])
    ['sci fi']
    """
    counts: dict[str, int] = {}
    for shelf in objects_in(shelves):
        name = text_in(shelf.get("name"))[:_MAX_NAME].lower()
        count = text_in(shelf.get("count"))
        is_genre = name and name not in _NO_GENRE and not _OF_TIME.fullmatch(name)
        if is_genre and count.isdecimal():
            counts[name] = counts.get(name, 0) + int(count[:9])
    ranked = sorted(counts, key=lambda name: -counts[name])
    return [name.replace("-", " ").replace("_", " ").strip() for name in ranked[:_MAX_GENRES]]


def _date(parts: list[str]) -> str:
    year, *rest = parts
    if not re.fullmatch(r"\d{4}", year):
        return ""
    known = [part for part in rest if part.isdecimal()]
    return "-".join([year, *(part[:2].zfill(2) for part in known)])


def _author(author: Mapping[str, Any]) -> dict[str, Value]:
    number = text_in(author.get("author_id"))
    return {
        AUTHOR_KEY: f"goodreads:{number}" if number else "",
        "author": text_in(author.get("name")),
    }


def _author_rows(stream: BinaryIO, shape: Shape, part: ByteRange) -> Iterator[TableRow]:
    for row in _AUTHORS.rows(stream, shape, part):
        yield replace(row, reason=row.reason or "not_a_book")


def _author_shape(stream: BinaryIO, options: ReadOptions) -> Shape:
    return replace(_AUTHORS.shape(stream, options), authors="all")


_AUTHORS = json_format("goodreads_authors", ("author_id", "name", "ratings_count"), _author)
GOODREADS_AUTHORS = replace(_AUTHORS, shape=_author_shape, rows=_author_rows)
GOODREADS_GRAPH = json_format("goodreads_graph", ("book_id", "popular_shelves"), _values)
