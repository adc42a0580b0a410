"""Write a listing in the format of the real one, with the same kinds of defects."""

import random
from collections import deque
from pathlib import Path

from dustjacket.sample.defects import defect_of
from dustjacket.sample.grammar import SampleBook, is_held_out, make_book

_ODDITIES = ("line break", "stray bytes", "quotes", "accents")
"""Unusual records that a reader must accept."""
_ODDITY_INTERVAL = 25
_FAULTS = ("no title", "duplicate", "no genre", "only punctuation", "ragged", "lone genre", "long")
"""Defects that a reader must reject; each of the last three occurs once."""
_COMMON_FAULTS = 4
_FAULT_INTERVAL = 36
_DUPLICATES_WITHIN = 200
_TOO_LONG = "The Very Long " * 100


def write_listing(file: Path, rows: int, rng: random.Random) -> None:
    """Write ``rows`` records: no header, every field quoted, mostly UTF-8.

    Memory does not grow with ``rows``.
    """
    previous: deque[bytes] = deque(maxlen=_DUPLICATES_WITHIN)
    with file.open("wb") as stream:
        for number in range(rows):
            # Counted from the end, so that a record is never both odd and faulty.
            odd, _ = defect_of(_ODDITIES, rows - 1 - number, rows, _ODDITY_INTERVAL)
            fault, earlier = defect_of(_FAULTS, number, rows, _FAULT_INTERVAL)
            if fault and earlier >= len(_FAULTS):
                fault = _FAULTS[earlier % _COMMON_FAULTS]
            book = make_book(rng)
            while odd and is_held_out(book.title):
                # An odd title may move the book to another side of the split.
                book = make_book(rng)
            line = _line(_record(book, number, odd, fault, rng), odd)
            if fault == "duplicate":
                line = rng.choice(previous)
            elif fault is None:
                previous.append(line)
            stream.write(line)


def _record(
    book: SampleBook, number: int, odd: str | None, fault: str | None, rng: random.Random
) -> list[str]:
    asin = f"{rng.randrange(10**10):010d}"
    category = book.genre.name
    if fault == "no genre":
        category = ""
    elif fault == "lone genre":
        category = "Calendars"
    record = [
        asin.lstrip("0") or asin,
        f"{asin}.jpg",
        f"https://example.invalid/images/{number}.jpg",
        _title(book, odd, fault, rng),
        book.author or "",
        str(book.genre.number),
        category,
    ]
    return record[:5] if fault == "ragged" else record


def _title(book: SampleBook, odd: str | None, fault: str | None, rng: random.Random) -> str:
    if fault == "no title":
        return ""
    if fault == "only punctuation":
        return rng.choice(["...", "-", "?!", "* * *"])
    if fault == "long":
        return _TOO_LONG + book.title
    if odd == "line break":
        return book.title.replace(" ", "\n", 1)
    if odd == "quotes":
        return f'The "{book.motif}" Book: {book.title}'
    if odd in ("stray bytes", "accents"):
        return f"{book.title} \N{EN DASH} Édition spéciale"
    return book.title


def _line(record: list[str], odd: str | None) -> bytes:
    text = ",".join('"' + field.replace('"', '""') + '"' for field in record) + "\n"
    return text.encode("cp1252" if odd == "stray bytes" else "utf-8")
