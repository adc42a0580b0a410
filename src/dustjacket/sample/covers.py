"""A cover set in the format of the real one: a folder a category, a CSV, some images broken."""

import csv
import io
import itertools
import multiprocessing
import os
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PIL import Image

from dustjacket.sample.drawing import draw_cover
from dustjacket.sample.grammar import SampleBook, is_held_out, make_book
from dustjacket.sample.looks import Style
from dustjacket.sample.mess import oddity

HEADER = (
    "image", "name", "author", "format", "book_depository_stars", "price", "currency",
    "old_price", "isbn", "category", "img_paths",
)  # fmt: skip
_NOT_FOUND = b"<!DOCTYPE html><html><body><h1>404 Not Found</h1></body></html>\n"
_FAULTS = ("truncated", "web page", "blank", "missing", "tiny", "copy", "no title", "same picture")
"""What a reader must reject, or, of the last, keep on one side of a split."""
_FAULTY_APART = 30
_KINDS = ("grey", "CMYK", "palette PNG")
"""Files that are no JPEG in RGB, named like one, and fine."""
_ODD_APART = 25
_QUALITY = 85
_ENOUGH = 400
"""Covers that are worth a process of their own."""
_BLOCK = 2000
"""Covers whose plans are in memory at a time."""


@dataclass(frozen=True)
class _Picture:
    """All that a picture follows from, so that drawing it twice gives the same bytes."""

    book: SampleBook
    seed: int
    kind: str | None


@dataclass(frozen=True)
class _Cover:
    """One row of the table, and what its file shows; ``path`` is below the set's folder."""

    number: int
    book: SampleBook
    fault: str | None
    picture: _Picture
    path: str

    def row(self) -> tuple[str, ...]:
        category = Path(self.path).parent.name.replace("-", " ")
        address = f"https://example.invalid/covers/{self.number}.jpg"
        title = "" if self.fault == "no title" else self.book.title
        author = self.book.author or ""
        blank = ("",) * 5
        return (
            address, title, author, "Paperback", *blank, category, f"dataset/{self.path}"
        )  # fmt: skip


def write_covers(
    folder: Path, covers: int, rng: random.Random, style: Style = "classic"
) -> Iterator[Path]:
    """Write ``covers`` covers and the table that names them, one row each.

    Many are drawn by several processes; memory does not grow with their number.

    Yields:
        The files that are whole, each once it is written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    planned = _planned(covers, rng)
    draw = partial(_write_cover, folder, style)
    with (folder / "main_dataset.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(HEADER)
        with _processes(covers) as pool:
            while block := list(itertools.islice(planned, _BLOCK)):
                drawn = pool.map(draw, block, chunksize=25) if pool else map(draw, block)
                for cover, _ in zip(block, drawn, strict=True):
                    table.writerow(cover.row())
                    if cover.fault is None:
                        yield folder / cover.path


def _planned(covers: int, rng: random.Random) -> Iterator[_Cover]:
    """Yield what each cover is to be.

    A picture that names a held-out word is never another book's: look-alikes share a side of the
    split, which need not be the test side.
    """
    last: _Picture | None = None
    for number in range(covers):
        fault, _ = oddity(_FAULTS, number, covers, _FAULTY_APART)
        kind, _ = oddity(_KINDS, covers - 1 - number, covers, _ODD_APART)
        own = random.Random(rng.getrandbits(64))  # noqa: S311
        book = make_book(own)
        picture = _Picture(book, own.getrandbits(64), kind)
        if fault in ("copy", "same picture") and last:
            while is_held_out(book.title):
                book = make_book(own)
            book, picture = (last.book if fault == "copy" else book), last
        elif fault is None and not is_held_out(book.title):
            last = picture
        name = book.genre.name.replace("'", "")
        shelf = "-".join("".join(c if c.isalnum() else " " for c in name).split())
        yield _Cover(number, book, fault, picture, f"{shelf}/{number:07d}.jpg")


@contextmanager
def _processes(covers: int) -> Iterator[ProcessPoolExecutor | None]:
    """Give as many processes as are worth it, or None where this one is enough."""
    count = min(len(os.sched_getaffinity(0)), covers // _ENOUGH)
    if count < 2:
        yield None
        return
    # Forked, a process would hold locks that threads of this one held.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, context, initializer=_end_with_parent) as pool:
        yield pool


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, however that ended."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _write_cover(folder: Path, style: Style, cover: _Cover) -> None:
    picture = cover.picture
    image = draw_cover(picture.book, random.Random(picture.seed), style)  # noqa: S311
    body = _broken(_image(image, picture.kind), cover.fault)
    if body is not None:
        (folder / cover.path).parent.mkdir(exist_ok=True)
        (folder / cover.path).write_bytes(body)


def _image(image: Image.Image, kind: str | None) -> bytes:
    """Return the image as a file: a JPEG in RGB, or one of ``_KINDS``."""
    body = io.BytesIO()
    if kind == "palette PNG":
        image.convert("P").save(body, "PNG")
    else:
        mode = {"grey": "L", "CMYK": "CMYK"}.get(kind or "", "RGB")
        image.convert(mode).save(body, "JPEG", quality=_QUALITY)
    return body.getvalue()


def _broken(body: bytes, fault: str | None) -> bytes | None:
    """Return the file with its fault, or None if it is not there."""
    if fault == "truncated":
        return body[: len(body) // 2]
    if fault == "web page":
        return _NOT_FOUND
    if fault == "missing":
        return None
    if fault in ("blank", "tiny"):
        with Image.open(io.BytesIO(body)) as image:
            size = image.size
        made = io.BytesIO()
        plain = Image.new("RGB", size, (255, 255, 255))
        (plain if fault == "blank" else plain.resize((16, 24))).save(made, "JPEG")
        return made.getvalue()
    return body
