"""A cover set in the format of the real one: a folder a category, a CSV, some images broken."""

import csv
import io
import random
from pathlib import Path
from typing import Any

from PIL import Image

from dustjacket.sample.drawing import draw_cover
from dustjacket.sample.grammar import SampleBook, make_book
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


def write_covers(folder: Path, covers: int, rng: random.Random) -> None:
    """Write ``covers`` covers and the table that names them, one row each."""
    folder.mkdir(parents=True, exist_ok=True)
    last: tuple[SampleBook, bytes] | None = None
    with (folder / "main_dataset.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(HEADER)
        for number in range(covers):
            fault, _ = oddity(_FAULTS, number, covers, _FAULTY_APART)
            kind, _ = oddity(_KINDS, covers - 1 - number, covers, _ODD_APART)
            own = random.Random(rng.getrandbits(64))  # noqa: S311
            book = make_book(own)
            body = _image(draw_cover(book, own), kind)
            if fault in ("copy", "same picture") and last:
                book, body = (last[0] if fault == "copy" else book), last[1]
            _write_cover(
                folder,
                table,
                number,
                "" if fault == "no title" else book.title,
                book,
                _broken(body, fault),
            )
            last = book, body


def _write_cover(
    folder: Path, table: Any, number: int, title: str, book: SampleBook, body: bytes | None
) -> None:
    name = book.genre.name.replace("'", "")
    shelf = "-".join("".join(c if c.isalnum() else " " for c in name).split())
    path = f"{shelf}/{number:07d}.jpg"
    if body is not None:
        (folder / shelf).mkdir(exist_ok=True)
        (folder / path).write_bytes(body)
    category = shelf.replace("-", " ")
    address = f"https://example.invalid/covers/{number}.jpg"
    row = (address, title, book.author or "", "Paperback", "", "", "", "", "", category)
    table.writerow((*row, f"dataset/{path}"))


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
