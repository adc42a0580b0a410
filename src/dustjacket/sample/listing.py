"""Draw the books of a listing like the real one, with the same kinds of defects."""

import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dustjacket.sample.defects import defect_of
from dustjacket.sample.grammar import SampleBook, is_held_out, make_book
from dustjacket.sample.isbn import asin_of, isbn13_of

_ODDITIES = ("line break", "stray bytes", "quotes", "accents")
"""Unusual records that a reader must accept."""
_ODDITY_INTERVAL = 25
_FAULTS = ("no title", "duplicate", "no genre", "only punctuation", "ragged", "lone genre", "long")
"""Defects that a reader must reject; each of the last three occurs once."""
_COMMON_FAULTS = 4
_FAULT_INTERVAL = 36
_DUPLICATES_WITHIN = 200
_TOO_LONG = "The Very Long " * 100


@dataclass(frozen=True)
class ListedBook:
    """One record of the listing.

    Attributes:
        line: in the format of the real listing.
        values: by canonical name, for the other formats.
    """

    line: bytes
    values: dict[str, Any]


def listed_books(rows: int, rng: random.Random) -> Iterator[ListedBook]:
    """Yield ``rows`` records. Memory does not grow with ``rows``."""
    previous: deque[ListedBook] = deque(maxlen=_DUPLICATES_WITHIN)
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
        record = _record(book, number, odd, fault, rng)
        listed = ListedBook(_line(record, odd), _values(book, number, record))
        if fault == "duplicate":
            again = rng.choice(previous)
            values = again.values | {"record_id": listed.values["record_id"]}
            listed = ListedBook(again.line, values)
        elif fault is None:
            previous.append(listed)
        yield listed


def write_listing(file: Path, rows: int, rng: random.Random) -> None:
    """Write ``rows`` records as CSV: no header, every field quoted, mostly UTF-8."""
    with file.open("wb") as stream:
        for listed in listed_books(rows, rng):
            stream.write(listed.line)


def _record(
    book: SampleBook, number: int, odd: str | None, fault: str | None, rng: random.Random
) -> list[str]:
    asin = asin_of(number, rng.randrange(10**10))
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


def _values(book: SampleBook, number: int, record: list[str]) -> dict[str, Any]:
    """Return what other formats carry; a ragged record has no genre there."""
    isbn = isbn13_of(Path(record[1]).stem)
    genre = record[6] if len(record) > 6 else ""
    return values_of(book, f"sample.{number}", record[3], genre) | (
        {"isbn": [isbn]} if isbn else {}
    )


def values_of(book: SampleBook, record_id: str, title: str, genre: str) -> dict[str, Any]:
    """Return the values of a book by canonical name."""
    things = [book.motif, book.second_motif] if book.second_motif else [book.motif]
    own = [{"scheme": "own", "code": None, "heading": genre, "main": True}] if genre else []
    values = {
        "record_id": record_id,
        "title": title,
        "contributors": [{"name": book.author, "role": "aut"}] if book.author else [],
        "language": "en",
        "description": f"{' and '.join(things)}, in {book.colour.lower()}: a book whose cover "
        "shows what its title names.",
        "subjects": [
            *own,
            *(
                {"scheme": "keywords", "code": None, "heading": word.lower(), "main": False}
                for word in (*things, book.colour)
            ),
        ],
    }
    return {name: value for name, value in values.items() if value}


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
