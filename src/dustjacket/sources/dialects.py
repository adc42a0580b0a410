"""Find how a text table is written: separator, quotes, line ends, and where its records begin."""

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dustjacket.sources.csv import Dialect, Record, parse, read_records
from dustjacket.sources.tables import ReadOptions, key_of

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_TAB_ENDINGS = (".tsv", ".tab")
LINE_ENDS = ("\n", "\r", "\u2028", "\u2029", "\x85", "\x1e", "\v", "\f")
_RECORDS = 500
_MOST, _NEARLY_ALL = 0.9, 0.98


@dataclass(frozen=True, slots=True)
class TableLayout:
    """How the records of a table are written, and what the first ones show.

    Attributes:
        records: the first ones, read in this dialect.
        agreeing: share of the records after the first that have as many fields as the first.
        declared: whether the first line names the separator; it is no record of the table.
        above: number of records above the header, such as the name of the listing.
    """

    dialect: Dialect
    records: Sequence[Record]
    agreeing: float
    declared: bool = False
    above: int = 0


def line_end_of(head: str, ends: Sequence[str] = LINE_ENDS) -> str:
    """Return which of ``ends`` ends the records of a text, by its first characters."""
    if "\n\r" in head and "\r\n" not in head:
        return "\n\r"
    body = head.rstrip("\r\n")
    found = {end: body.count(end) for end in ends}
    if found["\n"]:
        # A carriage return by itself ends records only where hardly anything else does.
        alone = found["\r"] - body.count("\r\n")
        return "\r" if alone > _MOST * (alone + found["\n"]) else "\n"
    return max(ends, key=lambda end: found[end]) if any(found.values()) else "\n"


def layout_of(head: bytes, options: ReadOptions) -> TableLayout:
    """Return the layout of a table from its first bytes, in UTF-8 with line feeds.

    The separator is the one that gives most records as many fields as the first; of equal ones, the
    one that shows columns that the user names, then the one that makes most fields. The ending of
    the file's name decides where the content does not.
    """
    first, _, rest = head.partition(b"\n")
    declared = first.strip().lstrip(b"\xef\xbb\xbf").strip(b'"').lower()
    is_declared = declared.startswith(b"sep=") and len(declared) <= len("sep=,")
    if is_declared:
        separators = [declared.removeprefix(b"sep=").decode("latin-1") or "\t"]
        head = rest
    else:
        separators = list(SEPARATORS)
    if options.separator:
        separators = [options.separator]
    elif options.name.lower().endswith(_TAB_ENDINGS):
        separators.sort(key=lambda separator: separator != "\t")
    layouts = [replace(_layout(head, mark), declared=is_declared) for mark in separators]

    def rank(layout: TableLayout) -> tuple[bool, bool, int, int, float]:
        fields = layout.records[0].fields if layout.records else ()
        named = len(options.columns & {key_of(field) for field in fields})
        # Of separators that agree about as well, the one that makes more fields is right: the other
        # is a letter of some fields. Text has a blank after it.
        tight = sum(not field.startswith(" ") for field in fields)
        return (
            len(fields) > 1,
            not layout.above,
            round(layout.agreeing * 4),
            named,
            tight + layout.agreeing,
        )

    return max(layouts, key=rank)


def _layout(head: bytes, separator: str) -> TableLayout:
    usual = Dialect(separator)
    layout = _read(head, usual)
    if b'\\"' in head and b'""' not in head.replace(b'\\""', b""):
        escaped = _read(head, replace(usual, escapes=True))
        layout = max(layout, escaped, key=lambda layout: layout.agreeing)
    if layout.agreeing < 1 and _has_letters(head, separator):
        plain = _read(head, replace(usual, quotes=False))
        if plain.agreeing >= _NEARLY_ALL and plain.agreeing > layout.agreeing:
            return plain
    return layout


def _has_letters(head: bytes, separator: str) -> bool:
    """Return whether most quotes of a text look like letters: no pair of them holds a field."""
    mark = separator.encode()
    counted = Counter(
        _quoting(field.strip(b" \t\r"))
        for line in head.split(b"\n")[:_RECORDS]
        for field in line.split(mark)
        if b'"' in field
    )
    return not counted["doubled"] and counted["letter"] > counted["pair"]


def _quoting(field: bytes) -> str:
    if len(field) > 1 and field[:1] == field[-1:] == b'"':
        return "doubled" if b'""' in field[1:-1] else "pair"
    return "letter"


def _read(head: bytes, dialect: Dialect) -> TableLayout:
    records: list[Record] = []
    for record in read_records(io.BytesIO(head), dialect=dialect):
        records.append(record)
        if len(records) == _RECORDS:
            break
    lengths = [len(parse(record.raw, dialect)[0]) for record in records]
    start = next((number for number, length in enumerate(lengths) if length), None)
    if start is None:
        return TableLayout(dialect, [], 0)
    columns, following, above = lengths[start], lengths[start + 1 :], 0
    usual = Counter(following).most_common(1)[0][0] if following else columns
    if columns == 1 and usual > 1:
        # Lines above the header, such as the name of the listing, have one field.
        first, start = start, lengths.index(usual)
        above = start - first
        columns, following = usual, lengths[start + 1 :]
    head_record = records[start]
    if not following:
        return TableLayout(dialect, records[start:], float(columns > 1))
    ends = [
        record.raw.endswith(dialect.separator.encode()) and length
        for record, length in zip(records[start + 1 :], following, strict=True)
    ]
    fields = parse(head_record.raw, dialect)[0]
    if not fields[-1].strip() and columns > 1:
        columns -= 1
    if (columns < len(fields) or columns not in following) and _most(
        [
            length == columns or end == columns + 1
            for length, end in zip(following, ends, strict=True)
        ]
    ):
        dialect = replace(dialect, trailing=True)
    columns = columns if dialect.trailing else len(fields)
    return TableLayout(
        dialect,
        [replace(head_record, fields=fields[:columns]), *records[start + 1 :]],
        sum(
            length == columns or (dialect.trailing and end == columns + 1)
            for length, end in zip(following, ends, strict=True)
        )
        / len(following),
        above=above,
    )


def _most(held: Sequence[bool]) -> bool:
    return sum(held) >= _MOST * len(held)
