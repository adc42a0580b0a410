"""Art without type, and how well OCR reads the type that is set on it."""

import io
import os
import random
import re
import shutil
import subprocess
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Any
from unittest import mock

import cv2
import numpy as np
from PIL import Image, ImageOps

from dustjacket.sample import drawing
from dustjacket.sample.grammar import SampleBook, make_book
from dustjacket.typesetting.contrast import luminance
from dustjacket.typesetting.preview import rgb_of
from dustjacket.typesetting.schemas import Layout, TextBlock

_SIDE = 1100
"""Pixels of the longer side that a cover is read at, as a shop shows it."""
_ALIKE = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-"})  # noqa: RUF001


def sample_art(seed: int) -> tuple[SampleBook, Image.Image]:
    """Return a book of the sample library, and its cover as it is before its text is drawn."""
    rng = random.Random(seed)
    book = make_book(rng)
    with mock.patch.object(drawing, "_write"):
        return book, drawing.draw_cover(book, rng).convert("RGB")


def character_errors(image: Image.Image, layout: Layout) -> tuple[int, int, dict[str, str]]:
    """Read the whole cover; return errors and characters of its texts, and what was misread.

    A line that OCR finds counts for the text in whose box its middle is. Case, spaces and shapes
    of quotation marks are ignored.
    """
    scale = _SIDE / max(image.size)
    small = image.convert("RGB").resize(
        (round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS
    )
    found: Any = _engine()(cv2.cvtColor(np.asarray(small), cv2.COLOR_RGB2BGR))
    boxes = [] if found.boxes is None else found.boxes
    lines = [
        (np.mean(box, axis=0) / scale, text)
        for text, box in zip(found.txts or (), boxes, strict=True)
    ]
    errors = characters = 0
    misread = {}
    for block in layout.texts:
        if block.role == "label":
            continue
        wanted, read = plain(block.text), plain(_read_in(block, lines))
        errors += distance(wanted, read)
        characters += len(wanted)
        if wanted != read:
            misread[block.text] = read
    return errors, characters, misread


def _read_in(block: TextBlock, lines: list[tuple[np.ndarray, str]]) -> str:
    box, pad = block.box, 0.15 * block.size
    inside = [
        (middle[1], middle[0], text)
        for middle, text in lines
        if box.left - pad <= middle[0] <= box.right + pad
        and box.top - pad <= middle[1] <= box.bottom + pad
    ]
    pitch = max(1.0, block.size * 0.7)
    return "".join(
        text for _, _, text in sorted(inside, key=lambda at: (round(at[0] / pitch), at[1]))
    )


def plain(text: str) -> str:
    """Return text without case, spaces and shapes of quotation marks."""
    folded = unicodedata.normalize("NFKC", text.translate(_ALIKE)).casefold()
    return re.sub(r"\s", "", folded)


def distance(left: str, right: str) -> int:
    """Return the edit distance (Levenshtein) of two texts."""
    row = list(range(len(right) + 1))
    for number, character in enumerate(left, 1):
        previous, row[0] = row[0], number
        for at, other in enumerate(right, 1):
            previous, row[at] = (
                row[at],
                min(row[at] + 1, row[at - 1] + 1, previous + (character != other)),
            )
    return row[-1]


_READ_SIZES, _LIGHT = (45, 80, 140), 0.4
"""Pixels of the size of type as it is read; luminance from which type is light."""
LANGUAGES = {"Cyrillic": "rus", "Arabic": "ara", "Hebrew": "heb"}
"""Scripts that RapidOCR does not read, with Tesseract's name of the language."""


@cache
def why_not_read(script: str) -> str:
    """Return why covers in a script cannot be read here; "" if they can."""
    language = LANGUAGES.get(script)
    if language is None:
        return ""
    program = shutil.which("tesseract")
    command = [program or "", "--list-langs"]
    known = subprocess.run(command, capture_output=True, text=True, check=True) if program else None
    if known and language in known.stdout.split():
        return ""
    return f"Tesseract does not read {script}: install tesseract-ocr and tesseract-ocr-{language}"


def script_errors(
    image: Image.Image, layout: Layout, script: str
) -> tuple[int, int, dict[str, str]]:
    """Read a cover in a script; return as :func:`character_errors` does, which reads Chinese.

    Of other scripts, each text is cut out by its box, dark on light, and read by itself with
    Tesseract at several sizes, of which the best reading counts: it finds no text on pictures, and
    misreads the same type at one size or another.
    """
    if script not in LANGUAGES:
        return character_errors(image, layout)
    errors = characters = 0
    misread = {}
    for block in layout.texts:
        if block.role == "label":
            continue
        wanted = letters(block.text)
        readings = (letters(found) for found in _readings(image, block, LANGUAGES[script]))
        read = min(readings, key=lambda reading: distance(wanted, reading))
        errors += distance(wanted, read)
        characters += len(wanted)
        if wanted != read:
            misread[block.text] = read
    return errors, characters, misread


def _readings(image: Image.Image, block: TextBlock, language: str) -> Iterator[str]:
    pad, box = 0.35 * block.size, block.box
    left, top = max(0, box.left - pad), max(0, box.top - pad)
    right, bottom = min(image.width, box.right + pad), min(image.height, box.bottom + pad)
    grey = image.crop((int(left), int(top), int(right), int(bottom))).convert("L")
    if luminance_of(block.colour) > _LIGHT:
        grey = ImageOps.invert(grey)
    grey = ImageOps.expand(ImageOps.autocontrast(grey, (0, 20)), 20, 255)
    for size in _READ_SIZES:
        body = io.BytesIO()
        ImageOps.scale(grey, size / block.size, Image.Resampling.LANCZOS).save(body, "PNG")
        yield subprocess.run(
            ["tesseract", "-", "-", "-l", language, "--psm", "6"], input=body.getvalue(),
            capture_output=True, check=True, env=os.environ | {"OMP_THREAD_LIMIT": "1"},
        ).stdout.decode()  # fmt: skip


def luminance_of(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb``."""
    return float(luminance(rgb_of(colour)))


def letters(text: str) -> str:
    """Return the letters and digits of a text, without case and vowel points."""
    return "".join(character for character in plain(text) if character.isalnum())


@cache
def _engine() -> Any:
    from rapidocr import RapidOCR

    return RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.use_cls": False,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        }
    )
