"""Check and repair ISBNs and other identifiers of one edition."""

import re
from functools import lru_cache
from operator import mul
from pathlib import PurePosixPath

_GUARD = re.compile(r"^[=\s\"'`]+|[\"'`\s]+$")
_SCIENTIFIC = re.compile(r"^[+-]?\d(?:[.,]\d+)?[eE]\+?\d+$")
_WHOLE = re.compile(r"^(\d+)\.0+$")
_LABEL = re.compile(r"(?:urn:)?isbn(?:[\s-]?1[03](?=\D))?\W*", re.IGNORECASE)
_HYPHENS = "\u00ad\u2010-\u2015\u2212-"
_ONE_NUMBER = re.compile(rf"[0-9Xx\s{_HYPHENS}]+")
_NOT_OF_NUMBERS = re.compile(rf"[^0-9Xx{_HYPHENS}]+")
_NO_DIGIT = re.compile(r"[^0-9X]+")
_WEIGHTS_10 = tuple(range(10, 0, -1))
_SHORTEST, _LONGEST = 6, 200
"""A shorter number has lost too much to be an ISBN-10; longer text is no identifier."""


def unguarded(text: str) -> str:
    """Return an identifier without what spreadsheets put around it; empty if it is damaged.

    >>> unguarded('="0439023483"'), unguarded("9780141439587.0"), unguarded("9.78043902348e+12")
    ('0439023483', '9780141439587', '')
    """
    if text.isascii() and text.isdigit():
        return text
    text = _GUARD.sub("", text)
    if _SCIENTIFIC.match(text):
        return ""
    whole = _WHOLE.match(text)
    return whole[1] if whole else text


def restored(identifier: str, filename: str) -> str:
    """Return an identifier with the leading zeros that it lost, taken from the cover's file name.

    >>> restored("60750715", "0060750715.jpg"), restored("B000ABC", "other.jpg")
    ('0060750715', 'B000ABC')
    """
    if not filename:
        return identifier
    point = filename.rfind(".")
    if "/" in filename or point == 0:
        stem = PurePosixPath(filename).stem
    else:  # the same, in a tenth of the time
        stem = filename[:point] if 0 < point < len(filename) - 1 else filename
    lost = not identifier or (stem and stem.lstrip("0") == identifier.lstrip("0"))
    return stem if lost else identifier


@lru_cache(maxsize=256)  # a record asks for its ISBN again
def isbn_in(text: str) -> str | None:
    """Return the first valid ISBN in a text as 10 or 13 digits, or None.

    An ISBN-10 gets the leading zeros back that it lost, where its check digit then holds.

    >>> isbn_in("ISBN 0-552-13106-7"), isbn_in("439023483"), isbn_in("9780552131061")
    ('0552131067', '0439023483', None)
    """
    text = unguarded(text[:_LONGEST])
    body = text[:-1] if text.endswith(("X", "x")) else text
    if body.isascii() and body.isdigit():
        digits = _with_zeros(text.upper())
        return digits if is_isbn(digits) else None
    text = _LABEL.sub(" ", text).strip()
    whole = [text] if _ONE_NUMBER.fullmatch(text) else []
    for candidate in [*whole, *_NOT_OF_NUMBERS.split(text)]:
        digits = _NO_DIGIT.sub("", candidate.upper())
        if digits == candidate.upper():
            digits = _with_zeros(digits)
        if is_isbn(digits):
            return digits
    return None


def _with_zeros(digits: str) -> str:
    return digits.zfill(10) if _SHORTEST <= len(digits) < 10 else digits


def isbn13_of(text: str) -> str | None:
    """Return the first valid ISBN in a text as ISBN-13, or None.

    >>> isbn13_of("0-552-13106-7")
    '9780552131063'
    """
    found = isbn_in(text)
    if found is None or len(found) == 13:
        return found
    body = f"978{found[:9]}"
    return f"{body}{-_sum_13(body + '0') % 10}"


def is_isbn(digits: str) -> bool:
    """Return whether digits are an ISBN of 10 or 13 digits whose check digit holds (ISO 2108).

    Numbers that begin with 979-0 are of printed music.
    """
    if len(digits) == 13:
        is_book = digits.startswith(("978", "979")) and not digits.startswith("9790")
        return is_book and "X" not in digits and _sum_13(digits) % 10 == 0
    return len(digits) == 10 and "X" not in digits[:9] and _sum_10(digits) % 11 == 0


# The codes of the digits serve as the digits: what that adds is a multiple of 10, or of 11.


def _sum_13(digits: str) -> int:
    codes = digits.encode()
    return sum(codes[::2]) + 3 * sum(codes[1::2])


def _sum_10(digits: str) -> int:
    return sum(map(mul, digits.replace("X", ":").encode(), _WEIGHTS_10))
