"""Text of any encoding and with any line end, as lines of UTF-8."""

import codecs
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import BinaryIO

from dustjacket.sources.charsets import WESTERN, encoding_of, is_plausible
from dustjacket.sources.chunks import chunks_of, stream_of
from dustjacket.sources.dialects import LINE_ENDS, line_end_of
from dustjacket.sources.encoding import STRAY_BYTES
from dustjacket.sources.tables import ReadOptions, Shape

_NOT_TEXT = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1e"))
_AS_IT_IS = ("utf-8", WESTERN)
"""Encodings of which records are decoded one by one; others are converted before."""
_MIXED = "mixed"
JSON_LINE_ENDS = ("\n", "\r")
"""Other line ends may stand in a string of JSON as they are."""


def is_text(head: bytes) -> bool:
    """Return whether bytes look like text in some encoding: under 1 % of control characters."""
    if not head.strip(b"\0 \t\r\n"):
        return False
    encoding, _ = encoding_of(head)
    if encoding not in _AS_IT_IS:
        head = head.decode(encoding, "replace").encode()
    return len(head.translate(None, _NOT_TEXT)) >= 0.99 * len(head)


def encoded_shape(
    stream: BinaryIO,
    options: ReadOptions,
    format_name: str,
    size: int,
    ends: Sequence[str] = LINE_ENDS,
) -> tuple[Shape, bytes]:
    """Return a shape with the encoding and line end of a text, and its first lines in UTF-8.

    Args:
        size: number of bytes to read.
        ends: what may end a line.

    Raises:
        BadInputError: the encoding that the user names is unknown.
    """
    head = stream.read(size)
    encoding, reason = encoding_of(head, options.encoding)
    warnings: tuple[str, ...] = ()
    if encoding == WESTERN and not is_plausible(head, encoding):
        warnings = (
            f"{options.name!r} is not UTF-8, and is no plausible {encoding} either: set encoding",
        )
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    shape = Shape(
        format_name,
        encoding=encoding,
        encoding_reason=reason,
        line_end=line_end_of(decoder.decode(head), ends),
        warnings=warnings,
    )
    text = utf8_lines(io.BytesIO(head), shape).read()
    # The last line may be cut.
    return shape, text if len(head) < size else text[: text.rfind(b"\n") + 1] or text


def utf8_head(head: bytes) -> bytes:
    """Return the first bytes of a text in UTF-8."""
    encoding, _ = encoding_of(head)
    if encoding in _AS_IT_IS:
        return head
    return codecs.getincrementaldecoder(encoding)("replace").decode(head).encode()


def utf8_text(stream: BinaryIO, shape: Shape) -> BinaryIO:
    """Return a text as valid UTF-8."""
    if shape.encoding in _AS_IT_IS:
        shape = replace(shape, encoding=_MIXED)
    return utf8_lines(stream, shape)


def is_utf8_lines(shape: Shape) -> bool:
    """Return whether the bytes of a file are read as they are."""
    return shape.encoding in _AS_IT_IS and shape.line_end == "\n"


def utf8_lines(stream: BinaryIO, shape: Shape) -> BinaryIO:
    """Return a text as lines of UTF-8 that end in line feeds."""
    if is_utf8_lines(shape):
        return stream
    return stream_of(_converted(stream, shape))


def original_text(lines: bytes, shape: Shape) -> bytes:
    """Return lines of :func:`utf8_lines` in the encoding and with the line ends of their file.

    Raises:
        UnicodeEncodeError: the encoding lacks a character.
    """
    if shape.encoding in _AS_IT_IS:
        return lines.replace(b"\n", shape.line_end.encode())
    return lines.decode().replace("\n", shape.line_end).encode(shape.encoding)


def _converted(stream: BinaryIO, shape: Shape) -> Iterator[bytes]:
    # Records that mix UTF-8 and Windows-1252 are decoded one by one, later: their bytes stay.
    as_it_is = shape.encoding in _AS_IT_IS
    line_end = shape.line_end.encode().decode("latin-1") if as_it_is else shape.line_end
    encoding, errors = shape.encoding, "replace"
    if encoding == _MIXED:
        encoding, errors = "utf-8", STRAY_BYTES
    elif as_it_is:
        encoding = "latin-1"
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    held = ""
    for chunk in chain(chunks_of(stream), [b""]):
        text = (held + decoder.decode(chunk, not chunk)).replace(line_end, "\n")
        # A line end may be cut by the end of the chunk.
        cut = range(len(line_end) - 1, 0, -1) if chunk else ()
        kept = next((size for size in cut if text.endswith(line_end[:size])), 0)
        held = text[len(text) - kept :]
        yield text[: len(text) - kept].encode("latin-1" if as_it_is else "utf-8", "replace")
