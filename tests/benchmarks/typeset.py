"""Finished covers: how long they take, and how many of their characters OCR misreads.

``N`` books (200 by default) of the sample library, and as many real titles where there are any
beside the checkout, are set on art without type. A cover is laid out once and rendered in each
format; OCR reads the PNG. Intervals are of 95 %, by books drawn with replacement.
"""

import io
import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from dustjacket.typesetting.book import Book
from dustjacket.typesetting.layout import lay_out
from dustjacket.typesetting.render import FORMS, render
from dustjacket.typesetting.style import HouseStyle
from tests.benchmarks.measure import line
from tests.support.legibility import character_errors, sample_art

COVERS, RESAMPLES = int(os.environ.get("N") or 200), 2000
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
    table = np.array(counts)
    drawn = np.random.default_rng(13).integers(0, len(table), (RESAMPLES, len(table)))
    sums = table[drawn].sum(axis=1)
    low, high = np.percentile(sums[:, 0] / sums[:, 1], [2.5, 97.5])
    rate = table[:, 0].sum() / table[:, 1].sum()
    for part, seconds in times.items():
        line(f"typeset/{name}/{part}", median(seconds), 0, "s", len(seconds), "median", 3)
    note = f"interval {low:.2%} to {high:.2%}; least contrast {min(contrasts):.2f}"
    line(f"typeset/{name}/characters misread", 100 * rate, 0, "%", int(table[:, 1].sum()), note, 2)
    print(f"{len(misread)} texts misread: {'; '.join(misread[:12])}", flush=True)


def main() -> None:
    """Measure the sample library, and real books."""
    measure("sample", sample_books())
    if REAL.exists():
        measure("real", real_books())


if __name__ == "__main__":
    main()
