"""Check and repair ISBNs and other identifiers of one edition."""

import re

from stdnum import isbn

_GUARD = re.compile(r"^[=\s\"'`]+|[\"'`\s]+$")
_SCIENTIFIC = re.compile(r"^[+-]?\d(?:[.,]\d+)?[eE]\+?\d+$")
_WHOLE = re.compile(r"^(\d+)\.0+$")
_LABEL = re.compile(r"(?:urn:)?isbn(?:[\s-]?1[03](?=\D))?\W*", re.IGNORECASE)
_HYPHENS = "\u00ad\u2010-\u2015\u2212-"
_ONE_NUMBER = re.compile(rf"[0-9Xx\s{_HYPHENS}]+")
_NOT_OF_NUMBERS = re.compile(rf"[^0-9Xx{_HYPHENS}]+")
_NO_DIGIT = re.compile(r"[^0-9X]+")
_SHORTEST, _LONGEST = 6, 200
"""A shorter number has lost too much to be an ISBN-10; longer text is no identifier."""


def unguarded(text: str) -> str:
    """Return an identifier without what spreadsheets put around it; empty if it is damaged.

    >>> unguarded('="0439023483"'), unguarded("9780141439587.0"), unguarded("9.78043902348e+12")
    ('0439023483', '9780141439587', '')
    """
    text = _GUARD.sub("", text)
    if _SCIENTIFIC.match(text):
        return ""
    whole = _WHOLE.match(text)
    return whole[1] if whole else text


def isbn_in(text: str) -> str | None:
    """Return the first valid ISBN in a text as 10 or 13 digits, or None.

    An ISBN-10 gets the leading zeros back that it lost, where its check digit then holds.

    >>> isbn_in("ISBN 0-552-13106-7"), isbn_in("439023483"), isbn_in("9780552131061")
    ('0552131067', '0439023483', None)
    """
    text = _LABEL.sub(" ", unguarded(text[:_LONGEST])).strip()
    whole = [text] if _ONE_NUMBER.fullmatch(text) else []
    for candidate in [*whole, *_NOT_OF_NUMBERS.split(text)]:
        digits = _NO_DIGIT.sub("", candidate.upper())
        if _SHORTEST <= len(digits) < 10 and digits == candidate.upper():
            digits = digits.zfill(10)
        # 979-0 numbers printed music.
        if len(digits) in (10, 13) and isbn.is_valid(digits) and not digits.startswith("9790"):
            return digits
    return None


def isbn13_of(text: str) -> str | None:
    """Return the first valid ISBN in a text as ISBN-13, or None.

    >>> isbn13_of("0-552-13106-7")
    '9780552131063'
    """
    found = isbn_in(text)
    return isbn.to_isbn13(found) if found else None
