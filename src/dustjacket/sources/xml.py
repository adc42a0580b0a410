"""Cut the records out of an XML file of any size, and parse each by itself.

A streaming parser stops at the first fault, or recovers by dropping text. Here the records' tags
are found in the bytes, so that each record keeps its offset and raw bytes, a malformed one costs
itself only, and memory is bounded by one record. Entities that a file declares, DTDs and the
network are never used.
"""

import codecs
import html
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from lxml import etree

from dustjacket.errors import BadInputError
from dustjacket.sources.encoding import decode

MAX_XML_RECORD = 4 << 20
"""Maximum size of one record in bytes; a longer one is rejected."""
_CHUNK, _PROLOGUE = 1 << 18, 1 << 16
_ENDS, _SLASH = {b"<!--": b"-->", b"<![CDATA[": b"]]>"}, ord("/")
_AFTER_NAME = frozenset(b" \t\n\r\f\v/>")
_LONGEST_TAG = 256
"""Bytes of an element's name with its prefix; a tag may be cut by the end of a chunk."""
_ENTITIES = "declares XML entities, which are not read: give a file without them"
_ELEMENT = re.compile(rb"<\w")
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?\bencoding\s*=\s*["']([\w.:-]{1,40})["']""")
_NAMESPACE = re.compile(rb"""\sxmlns:[\w.-]{1,100}\s*=\s*(?:"[^"<]*"|'[^'<]*')""")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_REFERENCE = re.compile(r"&(?:(#\d{1,7}|#x[\da-fA-F]{1,6})|(\w{1,40}));|&")
_OF_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})


@dataclass(frozen=True, slots=True)
class XmlRecord:
    """One record of an XML file: its element, or the reason for its rejection.

    Attributes:
        position: index of the record in its file, from 0.
        offset: byte offset in the file; in UTF-16, of its text as UTF-8.
        raw: bytes of the record, at most ``MAX_XML_RECORD``.
        element: the record's element, whose parents are not there.
        reason: reason for the rejection, or None.
    """

    position: int
    offset: int
    raw: bytes
    element: etree._Element | None = None
    reason: str | None = None


def read_records(
    stream: BinaryIO, names: Collection[str], content: str | None = None
) -> Iterator[XmlRecord]:
    """Yield the records of an XML file.

    Args:
        names: local names of the elements that are records, with any prefix or none.
        content: local names, as a regular expression, of elements that every record holds. An
            element without them that holds another record only wraps it, as in answers of OAI-PMH.

    Raises:
        BadInputError: the file declares an encoding that is not known.
    """
    encoding, read = _encoding(stream)
    parse = None
    for position, (offset, raw, reason, prologue) in enumerate(_cut(read, names, content)):
        if parse is None:
            parse = _parser(prologue, encoding)
        element = parse(raw) if reason is None else None
        fault = reason or (None if element is not None else "malformed_xml")
        yield XmlRecord(position, offset, raw[:MAX_XML_RECORD], element, fault)


def cut_records(
    stream: BinaryIO, names: Collection[str], content: str | None = None
) -> Iterator[tuple[int, bytes, str | None]]:
    """Yield offset, bytes and fault of the records that :func:`read_records` yields, not parsed."""
    _, read = _encoding(stream)
    for offset, raw, reason, _ in _cut(read, names, content):
        yield offset, raw, reason


def is_utf16(first: bytes) -> bool:
    """Return whether a file is in UTF-16, by its first bytes: offsets are of its text as UTF-8."""
    marks = codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE
    return first.startswith(marks) or b"<\0?\0" in first[:8]


def check_declarations(stream: BinaryIO, name: str) -> None:
    """Check what an XML file declares before its first element.

    Args:
        name: of the file, for the error message.

    Raises:
        BadInputError: it declares entities, or an encoding that is not known.
    """
    try:
        _, read = _encoding(stream)
    except BadInputError as error:
        raise BadInputError(f"{name!r} {error}") from error
    head = read()[:_PROLOGUE]
    first = _ELEMENT.search(head)
    if b"<!ENTITY" in head[: first.start() if first else None]:
        raise BadInputError(f"{name!r} {_ENTITIES}")


