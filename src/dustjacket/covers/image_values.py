"""The image in a value of a table: a path, an address, or the bytes themselves."""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_KEYS = (
    "hi_res", "original", "full", "extralarge", "xlarge", "xl", "large", "l", "big", "medium", "m",
    "url", "link", "src", "href", "image", "path", "filename", "file", "small", "s",
    "smallthumbnail", "thumbnail", "thumb", "tiny",
)  # fmt: skip
"""Names of addresses in an object, the largest image first."""
_RANKS = {name: rank for rank, name in enumerate(_KEYS)}
_CONTAINER = re.compile(r"\s*[\[{].*[\]}]\s*", re.DOTALL)
_MAX_TEXT, _MAX_DEPTH, _MAX_ITEMS = 100_000, 4, 100
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"


def image_in(value: Any) -> str | bytes | None:
    """Return the path, address or bytes of the image in a value, or None.

    Of a list or object, it is that of the largest image: objects may give sizes by the names of
    their fields (``large``), or as ``width`` and ``height``. A list or object may be written as
    text. Blanks and invisible characters around a path are removed.
    """
    if isinstance(value, str):
        value = _parsed(value)
    if isinstance(value, str | bytes):
        return _trimmed(value)
    # Of equal sizes, the first one.
    best = max(_images(value, _MAX_DEPTH), key=lambda found: found[0], default=None)
    return best[1] if best else None


def _parsed(text: str) -> Any:
    if len(text) > _MAX_TEXT or not _CONTAINER.fullmatch(text):
        return text
    for parse in (json.loads, ast.literal_eval):
        try:
            return parse(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            continue
    return text


def _images(value: Any, depth: int) -> Iterator[tuple[tuple[float, float], str | bytes]]:
    """Yield each path, address or bytes with its size: pixels, and rank of the field's name."""
    if isinstance(value, str | bytes):
        if image := _trimmed(value):
            yield (0, 0), image
    elif depth and isinstance(value, Mapping):
        fields = {str(name).casefold(): each for name, each in list(value.items())[:_MAX_ITEMS]}
        if isinstance(body := fields.get("bytes"), bytes) and body:
            yield (_pixels(fields), 1), body
            return
        for name, each in fields.items():
            if (rank := _RANKS.get(name)) is not None:
                for (pixels, _), image in _images(each, depth - 1):
                    yield (max(pixels, _pixels(fields)), -rank), image
    elif depth and isinstance(value, list | tuple):
        for each in value[:_MAX_ITEMS]:
            yield from _images(each, depth - 1)


def _pixels(fields: Mapping[str, Any]) -> float:
    width, height = fields.get("width"), fields.get("height")
    return float(width * height) if isinstance(width, int) and isinstance(height, int) else 0.0


def _trimmed(value: str | bytes) -> str | bytes | None:
    if isinstance(value, bytes):
        return value or None
    before = None
    while before != value:
        before, value = value, value.strip().strip(_INVISIBLE)
    return value or None
