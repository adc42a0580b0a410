"""JSON documents as a stream: an array of objects, one inside an object, or objects in a row.

Objects are cut out one by one, so that a broken one costs itself only, and memory is bounded by the
largest.
"""

import io
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, BinaryIO, TextIO

from dustjacket.errors import BadInputError
from dustjacket.sources.csv import MAX_RECORD, ByteRange
from dustjacket.sources.json_lines import (
    REPEATED_NAME,
    is_too_long,
    repeats_names,
    values_of,
    without_surrogates,
)
from dustjacket.sources.tables import (
    DamagedFileError,
    Format,
    ReadOptions,
    Shape,
    TableRow,
    key_of,
    shown,
    with_columns,
)
from dustjacket.sources.texts import JSON_LINE_ENDS, encoded_shape, utf8_head, utf8_text

_HEAD = 1 << 20
_CHUNK = 256 << 10
_MAX_OBJECT = 16 << 20
_SPACE = "\ufeff \t\r\n"
_BETWEEN = re.compile(r"[\ufeff\s,]*")
_NEXT_OBJECT = re.compile(r"\}[\s,]*(?=\{)")
_NEXT_ARRAY = re.compile(r"(?=[\[{])")
_NEXT_DOCUMENT = re.compile(r"\}\s{0,64}(?=\{)")
"""Objects inside of a document have a comma or a bracket between them."""
_OVERLAP = 128
_LIST = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:\s*\[\s*(?=\{)')
_TITLES = frozenset({"title", "name", "book_title"})
_decoder = json.JSONDecoder()


def _matches(head: bytes, _name: str) -> bool:
    text = utf8_head(head).decode("utf-8", "replace").lstrip(_SPACE)
    following = text[1:].lstrip(_SPACE)[:1]
    return (text[:1] == "[" and following in {"{", "[", "]"}) or (
        text[:1] == "{" and following in {'"', "}"}
    )


def _shape(stream: BinaryIO, options: ReadOptions) -> Shape:
    head = stream.read(_HEAD)
    shape = _shape_of(head, _HEAD, options)
    if not shape.columns and (more := stream.read(2 * _MAX_OBJECT)):
        # The first object is longer than most files; it costs itself only.
        shape = _shape_of(head + more, _HEAD + 2 * _MAX_OBJECT, options)
    if not shape.columns:
        raise BadInputError(
            f"{options.name!r} is JSON without a list of objects "
            f"({shown(utf8_head(head).lstrip())}): give an array of objects, or JSON Lines, one "
            "object a line"
        )
    return shape


def _shape_of(head: bytes, size: int, options: ReadOptions) -> Shape:
    shape, head = encoded_shape(io.BytesIO(head), options, "json", size, JSON_LINE_ENDS)
    text = head.decode("utf-8", "replace").lstrip(_SPACE)
    shape = replace(shape, place="" if text.startswith("[") else _name_of_list(text, options))
    columns: dict[str, str] = {}
    with suppress(EOFError):  # the first bytes of a file end anywhere
        for _, record in _objects(io.StringIO(text), shape.place):
            for name in record if isinstance(record, dict) else ():
                columns.setdefault(key_of(name), name)
    return with_columns(shape, tuple(columns.values()), start=0)


def _name_of_list(text: str, options: ReadOptions) -> str:
    """Return the name of the list that holds the records of a document, or an empty one.

    It is empty for a document that is a record by itself: it has a title, and its lists have none.
    """
    wanted = options.columns or _TITLES
    lists = list(_LIST.finditer(text))
    for found in lists:
        try:
            first, _ = _decoder.raw_decode(text, found.end())
        except (ValueError, RecursionError):
            continue
        if wanted & {key_of(name) for name in first}:
            return found[1]
    try:
        whole, _ = _decoder.raw_decode(text)
    except (ValueError, RecursionError):
        whole = {}
    if not lists or wanted & {key_of(name) for name in whole}:
        return ""
    return lists[0][1]


def _rows(stream: BinaryIO, shape: Shape, _part: ByteRange) -> Iterator[TableRow]:
    for position, (raw, record) in enumerate(objects_of(stream, shape)):
        yield _row(position, raw, record, shape)


def objects_of(stream: BinaryIO, shape: Shape) -> Iterator[tuple[str, Any]]:
    """Yield the text and the value of each object; the value of a broken or huge one is None.

    Args:
        shape: its place is the name of the list that holds the objects; empty if they are the
            document's own.

    Raises:
        DamagedFileError: the document ends inside an object or a list.
    """
    text = io.TextIOWrapper(utf8_text(stream, shape), "utf-8", "replace", newline="")
    number = 0
    try:
        for found in _objects(text, shape.place):
            number += 1
            yield found
    except EOFError as error:
        raise DamagedFileError(f"it ends after record {number}") from error
    finally:
        text.detach()


def _row(position: int, text: str, record: Any, shape: Shape) -> TableRow:
    raw = text[:MAX_RECORD].encode("utf-8", "replace")[:MAX_RECORD]
    if record is None and not text:
        return TableRow(position, position, raw, {}, "record_too_long")
    if not isinstance(record, dict):
        return TableRow(position, position, raw, {}, "malformed_json")
    if repeats_names(text, record):
        return TableRow(position, position, raw, {}, REPEATED_NAME)
    try:
        values = values_of(without_surrogates(record) if "\\u" in text else record, shape.used)
        too_long = len(text) > MAX_RECORD and is_too_long(values)
    except RecursionError:
        return TableRow(position, position, raw, {}, "malformed_json")
    if too_long:
        return TableRow(position, position, raw, {}, "record_too_long")
    return TableRow(position, position, raw, values)


def _objects(stream: TextIO, list_name: str) -> Iterator[tuple[str, Any]]:
    """Yield the text and the value of each object; the value of a broken or huge one is None.

    Args:
        list_name: name of the list that holds the objects; empty if they are the document's own.

    Raises:
        EOFError: the document ends inside an object or a list.
    """
    text = stream.read(_HEAD)
    in_list, start = _beginning(text, list_name)
    while True:
        between = _BETWEEN.match(text, start)
        start = between.end() if between else start
        if start == len(text):
            text, start = stream.read(_CHUNK), 0
            if not text:
                break
            continue
        if text[start] == "]" and in_list:
            text = _next_document(stream, text[start + 1 :], list_name)
            if not text:
                return
            in_list, start = _beginning(text, list_name)
            if list_name and start == len(text):  # it has another form, such as an error
                yield text[:MAX_RECORD], None
                return
            continue
        value, end, is_whole = _decoded(text, start, is_last=False)
        if not is_whole and len(text) - start > _MAX_OBJECT:
            text, start = _without_object(stream), 0
            yield "", None
            continue
        if not is_whole:
            # It doubles, so that an object is decoded a few times only, however long it is.
            if more := stream.read(max(_CHUNK, len(text) - start)):
                text, start = text[start:] + more, 0
                continue
            value, end, is_whole = _decoded(text, start, is_last=True)
            if not is_whole:
                break
        yield text[start:end], value
        start = end
    if in_list or text:
        raise EOFError


def _next_document(stream: TextIO, text: str, list_name: str) -> str:
    """Return the beginning of the document that follows the end of a list, or nothing."""
    boundary = _NEXT_ARRAY if not list_name else _NEXT_DOCUMENT
    while True:
        if found := boundary.search(text):
            return text[found.end() :] + stream.read(_HEAD)
        if not (more := stream.read(_CHUNK)):
            return ""
        text = text[-_OVERLAP:] + more


def _beginning(text: str, list_name: str) -> tuple[bool, int]:
    """Return whether the objects are in a list, and where the first one begins."""
    start = len(text) - len(text.lstrip(_SPACE))
    if list_name:
        found = (one.end() for one in _LIST.finditer(text) if one[1] == list_name)
        return True, next(found, len(text))
    in_list = text.startswith("[", start)
    return in_list, start + in_list


def _decoded(text: str, start: int, is_last: bool) -> tuple[Any, int, bool]:
    """Return the value of an object, where it ends, and whether its end is in the text.

    A broken object ends before the next one; its value is None.

    Args:
        is_last: whether nothing follows the text.
    """
    try:
        return (*_decoder.raw_decode(text, start), True)
    except RecursionError:
        broken_at, is_open = start, False
    except json.JSONDecodeError as error:
        broken_at, is_open = error.pos, error.msg.startswith("Unterminated")
    except ValueError:  # a number has too many digits
        broken_at, is_open = start, False
    boundary = _NEXT_OBJECT.search(text, broken_at)
    if boundary and (is_last or not is_open or len(text) - start > _HEAD):
        return None, boundary.start() + 1, True
    closed = text.rstrip(_SPACE)
    if is_last and closed.endswith(("}]", "} ]", "}\n]", "]}")):
        return None, len(closed) - 1, True
    return None, len(text), False


def _without_object(stream: TextIO) -> str:
    """Return what follows the end of an object, or nothing at the end."""
    text = ""
    while more := stream.read(_CHUNK):
        text = text[-64:] + more
        if boundary := _NEXT_OBJECT.search(text):
            return text[boundary.end() :]
    return ""


JSON_DOCUMENT = Format("json", (".json",), _matches, _shape, _rows)
