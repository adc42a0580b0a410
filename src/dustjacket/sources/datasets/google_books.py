"""Volumes in the form of the Google Books API, one a line."""

from collections.abc import Mapping
from typing import Any

from dustjacket.sources.datasets.json_objects import (
    json_format,
    object_of,
    objects_in,
    text_in,
    texts_in,
)
from dustjacket.sources.tables import Value

_IMAGE_SIZES = ("extraLarge", "large", "medium", "small", "thumbnail", "smallThumbnail")


def _values(volume: Mapping[str, Any]) -> dict[str, Value]:
    info = object_of(volume.get("volumeinfo"))
    links, number = object_of(info.get("imageLinks")), text_in(volume.get("id"))
    return {
        "title": text_in(info.get("title")),
        "subtitle": text_in(info.get("subtitle")),
        "contributors": [{"name": name, "role": "aut"} for name in texts_in(info.get("authors"))],
        "genre": [category.split(" / ") for category in texts_in(info.get("categories"))],
        "description": text_in(info.get("description")),
        "isbn": [
            text_in(entry.get("identifier"))
            for entry in objects_in(info.get("industryIdentifiers"))
            if text_in(entry.get("type")).startswith("ISBN")
        ],
        "language": text_in(info.get("language")),
        "published": text_in(info.get("publishedDate")),
        "publisher": text_in(info.get("publisher")),
        "image": next(filter(None, (text_in(links.get(size)) for size in _IMAGE_SIZES)), ""),
        "record_id": f"google:{number}" if number else "",
    }


GOOGLE_BOOKS = json_format("google_books", ("volumeInfo",), _values)
