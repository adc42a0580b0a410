"""Subjects of MARC 21, by scheme."""

from typing import Any

from dustjacket.sources.marc.records import MarcField, MarcRecord
from dustjacket.sources.marc.titles import without_isbd

_HEADINGS = ("600", "610", "611", "630", "648", "650", "651", "655")
_BY_INDICATOR = {"0": "lcsh", "1": "lcshac", "2": "mesh", "3": "nal", "5": "cash", "6": "rvm"}
_BY_SOURCE = {
    "bisacsh": "bisac", "bisacmt": "bisac", "bisacrt": "bisac", "thema": "thema", "bicssc": "bic",
    "bic": "bic", "wgs": "wgs", "clil": "clil", "nur": "nur",
}  # fmt: skip
"""Schemes by the code of $2; any other code names its scheme itself, such as ``fast``."""
_CODED = frozenset({"bisac", "thema", "bic", "wgs", "clil", "nur"})


def subjects_of(record: MarcRecord) -> list[dict[str, Any]]:
    """Return subjects with ``scheme``, ``code``, ``heading`` and ``main``, in the record's order.

    Codes of the trade's schemes are in 072 and 084; headings, with subdivisions after ``--``, in
    6xx; keywords in 653.
    """
    subjects = [subject for field in record.all("072", "084") if (subject := _coded(field))]
    for field in record.all(*_HEADINGS):
        heading = " -- ".join([_heading(field), *map(without_isbd, field.all("vxyz"))])
        scheme = _scheme(field)
        codes = [code_of(text)[1] for text in field.all("0")]
        if heading:
            subjects.append(
                {
                    "scheme": scheme,
                    "code": codes[0] if codes else None,
                    "heading": heading,
                    "main": field.tag == "650" and field.indicators[0] == "1",
                }
            )
    subjects += [
        {"scheme": "keywords", "code": None, "heading": without_isbd(text), "main": False}
        for field in record.all("653")
        for text in field.all("a")
    ]
    return subjects


def code_of(text: str) -> tuple[str, str]:
    """Return scheme and code of an identifier, such as ``(DE-588)4`` or an address.

    The scheme of an address is ``uri``, its code the last part; of any other text, it is empty.
    """
    if text.startswith(("http://", "https://")):
        return "uri", text.rstrip("/").rpartition("/")[2]
    scheme, bracket, code = text.strip().removeprefix("(").partition(")")
    is_coded = text.lstrip().startswith("(") and bracket and scheme and code.strip()
    return (scheme, code.strip()) if is_coded else ("", text.strip())


def _coded(field: MarcField) -> dict[str, Any] | None:
    scheme = _BY_SOURCE.get(field.first("2").lower())
    code = "".join(field.all("ax")) if field.tag == "072" else field.first("a")
    if scheme not in _CODED or not code:
        return None
    return {"scheme": scheme, "code": code.replace(" ", ""), "heading": None, "main": False}


def _scheme(field: MarcField) -> str:
    source = field.first("2").lower()
    if field.indicators[1] == "7" and source:
        return _BY_SOURCE.get(source, source)
    return _BY_INDICATOR.get(field.indicators[1], "own")


def _heading(field: MarcField) -> str:
    if field.tag in {"650", "655"}:
        return without_isbd(field.first("a"))
    return without_isbd(" ".join(field.all("abcdt")))
