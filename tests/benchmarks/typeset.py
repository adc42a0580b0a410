"""Finished covers: how long they take, and how many of their characters OCR misreads.

``N`` books (200 by default) of the sample library, and as many real titles where there are any
beside the checkout, are set on art without type. A cover is laid out once and rendered in each
format; OCR reads the PNG. The same number of titles in other scripts is set on the same art, and on
a white cover, which shows what OCR misreads by itself. Intervals are of 95 %, by books drawn with
replacement. ``PARTS`` may name one of ``sample``, ``real`` and ``scripts``.
"""

import io
import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from dustjacket.typesetting.book import Book
from dustjacket.typesetting.layout import lay_out
from dustjacket.typesetting.render import FORMS, render
from dustjacket.typesetting.style import HouseStyle
from tests.benchmarks.measure import line
from tests.support.legibility import character_errors, sample_art, script_errors, why_not_read
from tests.support.titles import AUTHORS, titles_in

COVERS, RESAMPLES = int(os.environ.get("N") or 200), 2000
PARTS = os.environ.get("PARTS", "")
REAL = Path(__file__).parents[3] / "shared/data/standard-ebooks"


def sample_books() -> Iterator[tuple[Book, bytes]]:
    """Yield books of the sample library with their art."""
    for seed in range(COVERS):
        book, art = sample_art(seed)
        encoded = io.BytesIO()
        art.save(encoded, "PNG")
        yield (
            Book(title=book.title, author=book.author or "", genre=book.genre.name),
            encoded.getvalue(),
        )


def real_books() -> Iterator[tuple[Book, bytes]]:
    """Yield real books with the pictures of their covers."""
    rows = [json.loads(row) for row in (REAL / "catalog.jsonl").read_text().splitlines()]
    for row in rows[:: max(1, len(rows) // COVERS)][:COVERS]:
        book = Book(
            title=row["title"][:200],
            subtitle=(row["subtitle"] or "")[:200],
            author=row["author"] or "",
            genre=row["category"] or "",
        )
        yield book, (REAL / "art" / Path(row["art"]).name).read_bytes()


def measure(name: str, books: Iterator[tuple[Book, bytes]]) -> None:
    """Print times and the character error rate of covers."""
    times: dict[str, list[float]] = defaultdict(list)
    counts, contrasts, misread = [], [], []
    for number, (book, art) in enumerate(books):
        began = time.monotonic()
        with Image.open(io.BytesIO(art)) as image:
            layout = lay_out(image.convert("RGB"), book, HouseStyle(), number)
        times["layout"].append(time.monotonic() - began)
        for form in FORMS:
            began = time.monotonic()
            body = render(layout, art, form)
            times[form].append(time.monotonic() - began)
            if form == "png":
                with Image.open(io.BytesIO(body)) as cover:
                    errors, characters, wrong = character_errors(cover, layout)
                counts.append((errors, characters))
                misread += [f"{text!r} as {read!r}" for text, read in wrong.items()]
        contrasts.append(layout.contrast)
    for part, seconds in times.items():
        line(f"typeset/{name}/{part}", median(seconds), 0, "s", len(seconds), "median", 3)
    print_errors(name, counts, f"; least contrast {min(contrasts):.2f}")
    print(f"{len(misread)} texts misread: {'; '.join(misread[:12])}", flush=True)


def print_errors(name: str, counts: Sequence[tuple[int, int]], note: str) -> None:
    """Print the character error rate of covers, each given as errors and characters."""
    table = np.array(counts)
    drawn = np.random.default_rng(13).integers(0, len(table), (RESAMPLES, len(table)))
    sums = table[drawn].sum(axis=1)
    low, high = np.percentile(sums[:, 0] / sums[:, 1], [2.5, 97.5])
    rate, number = table[:, 0].sum() / table[:, 1].sum(), int(table[:, 1].sum())
    note = f"interval {low:.2%} to {high:.2%}{note}"
    line(f"typeset/{name}/characters misread", 100 * rate, 0, "%", number, note, 2)


def measure_scripts() -> None:
    """Print the character error rates of titles in other scripts, on art and on white."""
    white = Image.new("RGB", (400, 640), "white")
    for script, author in AUTHORS.items():
        if reason := why_not_read(script):
            print(f"typeset/{script}: {reason}", flush=True)
            continue
        counts: dict[str, list[tuple[int, int]]] = {"": [], " on white": []}
        for number, title in enumerate(titles_in(script, COVERS)):
            art = sample_art(number)[1]
            for ground, picture in (("", art), (" on white", white)):
                layout = lay_out(picture, Book(title=title, author=author), HouseStyle(), number)
                encoded = io.BytesIO()
                picture.save(encoded, "PNG")
                body = render(layout, encoded.getvalue(), "jpeg")
                with Image.open(io.BytesIO(body)) as cover:
                    counts[ground].append(script_errors(cover, layout, script)[:2])
        for ground, pairs in counts.items():
            print_errors(f"{script}{ground}", pairs, f"; {len(pairs)} titles")


def main() -> None:
    """Measure the sample library, real books, and other scripts."""
    if PARTS in ("", "sample"):
        measure("sample", sample_books())
    if PARTS in ("", "real") and REAL.exists():
        measure("real", real_books())
    if PARTS in ("", "scripts"):
        measure_scripts()


if __name__ == "__main__":
    main()