def name_of(element: etree._Element) -> str:
    """Return the local name of an element; empty for a comment."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def text_of(element: etree._Element) -> str:
    """Return the text of an element and of those in it, with blanks collapsed."""
    return " ".join("".join(element.itertext()).split())


def parse_document(body: bytes) -> etree._Element:
    """Return the root element of a small XML document.

    Raises:
        BadInputError: it is not well-formed, or declares entities.
    """
    if b"<!ENTITY" in body or "<!ENTITY".encode("utf-16-le") in body:
        raise BadInputError(_ENTITIES)
    try:
        return etree.fromstring(body, _xml_parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadInputError(f"is no well-formed XML ({error}): give a whole file") from error


def _xml_parser(encoding: str | None = None) -> etree.XMLParser:
    return etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _encoding(stream: BinaryIO) -> tuple[str, Callable[[], bytes]]:
    """Return the declared encoding, and a function that reads the next bytes of the file."""
    first = stream.read(_CHUNK)
    if is_utf16(first):
        decoder = codecs.getincrementaldecoder("utf-16")("replace")
        pending = [first]
        return "utf-8", lambda: decoder.decode(
            pending.pop() if pending else stream.read(_CHUNK)
        ).encode("utf-8", "replace")
    declared = _DECLARED.match(first.removeprefix(codecs.BOM_UTF8))
    name = declared[1].decode() if declared else "utf-8"
    try:
        name = codecs.lookup(name).name
        is_as_declared = "<?xml".encode(name) == b"<?xml"
    except LookupError as error:
        raise BadInputError(f"declares an unknown encoding, {name!r}: save it as UTF-8") from error
    if not is_as_declared:  # the declaration could be read, so the file is in another encoding
        name = "utf-8"
    chunks = iter([first])
    return name, lambda: next(chunks, None) or stream.read(_CHUNK)


def _cut(
    read: Callable[[], bytes], names: Collection[str], content: str | None
) -> Iterator[tuple[int, bytes, str | None, bytes]]:
    """Yield offset, bytes and reason of every record, and what the file has before the first."""
    alternatives = "|".join(map(re.escape, names)).encode()
    token = re.compile(
        rb"<!--|<!\[CDATA\[|<(/?)(?:[\w.-]{1,100}:)?(?:" + alternatives + rb")(?=[\s/>])"
    )
    is_record = re.compile(rb"<(?:[\w.-]{1,100}:)?(?:%s)[\s/>]" % (content or "").encode())
    buffer, base, prologue = bytearray(), 0, b""
    at, start = 0, -1
    while chunk := read():
        buffer += chunk
        while (found := token.search(buffer, at)) is not None:
            mark = _ENDS.get(found[0], b">")
            close = buffer.find(mark, found.end())
            if close < 0:
                break
            at = close + len(mark)
            if found[1] is None:
                continue
            if not found[1]:
                outer = bytes(buffer[start : found.start()]) if start >= 0 else b""
                if outer and (content is None or is_record.search(outer)):
                    yield base + start, outer, "unclosed_element", prologue
                start = found.start()
                prologue = prologue or bytes(buffer[:start][:_PROLOGUE]) or b" "
                if content is None and buffer[close - 1] != _SLASH:
                    at = _before_end(buffer, found[0], at)
            if start >= 0 and (found[1] or buffer[close - 1] == _SLASH):
                reason = "record_too_long" if at - start > MAX_XML_RECORD else None
                yield base + start, bytes(buffer[start:at]), reason, prologue
                start = -1
        pending = found.start() if found else max(at, len(buffer) - _LONGEST_TAG)
        if start >= 0 and len(buffer) - start > MAX_XML_RECORD:
            yield base + start, bytes(buffer[start : start + 1000]), "record_too_long", prologue
            start = -1
        if found and len(buffer) - pending > MAX_XML_RECORD:
            pending = len(buffer)
        at = pending
        keep = at if start < 0 else start
        if prologue or start >= 0 or base + keep > _PROLOGUE:
            del buffer[:keep]
            base, at, start = base + keep, at - keep, start - keep if start >= 0 else -1
    if start >= 0:
        yield base + start, bytes(buffer[start:]), "truncated_record", prologue


def _before_end(buffer: bytearray, opening: bytes, at: int) -> int:
    """Return where the closing tag of a record begins, or ``at`` if another mark may come before.

    Most records hold no comment, no CDATA and no other record, and need no search for these.
    """
    end = buffer.find(b"</%s>" % opening[1:], at)
    # A single byte is found a hundred times as fast as two.
    if end < 0 or (buffer.find(b"!", at, end) >= 0 and buffer.find(b"<!", at, end) >= 0):
        return at
    inner = at
    while (inner := buffer.find(opening, inner, end)) >= 0:
        inner += len(opening)
        if buffer[inner] in _AFTER_NAME:  # another record, and not <ProductIdentifier>
            return at
    return end


def _parser(prologue: bytes, encoding: str) -> Callable[[bytes], etree._Element | None]:
    spaces = {space.split(b"=")[0].strip(): space for space in _NAMESPACE.findall(prologue)}
    opening, closing = b"<r" + b"".join(spaces.values()) + b">", b"</r>"
    of_text = _xml_parser("utf-8")
    try:
        parser = _xml_parser(encoding)
    except LookupError:  # Python knows more encodings than libxml2
        parser = None

    def parse(raw: bytes) -> etree._Element | None:
        try:
            if parser is not None:
                return etree.fromstring(opening + raw + closing, parser)[0]
        except (etree.XMLSyntaxError, IndexError):  # IndexError: text alone
            pass
        try:
            text = decode(raw) if encoding == "utf-8" else raw.decode(encoding, "replace")
            repaired = _repaired(text).encode()
            return etree.fromstring(opening + repaired + closing, of_text)[0]
        except (etree.XMLSyntaxError, IndexError):
            return None

    return parse


def _repaired(text: str) -> str:
    """Return XML without characters that XML forbids, and with references that it knows."""
    return _REFERENCE.sub(_reference, _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text))


def _reference(found: re.Match[str]) -> str:
    number, name = found.groups()
    if name in _OF_XML:
        return found[0]
    character = html.unescape(found[0])
    if (number or name) and character != found[0] and not _CONTROL.search(character):
        return html.escape(character)
    return html.escape(found[0])
