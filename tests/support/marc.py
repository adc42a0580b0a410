"""MARC records for tests, written by pymarc."""

from pymarc import Field, Indicators, Leader, Record, Subfield

CONTROL = {"001": "123", "003": "DE-101", "008": "960101s1996    nyu           000 1 eng d"}


def marc_field(text: str) -> Field:
    """Return the field of a line, such as ``245 10 $aTitle :$bsubtitle.``; ``#`` is a blank."""
    tag, indicators, rest = text[:3], text[4:6].replace("#", " "), text[7:]
    subfields = [Subfield(part[0], part[1:]) for part in rest.split("$")[1:]]
    return Field(tag, Indicators(*indicators), subfields)


def marc_record(*lines: str, leader: str = "00000nam a2200000 a 4500", **control: str) -> Record:
    """Return a record of control fields (keywords such as ``f001``) and lines."""
    record = Record(leader=leader)
    record.leader = Leader(leader)
    fixed = CONTROL | {name.removeprefix("f"): value for name, value in control.items()}
    record.fields = [Field(tag, data=value) for tag, value in fixed.items()]
    record.fields += map(marc_field, lines)
    return record
