"""Write a cover set like a real one: one folder per category, a CSV, and some defective images."""

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
from typing import Any

from PIL import Image

from dustjacket.sample.defects import defect_of
from dustjacket.sample.drawing import draw_cover
from dustjacket.sample.grammar import SampleBook, is_held_out, make_book
from dustjacket.sample.listing import values_of

HEADER = (
    "image", "name", "author", "format", "book_depository_stars", "price", "currency",
    "old_price", "isbn", "category", "img_paths",
)  # fmt: skip
_NOT_FOUND = b"<!DOCTYPE html><html><body><h1>404 Not Found</h1></body></html>\n"
_DEFECTS = ("truncated", "web page", "blank", "missing", "tiny", "copy", "no title", "same picture")
"""Defects that a reader must reject, except the last, whose books must share a split."""
_DEFECT_INTERVAL = 30
_KINDS = ("grey", "CMYK", "palette PNG")
"""Valid image files named ``.jpg`` that are no JPEG in RGB."""
_KIND_INTERVAL = 25
_QUALITY = 85
_ENOUGH = 400
"""Covers per process; below twice this number, one process draws them."""
_BLOCK = 2000
"""Covers planned, and held in memory, at a time."""


@dataclass(frozen=True)
class _Picture:
    """All that determines a picture: drawing it twice gives the same bytes."""

    book: SampleBook
    seed: int
    kind: str | None


@dataclass(frozen=True)
class _Cover:
    """One row of the table and the picture in its file; ``path`` is relative to its folder."""

    number: int
    book: SampleBook
    defect: str | None
    picture: _Picture
    path: str

    @property
    def category(self) -> str:
        return Path(self.path).parent.name.replace("-", " ")

    @property
    def title(self) -> str:
        return "" if self.defect == "no title" else self.book.title

    def values(self) -> dict[str, Any]:
        values = values_of(self.book, f"cover.{self.number}", self.title, self.category)
        return values | {"image": self.path}

    def row(self) -> tuple[str, ...]:
        address = f"https://example.invalid/covers/{self.number}.jpg"
        author = self.book.author or ""
        blank = ("",) * 5
        return (
            address, self.title, author, "Paperback", *blank, self.category, f"dataset/{self.path}"
        )  # fmt: skip


def write_covers(folder: Path, covers: int, rng: random.Random) -> Iterator[Path]:
    """Write ``covers`` covers, each into the folder of its category.

    Several processes draw large sets; the memory does not grow with the number of covers.

    Yields:
        The path of each cover without a defect, after it is written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    planned = _planned(covers, rng)
    draw = partial(_write_cover, folder)
    with _processes(covers) as pool:
        while block := list(itertools.islice(planned, _BLOCK)):
            drawn = pool.map(draw, block, chunksize=25) if pool else map(draw, block)
            for cover, _ in zip(block, drawn, strict=True):
                if cover.defect is None:
                    yield folder / cover.path


def write_cover_table(file: Path, covers: int, rng: random.Random) -> None:
    """Write the table of the covers that :func:`write_covers` draws, in the real format.

    Args:
        rng: in the state in which the covers were begun.
    """
    with file.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(HEADER)
        table.writerows(cover.row() for cover in _planned(covers, rng))


def cover_values(covers: int, rng: random.Random) -> Iterator[dict[str, Any]]:
    """Yield the same rows by canonical name, for the other formats."""
    return (cover.values() for cover in _planned(covers, rng))


def _planned(covers: int, rng: random.Random) -> Iterator[_Cover]:
    """Yield the plan of each cover.

    A picture with a held-out word is never reused for another book: near-duplicates share a split,
    which need not be the test split.
    """
    last: _Picture | None = None
    for number in range(covers):
        defect, _ = defect_of(_DEFECTS, number, covers, _DEFECT_INTERVAL)
        kind, _ = defect_of(_KINDS, covers - 1 - number, covers, _KIND_INTERVAL)
        own = random.Random(rng.getrandbits(64))  # noqa: S311
        book = make_book(own)
        picture = _Picture(book, own.getrandbits(64), kind)
        if defect in ("copy", "same picture") and last:
            while is_held_out(book.title):
                book = make_book(own)
            book, picture = (last.book if defect == "copy" else book), last
        elif defect is None and not is_held_out(book.title):
            last = picture
        name = book.genre.name.replace("'", "")
        shelf = "-".join("".join(c if c.isalnum() else " " for c in name).split())
        yield _Cover(number, book, defect, picture, f"{shelf}/{number:07d}.jpg")


@contextmanager
def _processes(covers: int) -> Iterator[ProcessPoolExecutor | None]:
    """Yield a pool of drawing processes, or None if one process is enough."""
    count = min(len(os.sched_getaffinity(0)), covers // _ENOUGH)
    if count < 2:
        yield None
        return
    # A forked process could inherit locks held by other threads.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, context, initializer=_end_with_parent) as pool:
        yield pool


def _end_with_parent() -> None:
    """End this process when its parent process ends, for whatever reason."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _write_cover(folder: Path, cover: _Cover) -> None:
    picture = cover.picture
    image = draw_cover(picture.book, random.Random(picture.seed))  # noqa: S311
    body = _with_defect(_image(image, picture.kind), cover.defect)
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


def _with_defect(body: bytes, defect: str | None) -> bytes | None:
    """Return the file with its defect, or None if it is missing."""
    if defect == "truncated":
        return body[: len(body) // 2]
    if defect == "web page":
        return _NOT_FOUND
    if defect == "missing":
        return None
    if defect in ("blank", "tiny"):
        with Image.open(io.BytesIO(body)) as image:
            size = image.size
        buffer = io.BytesIO()
        plain = Image.new("RGB", size, (255, 255, 255))
        (plain if defect == "blank" else plain.resize((16, 24))).save(buffer, "JPEG")
        return buffer.getvalue()
    return body
