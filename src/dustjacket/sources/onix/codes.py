"""Codes of ONIX as the words that rows use: roles, schemes of subjects, dates."""

import re
from datetime import UTC, date, datetime

_BY_RELATOR = {
    "aut": "A01 A02 A14 A31 A32 A38 A42 A45", "aus": "A03", "lbt": "A04", "lyr": "A05",
    "cmp": "A06", "art": "A07", "pht": "A08 A13 F01", "cre": "A09 A10 A99", "dsr": "A11",
    "ill": "A12 A35 A40 A46", "aui": "A15 A16 A23 A24 A29", "aft": "A19 A22", "ann": "A20 A25",
    "wac": "A18 A21 A33", "prg": "A30", "cov": "A36", "ctg": "A39", "clr": "A47", "ivr": "A43",
    "ive": "A44", "res": "A51",
    "edt": "B01 B02 B09 B11 B12 B13 B14 B15 B16 B18 B19 B20 B21 B24 B26 B29 B31 B99",
    "adp": "B03 B05 B22", "abr": "B04", "trl": "B06 B08 B10 B32", "arr": "B25", "ths": "B27",
    "com": "C01 C02 C03 C99", "cur": "C04", "pro": "D01", "drt": "D02 D99", "cnd": "D03",
    "chr": "D04", "act": "E01", "dnc": "E02", "nrt": "E03 E07", "cmm": "E04", "sng": "E05",
    "itr": "E06", "prf": "E08 E99", "spk": "E09", "pre": "E10", "flm": "F02", "dte": "Z02",
}  # fmt: skip
RELATORS = {code: relator for relator, codes in _BY_RELATOR.items() for code in codes.split()}
"""MARC relator code of each contributor role (list 17); ``oth`` stands for all others."""
ROLES = {relator: codes.split()[0] for relator, codes in _BY_RELATOR.items()}
"""Contributor role of each MARC relator code."""

UNNAMED = {"02": "Anonymous", "04": "Various", "08": "AI", "09": "AI"}
"""Names of unnamed persons (list 19). Unknown and further persons, and voices, get none."""

SCHEMES = {
    "04": "lcsh", "10": "bisac", "12": "bic", "20": "keywords", "23": "own", "24": "own",
    "26": "wgs", "29": "clil", "32": "nur", "93": "thema",
    **dict.fromkeys(("13", "14", "15", "16", "17"), "bic_qualifier"),
    **dict.fromkeys(("94", "95", "96", "97", "98", "99"), "thema_qualifier"),
}  # fmt: skip
"""Schemes of subjects (list 27); any other keeps its number."""

WORK_SCHEMES = {"02": "doi", "06": "doi", "11": "istc", "15": "isbn", "18": "isrc"}
"""Schemes of identifiers of works (list 16) that are unique in the world."""

_DIGITS = re.compile(r"\d+")
_YEAR = re.compile(r"(?<!\d)(1[4-9]\d\d|20\d\d)(?!\d)")
_YEARS = ("02", "03", "04", "05", "08", "09", "10", "11")
_MONTHS = ("01", "07")


def iso_date(text: str, form: str = "") -> str | None:
    """Return a date of list 55 as year, year and month, or day in ISO form, or None.

    Args:
        form: code of list 55; without one, the number of digits decides. Of a range, the first
            date is taken; weeks, quarters and seasons give their year. Dates of the Islamic
            calendar (20 to 32) give None.
    """
    if form.isdigit() and int(form) >= 20:
        return None
    if form == "12":  # free text
        year = _YEAR.search(text)
        return year[0] if year else None
    digits = text if text.isdecimal() else "".join(_DIGITS.findall(text))
    year_, month, day = digits[:4], digits[4:6], digits[6:8]
    if len(year_) < 4 or year_ < "1400":
        return None
    if form in _YEARS or not "01" <= month <= "12":
        return year_
    if form in _MONTHS or not day:
        return f"{year_}-{month}"
    try:
        return date.fromisoformat(f"{year_}-{month}-{day}").isoformat()
    except ValueError:
        return f"{year_}-{month}"


def sent_at(text: str) -> str | None:
    """Return the time at which a message was sent, in UTC, as text that sorts by time; or None."""
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
