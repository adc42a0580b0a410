"""Volumes in the form of the Google Books API: one a line, a list of them, or answers with several.

An answer to a search holds volumes in its list ``items``; each is a record of its own.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, BinaryIO

from dustjacket.sources.csv import MAX_RECORD, WHOLE, ByteRange
from dustjacket.sources.datasets.json_objects import (
    json_format,
    object_of,
    objects_in,
    text_in,
    texts_in,
)
from dustjacket.sources.json_documents import JSON_DOCUMENT, objects_of
from dustjacket.sources.json_lines import JSON_LINES, without_surrogates
from dustjacket.sources.tables import Format, ReadOptions, Shape, TableRow, Value
from dustjacket.sources.texts import JSON_LINE_ENDS, encoded_shape, utf8_head

_IMAGE_SIZES = ("extraLarge", "large", "medium", "small", "thumbnail", "smallThumbnail")
_HEAD = 1 << 20
_LINES, _ANSWERS = "lines", ""
_MARKS = (b'"volumeInfo"', b'"books#volumes"')


def _values(volume: Mapping[str, Any]) -> dict[str, Value]:
    info = object_of(volume.get("volumeInfo", volume.get("volumeinfo")))
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


_OF_LINES = json_format("google_books", ("volumeInfo",), _values)


def _matches(head: bytes, name: str) -> bool:
    text = utf8_head(head)
    return any(mark in text for mark in _MARKS) and (
        JSON_DOCUMENT.matches(head, name) or JSON_LINES.matches(head, name)
    )


def _shape(stream: BinaryIO, options: ReadOptions) -> Shape:
    shape, head = encoded_shape(stream, options, "google_books", _HEAD, JSON_LINE_ENDS)
    is_lines = JSON_LINES.matches(head, options.name) and b'"items"' not in head
    return replace(shape, place=_LINES if is_lines else _ANSWERS)


def _rows(stream: BinaryIO, shape: Shape, part: ByteRange) -> Iterator[TableRow]:
    if shape.place == _LINES:
        yield from _OF_LINES.rows(stream, shape, part)
        return
    position = 0
    for text, answer in objects_of(stream, shape):
        raw = text[:MAX_RECORD].encode("utf-8", "replace")[:MAX_RECORD]
        if not isinstance(answer, dict):
            reason = "malformed_json" if text else "record_too_long"
            yield TableRow(position, position, raw, {}, reason)
            position += 1
            continue
        is_answer = "volumeInfo" not in answer and ("items" in answer or "totalItems" in answer)
        volumes = answer.get("items", []) if is_answer else [answer]
        for volume in volumes if isinstance(volumes, list) else [volumes]:
            yield _row(position, raw if volume is answer else None, volume)
            position += 1


def _row(position: int, raw: bytes | None, volume: Any) -> TableRow:
    volume = without_surrogates(volume)
    if raw is None:
        raw = json.dumps(volume, ensure_ascii=False).encode("utf-8", "replace")
    if not isinstance(volume, dict):
        return TableRow(position, position, raw[:MAX_RECORD], {}, "malformed_json")
    if len(raw) > MAX_RECORD:
        return TableRow(position, position, raw[:MAX_RECORD], {}, "record_too_long")
    values = {key: value for key, value in _values(volume).items() if value}
    return TableRow(position, position, raw, values)


def _parts(stream: BinaryIO, shape: Shape, size: int) -> Iterator[ByteRange]:
    if shape.place == _LINES and JSON_LINES.split:
        return JSON_LINES.split(stream, shape, size)
    return iter((WHOLE,))


GOOGLE_BOOKS = Format("google_books", (), _matches, _shape, _rows, _parts, canonical=True)
