"""Items of Amazon Reviews 2023 (``meta_Books.jsonl``)."""

import re
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

_ISBN10 = re.compile(r"\d{9}[\dX]")
_PUBLISHED = re.compile(r"\s*\(([^()]*)\)\s*$")
_MAX_PUBLISHER = 500
_IMAGE_SIZES = ("hi_res", "large", "thumb")


def _values(item: Mapping[str, Any]) -> dict[str, Value]:
    details = {key.casefold(): value for key, value in object_of(item.get("details")).items()}
    asin, publisher = (
        text_in(item.get("parent_asin")),
        text_in(details.get("publisher"))[:_MAX_PUBLISHER],
    )
    isbns = [text_in(details.get("isbn 13")), text_in(details.get("isbn 10"))]
    # The item number of a printed book is its ISBN-10.
    isbns += [asin] if _ISBN10.fullmatch(asin) else []
    published = _PUBLISHED.search(publisher)
    return {
        "title": text_in(item.get("title")),
        "author": item.get("author"),
        # One path from general to specific: a list in a list.
        "genre": [path] if (path := texts_in(item.get("categories"))) else [],
        "description": "\n".join(texts_in(item.get("description"))),
        "isbn": [isbn for isbn in isbns if isbn],
        "language": text_in(details.get("language")),
        "publisher": _PUBLISHED.sub("", publisher),
        "published": published[1] if published else text_in(details.get("publication date")),
        "image": _image(item.get("images")),
        "record_id": asin,
    }


def _image(images: Any) -> str:
    """Return the address of the main picture in its largest size."""
    found = objects_in(images)
    main = [image for image in found if image.get("variant") == "MAIN"]
    sizes = (text_in(image.get(size)) for image in main or found for size in _IMAGE_SIZES)
    return next(filter(None, sizes), "")


AMAZON_REVIEWS = json_format("amazon_reviews", ("parent_asin", "main_category"), _values)
