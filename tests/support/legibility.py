"""Art without type, and how well OCR reads the type that is set on it."""

import random
import re
import unicodedata
from functools import cache
from typing import Any
from unittest import mock

import cv2
import numpy as np
from PIL import Image

from dustjacket.sample import drawing
from dustjacket.sample.grammar import SampleBook, make_book
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
