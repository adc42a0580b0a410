"""Identifiers of sample books: ISBNs of a range that belongs to nobody, and numbers that are none.

The International ISBN Agency has given the group numbers 66 to 69 after 978 to no country or
language, so no real book can have them.
"""

_FIRST_BODY = 660_000_000
_LAST_ROW = 40_000_000
_SHARE_WITHOUT = 10


def asin_of(row: int, drawn: int) -> str:
    """Return the identifier of a row, of 10 characters.

    It is an ISBN-10 of its own. One of ten rows has a number with leading zeros instead, which is
    no ISBN: spreadsheets lose such zeros.

    Args:
        row: at most 40 million.
        drawn: a random number below 10**10.
    """
    if drawn >= 10**10 // _SHARE_WITHOUT:
        body = f"{_FIRST_BODY + row % _LAST_ROW}"
        return body + _check10(body)
    body = f"{drawn // 10:09d}"
    wrong = {"0": "1"}.get(_check10(body), "0")
    return body + wrong


def isbn13_of(asin: str) -> str | None:
    """Return the ISBN-13 of an ISBN-10, or None if it is none.

    >>> isbn13_of("6600000007"), isbn13_of("0600000002")
    ('9786600000008', None)
    """
    if _check10(asin[:9]) != asin[9:]:
        return None
    body = "978" + asin[:9]
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"


def _check10(body: str) -> str:
    """Return the check digit of nine digits: modulus 11, in which X is 10."""
    remainder = -sum(int(digit) * (10 - place) for place, digit in enumerate(body)) % 11
    return "X" if remainder == 10 else str(remainder)
