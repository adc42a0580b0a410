"""Labels in MARC 21, MARCXML and MARC as text: a field 650 or 655, and a field 883 on its origin.

Field 883 (metadata provenance) says that the field with the same link in subfield 8 was made by a
machine, by which one, and how confident it was:
https://www.loc.gov/marc/bibliographic/bd883.html
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, unescape

from dustjacket.labelling.label import Label
from dustjacket.labelling.xml_records import Element, edited, elements_of, indent_before, removal
from dustjacket.sources.marc.marc21 import END_OF_FIELD, END_OF_RECORD, SUBFIELD, raw_fields
from dustjacket.sources.tables import TableRow

PROCESS = "Dustjacket"
"""What begins subfield a of the fields 883 that are written here."""
_LEADER, _LONGEST_FIELD, _LONGEST_RECORD = 24, 9_999, 99_999
_LINK = re.compile(r"(\d+)(?:\.\d+)?\\p")
_LINE = re.compile(rb"(?:\xef\xbb\xbf)?=(\w{3})[ \t]")
_BLANK = "\\"
_MNEMONICS = str.maketrans({
    "$": "{dollar}", "{": "{lcub}", "}": "{rcub}", "\\": "{bsol}", "|": "{verbar}",
})  # fmt: skip
Field = tuple[str, str, list[tuple[str, str]]]
"""Tag, indicators, and subfields."""


@dataclass(frozen=True)
class MarcNote:
    """What fields are written.

    Attributes:
        tag: of the field with the subject: 650 (topic) or 655 (genre or form).
        code: of the vocabulary, for subfield 2.
    """

    tag: str
    code: str

    def fields(self, label: Label, links: Iterable[str]) -> list[Field]:
        """Return the fields of a label, linked with the first free number; none if not sure.

        Args:
            links: texts of subfields 8 that the record has.
        """
        if not label.answer or not label.subject:
            return []
        used = [int(found[1]) for found in map(_LINK.match, links) if found]
        link = ("8", f"{max(used, default=0) + 1}\\p")
        made = [
            link,
            ("a", f"{PROCESS} {label.version}"),
            ("c", f"{label.answer.probability:.2f}"),
        ]
        subject = [link, ("a", label.subject), ("2", self.code)]
        return [(self.tag, " 7", subject), ("883", "0 ", made)]


def _own_links(fields: Iterable[tuple[str, dict[str, str]]]) -> set[str]:
    """Return the links of fields 883 that an earlier labelling wrote.

    Args:
        fields: tag, and the first subfield of each code.
    """
    return {
        subfields.get("8", "")
        for tag, subfields in fields
        if tag == "883" and subfields.get("a", "").startswith(f"{PROCESS} ")
    } - {""}


@dataclass(frozen=True)
class Marc21:
    """Adds fields to records of the exchange format (ISO 2709)."""

    note: MarcNote

    def record(self, span: bytes, _: TableRow, label: Label) -> bytes | str:
        """Return a record with its label; see :data:`dustjacket.labelling.spans.Patch`."""
        if label.answer is None:
            return span
        body, end, rest = span.partition(END_OF_RECORD)
        found = raw_fields(body)
        if not found or not end:
            return "broken_directory"
        subfields = [(tag.decode("latin-1"), _first(field)) for tag, field in found]
        own = _own_links(subfields)
        kept = [
            pair
            for pair, (_, first) in zip(found, subfields, strict=True)
            if first.get("8", "") not in own
        ]
        links = [first["8"] for _, first in subfields if "8" in first and first["8"] not in own]
        for tag, indicators, content in self.note.fields(label, links):
            text = indicators + "".join(f"\x1f{code}{value}" for code, value in content)
            if body[9:10] != b"a" and not text.isascii():
                return "subject_is_not_in_marc8"
            place = _place(tag, [other.decode("latin-1") for other, _ in kept])
            kept.insert(place, (tag.encode(), text.encode()))
        written = _assembled(body[:_LEADER], kept)
        return "record_too_long" if written is None else written + end + rest


def _place(tag: str, tags: Sequence[str]) -> int:
    """Return where a field belongs among others: after the last whose tag is not higher."""
    return max((number for number, other in enumerate(tags, 1) if other <= tag), default=0)


def _first(field: bytes) -> dict[str, str]:
    first: dict[str, str] = {}
    for part in field.split(SUBFIELD)[1:]:
        first.setdefault(part[:1].decode("latin-1"), part[1:].decode("utf-8", "replace"))
    return first


def _assembled(leader: bytes, fields: list[tuple[bytes, bytes]]) -> bytes | None:
    """Return leader, directory and fields of a record, without its end; None if it is too long."""
    directory, data = bytearray(), bytearray()
    for tag, field in fields:
        if len(field) + 1 > _LONGEST_FIELD:
            return None
        directory += b"%b%04d%05d" % (tag, len(field) + 1, len(data))
        data += field + END_OF_FIELD
    base = _LEADER + len(directory) + 1
    length = base + len(data) + 1
    if length > _LONGEST_RECORD:
        return None
    start = b"%05d" % length + leader[5:12] + b"%05d" % base + leader[17:]
    return start + bytes(directory) + END_OF_FIELD + bytes(data)


@dataclass(frozen=True)
class MarcXml:
    """Adds fields to records of MARCXML."""

    note: MarcNote

    def record(self, span: bytes, _: TableRow, label: Label) -> bytes | str:
        """Return a record with its label; see :data:`dustjacket.labelling.spans.Patch`."""
        if label.answer is None:
            return span
        record = elements_of(span, 2)
        fields = [one for one in record.children if one.local != "leader"] if record else []
        if not fields:
            return "malformed_xml"
        subfields = [(one.attributes.get("tag", ""), _subfields(span, one)) for one in fields]
        own = _own_links(subfields)
        first_links = [first.get("8", "") for _, first in subfields]
        kept = [one for one, link in zip(fields, first_links, strict=True) if link not in own]
        if not kept:
            return "malformed_xml"
        edits = [removal(span, one) for one in fields if one not in kept]
        tags = [one.attributes.get("tag", "") for one in kept]
        links = [link for link in first_links if link not in own]
        for tag, indicators, content in reversed(self.note.fields(label, links)):
            beside = kept[max(_place(tag, tags), 1) - 1]
            indent = indent_before(span, beside.start)
            text = indent + _datafield(beside.prefix, indent, tag, indicators, content)
            edits.append((beside.end, beside.end, text))
        return edited(span, edits)


def _subfields(span: bytes, field: Element) -> dict[str, str]:
    first: dict[str, str] = {}
    for one in field.children:
        inner = span[_inner(span, one) : one.closing].decode("utf-8", "replace")
        first.setdefault(one.attributes.get("code", ""), unescape(inner))
    return first


def _inner(span: bytes, element: Element) -> int:
    """Return where the content of an element that holds text alone begins."""
    return span.index(b">", element.start) + 1


def _datafield(
    prefix: str, indent: bytes, tag: str, indicators: str, content: Sequence[tuple[str, str]]
) -> bytes:
    """Return a field, each of its subfields on a line if the record has lines."""
    deeper = indent.decode("latin-1") + "  " if b"\n" in indent else ""
    parts = "".join(
        f'{deeper}<{prefix}subfield code="{code}">{escape(value)}</{prefix}subfield>'
        for code, value in content
    )
    end = indent.decode("latin-1") if deeper else ""
    marks = f'ind1="{indicators[0]}" ind2="{indicators[1]}"'
    opening = f'<{prefix}datafield tag="{tag}" {marks}>'
    return f"{opening}{parts}{end}</{prefix}datafield>".encode("ascii", "xmlcharrefreplace")


@dataclass(frozen=True)
class MarcText:
    """Adds lines to records of MARC as text (``.mrk``)."""

    note: MarcNote

    def record(self, span: bytes, _: TableRow, label: Label) -> bytes | str:
        """Return a record with its label; see :data:`dustjacket.labelling.spans.Patch`."""
        if label.answer is None:
            return span
        lines = span.splitlines(keepends=True)
        tags = [_tag(line) for line in lines]
        subfields = [_text_subfields(line) for line in lines]
        own = _own_links(zip(tags, subfields, strict=True))
        kept = [n for n, first in enumerate(subfields) if first.get("8", "") not in own]
        links = [subfields[n].get("8", "") for n in kept]
        lines, tags = [lines[n] for n in kept], [tags[n] for n in kept]
        end = b"\r\n" if lines[0].endswith(b"\r\n") else b"\n"
        for tag, indicators, content in self.note.fields(label, links):
            text = "".join(f"${code}{value.translate(_MNEMONICS)}" for code, value in content)
            field = f"={tag}  {indicators.replace(' ', _BLANK)}{text}".encode() + end
            place = _place(tag, tags)
            if not lines[place - 1].endswith(b"\n"):
                lines[place - 1], field = lines[place - 1] + end, field.removesuffix(end)
            lines.insert(place, field)
            tags.insert(place, tag)
        return b"".join(lines)


def _tag(line: bytes) -> str:
    """Return the tag of a line, that of a leader as 000; of any other line what sorts last."""
    found = _LINE.match(line)
    tag = found[1].decode() if found else "~"
    return "000" if tag == "LDR" else tag


def _text_subfields(line: bytes) -> dict[str, str]:
    first: dict[str, str] = {}
    for part in line.rstrip(b"\r\n").decode("utf-8", "replace").split("$")[1:]:
        first.setdefault(part[:1], part[1:].replace("{bsol}", _BLANK))
    return first
