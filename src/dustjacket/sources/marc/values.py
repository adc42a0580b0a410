"""The canonical fields of a book from a MARC 21 bibliographic record."""

import re
from typing import Any

from dustjacket.sources.marc.names import contributors_of
from dustjacket.sources.marc.records import MarcField, MarcRecord
from dustjacket.sources.marc.subjects import code_of, subjects_of
from dustjacket.sources.marc.titles import linked_scripts, titles_of
from dustjacket.sources.tables import TableRow, Value

_OTHER_MATERIAL = frozenset("cdefgjkor")
"""Leader/06 of music, maps, films, pictures and objects."""
_OTHER_RECORDS = frozenset("quvxyz")
"""Leader/06 of records of authorities, holdings, classification and community information."""
_QUALIFIER = re.compile(r"[(:;].*", re.DOTALL)
_YEAR = re.compile(r"(?<![0-9])(1[4-9][0-9]{2}|20[0-9]{2})(?![0-9])")
_COVER = re.compile(
    r"\b(?:cover|front cover|jacket|umschlag|umschlagbild|couverture|copertina|cubierta|portada"
    r"|omslag|capa)\b",
    re.IGNORECASE,
)
_OTHER_SCHEME = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_NO_LANGUAGE = frozenset({"", "und", "zxx", "mul", "|||"})
_COLLECTIVE = re.compile(
    r"(?:works|selections|novels|poems|plays|prose|essays|correspondence|speeches|short stories"
    r"|fiction|librettos|songs)\b",
    re.IGNORECASE,
)
"""Uniform titles that many different books of an author share."""
_CONTENT_ADVICE, _REVIEW = "4", "1"


def row_of(position: int, offset: int, raw: bytes, found: MarcRecord | str) -> TableRow:
    """Return the row of a record, or of the reason why there is none."""
    values = found if isinstance(found, str) else values_of(found)
    if isinstance(values, str):
        return TableRow(position, offset, raw, {}, values)
    return TableRow(position, offset, raw, values)


def values_of(record: MarcRecord) -> dict[str, Value] | str:
    """Return the canonical fields of a record that are not empty, or the reason to reject it."""
    kind = record.leader[6]
    if kind in _OTHER_RECORDS:
        return "not_bibliographic"
    if kind in _OTHER_MATERIAL:
        return "not_a_book"
    if not any(record.all("245", "880")) and any(record.all("200")):
        return "unimarc"
    scripts = linked_scripts(record)
    values: dict[str, Any] = titles_of(record, scripts)
    values["contributors"] = contributors_of(record, scripts)
    values["subjects"] = subjects_of(record)
    values["isbn"] = _isbns(record)
    values["description"] = _description(record)
    values["language"] = _language(record)
    values["published"] = _published(record)
    values["publisher"] = _publisher(record)
    values["image"] = _cover(record)
    values["work_id"] = _work(record)
    values["rights"] = " ".join(text for field in record.all("540") for text in field.all("a"))
    number, agency = record.control("001").strip(), record.control("003").strip()
    values["record_id"] = f"{agency}:{number}" if agency and number else number
    if record.leader[5] in "dsx":  # deleted, or replaced by others
        values["notification"] = "delete"
    return {name: value for name, value in values.items() if value}


def _isbns(record: MarcRecord) -> list[str]:
    """Return the valid numbers of the record; those in $z are of other books, or wrong."""
    numbers = [_QUALIFIER.sub("", text) for field in record.all("020") for text in field.all("a")]
    numbers += [
        text
        for field in record.all("024")
        if field.indicators[0] == "3"
        for text in field.all("a")
        if text.startswith(("978", "979"))
    ]
    return list(dict.fromkeys(number.strip() for number in numbers if number.strip()))


def _description(record: MarcRecord) -> str:
    fields = [f for f in record.all("520") if f.indicators[0] not in (_CONTENT_ADVICE, _REVIEW)]
    return "\n".join(" ".join(field.all("ab")) for field in fields)


def _language(record: MarcRecord) -> str:
    """Return the language of the text: 008, else the first of 041 (old ones are written as one)."""
    coded = record.control("008")[35:38].strip().lower()
    if coded not in _NO_LANGUAGE and coded.isalpha():
        return coded
    for field in record.all("041"):
        code = field.first("ad").lower()
        code = code if field.first("2") else code[:3]
        if code not in _NO_LANGUAGE:
            return code
    return ""


def _published(record: MarcRecord) -> str:
    fixed = record.control("008")
    kind, first, second = fixed[6:7], fixed[7:11], fixed[11:15]
    if _YEAR.fullmatch(first):
        exact = kind == "e" and re.fullmatch(r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])", second)
        return f"{first}-{second[:2]}-{second[2:]}" if exact else first
    published = [field for field in record.all("264", "260") if _is_publication(field)]
    found = (_YEAR.search(text) for field in published for text in field.all("c"))
    return next((year[1] for year in found if year), "")


def _publisher(record: MarcRecord) -> str:
    names = (f.first("b") for f in record.all("264", "260") if _is_publication(f))
    return next((name.rstrip(" ,;:") for name in names if name), "")


def _is_publication(field: MarcField) -> bool:
    return field.tag == "260" or field.indicators[1] == "1"


def _cover(record: MarcRecord) -> str:
    """Return the first address or path whose materials, note or type say that it is the cover."""
    for field in record.all("856"):
        address = next((url for url in field.all("u") if not _OTHER_SCHEME.match(url)), "")
        is_image = field.first("q").lower().startswith("image/")
        if address and (is_image or any(_COVER.search(text) for text in field.all("3yz"))):
            return address
    return ""


def _work(record: MarcRecord) -> str:
    """Return the identifier of the work: of 758, or of the uniform title if it is of one work."""
    for field in record.all("758", "130", "240"):
        is_collective = field.tag != "758" and _COLLECTIVE.match(field.first("a"))
        if field.first("k") or is_collective:
            continue
        for text in (*field.all("1"), *field.all("0")):
            scheme, code = code_of(text)
            if scheme == "uri":
                return f"uri:{text.partition('://')[2]}"
            if scheme:
                return f"{scheme}:{code}"
    return ""
