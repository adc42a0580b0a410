"""How well text is removed from covers: what OCR still reads, and distance from the true art.

Two truths: covers of the sample library, which can be drawn without text, and real covers of
Standard Ebooks, whose art lies beside them in ``../shared``. PSNR is that of the pixels that text
changes, in decibels; the same of the cover as it is stands beside it. Means over covers have 95 %
intervals by resampling covers. ``N`` covers of each (40).

A baseline tells the title's length from the art by ridge regression, out of fold: filled boxes must
not give away more (R²) than true art does.
"""

import io
import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from dustjacket.covers.ocr import CoverReader
from dustjacket.generation.textless import LARGE, characters
from dustjacket.sample.drawing import draw_cover
from dustjacket.sample.grammar import make_book
from tests.benchmarks.measure import line

DATA = Path(__file__).parents[3] / "shared" / "data" / "standard-ebooks"
COUNT = int(os.environ.get("N") or 40)
_TEXT_CHANGE = 24  # grey levels by which text differs from the art, at least
_TILE = (8, 12)
_FOLDS, _PENALTY, _RESAMPLES = 5, 30.0, 2000

Case = tuple[str, Image.Image, Image.Image]
"""Title, cover and true art."""


def sample_cases() -> Iterator[Case]:
    for seed in range(COUNT):
        book = make_book(random.Random(f"textless {seed}"))
        cover, art = (draw_cover(book, random.Random(seed), text=text) for text in (True, False))
        yield book.title, cover, art


def real_cases() -> Iterator[Case]:
    with (DATA / "catalog.jsonl").open(encoding="utf-8") as stream:
        books = [json.loads(row) for row in stream]
    for book in random.Random(0).sample(books, min(COUNT, len(books))):
        cover, art = (Image.open(DATA / book[kind]).convert("RGB") for kind in ("cover", "art"))
        yield book["title"], cover, art


def measure(name: str, cases: Iterator[Case], reader: CoverReader) -> None:
    before, after, filled_db, cover_db, titles, filled, true = [], [], [], [], [], [], []
    for title, cover, art in cases:
        body = io.BytesIO()
        cover.save(body, "PNG")
        text = reader.read(body.getvalue())
        again = reader.read(text.painted)
        before.append(characters(text.lines))
        after.append(characters(again.lines))
        made, real, whole = (
            np.asarray(picture.convert("RGB").resize(LARGE, Image.Resampling.LANCZOS), np.float64)
            for picture in (Image.open(io.BytesIO(text.painted)), art, cover)
        )
        box = np.abs(whole - real).max(axis=2) > _TEXT_CHANGE
        if box.any():
            filled_db.append(psnr(made[box], real[box]))
            cover_db.append(psnr(whole[box], real[box]))
        titles.append(len(title))
        for tiles, picture in ((filled, made), (true, real)):
            small = Image.fromarray(picture.astype(np.uint8)).resize(_TILE, Image.Resampling.BOX)
            tiles.append(np.asarray(small, np.float64).ravel() / 255)
    count = len(before)
    left, spread = interval(
        lambda rows: np.array(after)[rows].sum() / max(1, np.array(before)[rows].sum()), count
    )
    line(f"{name}: characters that OCR reads, left of all on covers", left, 1, "share", count,
         f"{spread}, of {sum(before)}", 4)  # fmt: skip
    ours, spread = interval(lambda rows: np.array(filled_db)[rows].mean(), len(filled_db))
    line(f"{name}: PSNR where text is, filled beside the cover as it is", ours,
         float(np.mean(cover_db)), "dB", len(filled_db), spread)  # fmt: skip
    line(f"{name}: title's length told from filled art beside true art", length_r2(filled, titles),
         length_r2(true, titles), "R²", count, "", 3)  # fmt: skip


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / max(((one - other) ** 2).mean(), 1e-3)))


def interval(statistic: Callable[[np.ndarray], float], count: int) -> tuple[float, str]:
    """Return a statistic of all rows, and its 95 % interval."""
    rng = np.random.default_rng(0)
    drawn = [statistic(rng.integers(count, size=count)) for _ in range(_RESAMPLES)]
    low, high = np.percentile(drawn, (2.5, 97.5))
    return float(statistic(np.arange(count))), f"{low:.4f} to {high:.4f}"


def length_r2(tiles: list[np.ndarray], lengths: list[int]) -> float:
    """Return the share of the variance of lengths that a ridge predicts out of fold."""
    inputs, target = np.stack(tiles), np.array(lengths, float)
    predicted = np.empty_like(target)
    for fold in range(_FOLDS):
        inside = np.arange(len(target)) % _FOLDS == fold
        known, mean = inputs[~inside], inputs[~inside].mean(0)
        kernel = (known - mean) @ (known - mean).T + _PENALTY * np.eye(len(known))
        weights = np.linalg.solve(kernel, target[~inside] - target[~inside].mean())
        predicted[inside] = target[~inside].mean() + (
            (inputs[inside] - mean) @ (known - mean).T @ weights
        )
    errors, spread = ((target - of) ** 2 for of in (predicted, target.mean()))
    return float(1 - errors.sum() / spread.sum())


if __name__ == "__main__":
    reading = CoverReader()
    measure("sample", sample_cases(), reading)
    if DATA.is_dir():
        measure("Standard Ebooks", real_cases(), reading)
    else:
        print(f"{DATA} is absent: no real covers are measured")
