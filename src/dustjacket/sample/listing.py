"""A listing in the format of the real one, messy as the real one is."""

import random
from pathlib import Path

from dustjacket.sample.grammar import SampleBook, make_book

_AGAIN_KEPT = 200


def write_listing(file: Path, rows: int, rng: random.Random) -> None:
    """Write ``rows`` records: no header, every field quoted, mostly UTF-8."""
    before: list[list[str]] = []
    with file.open("wb") as stream:
        for number in range(rows):
            record = _record(make_book(rng), number, rng)
            fault = rng.random()
            if fault < 0.006 and before:
                record = rng.choice(before)
            elif fault < 0.011:
                record = _with(record, title="")
            elif fault < 0.015:
                record = _with(record, genre="")
            elif fault < 0.019:
                record = _with(record, title=rng.choice(["...", "-", "?!", "* * *"]))
            elif fault < 0.020:
                record = _with(record, title="Very Long " * 200)
            elif fault < 0.021:
                record = record[:5]
            elif fault < 0.022:
                record = _with(record, genre=f"Misfiled {number}")
            before = [*before[-_AGAIN_KEPT:], record] if number % 10 == 0 else before
            stream.write(_line(record, rng))


def _record(book: SampleBook, number: int, rng: random.Random) -> list[str]:
    asin = f"{rng.randrange(10**10):010d}"
    title = book.title
    oddity = rng.random()
    if oddity < 0.01:
        title = title.replace(" ", "\n", 1)
    elif oddity < 0.02:
        title = f'The "{book.motif}" Book: {title}'
    elif oddity < 0.03:
        title = f"{title} \N{EN DASH} Édition spéciale"
    return [
        asin.lstrip("0") or asin,
        f"{asin}.jpg",
        f"https://example.invalid/images/{number}.jpg",
        title,
        book.author or "",
        str(book.genre.number),
        book.genre.name,
    ]


def _with(record: list[str], title: str | None = None, genre: str | None = None) -> list[str]:
    changed = list(record)
    if title is not None:
        changed[3] = title
    if genre is not None:
        changed[6] = genre
    return changed


def _line(record: list[str], rng: random.Random) -> bytes:
    text = ",".join('"' + field.replace('"', '""') + '"' for field in record) + "\n"
    stray = rng.random() < 0.01
    return text.encode("cp1252" if stray else "utf-8")
